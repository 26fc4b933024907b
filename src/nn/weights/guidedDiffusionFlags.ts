/** The arguments of guided-diffusion's networks, given directly or by the flags of its scripts. */
import { aboveZero, exactly, finite, positive, refined } from '../../internal/decode.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { optionsOf } from '../../internal/options.js';

/** The arguments of `UNetModel`; those of `EncoderUNetModel` are among them. */
export interface NetworkArguments {
  readonly image_size: number;
  readonly in_channels: number;
  readonly model_channels: number;
  readonly out_channels: number;
  readonly num_res_blocks: number;
  /** Factors of downsampling. */
  readonly attention_resolutions: readonly number[];
  readonly dropout: number;
  readonly channel_mult: readonly number[];
  readonly conv_resample: boolean;
  readonly num_classes: number | null;
  readonly use_checkpoint: boolean;
  readonly num_heads: number;
  /** The channels of each head, or -1. */
  readonly num_head_channels: number;
  readonly num_heads_upsample: number;
  readonly use_scale_shift_norm: boolean;
  readonly resblock_updown: boolean;
  readonly use_new_attention_order: boolean;
}

/** Its defaults. */
export const DEFAULTS = {
  in_channels: 3,
  out_channels: 3,
  num_res_blocks: 2,
  attention_resolutions: [],
  dropout: 0,
  channel_mult: [1, 2, 4, 8],
  conv_resample: true,
  num_classes: null,
  use_checkpoint: false,
  num_heads: 1,
  num_head_channels: -1,
  num_heads_upsample: -1,
  use_scale_shift_norm: false,
  resblock_updown: false,
  use_new_attention_order: false,
} satisfies Partial<NetworkArguments>;

/** Flags of the process that concern the network: the range of timesteps, how they are embedded, and the output. */
export interface ProcessFlags {
  readonly diffusion_steps?: number;
  readonly predict_xstart?: boolean;
  readonly rescale_timesteps?: boolean;
}

const countOrNone = refined(t.number, 'an integer ≥ 1, or -1', (n) => n === -1 || positive.is(n));

/** `'32,16,8'`, or nothing. */
const numbers = (example: string): t.Type<string> =>
  refined(t.string, `numbers with commas, such as ${example}`, (text) => /^(\d+(\.\d+)?(,\d+(\.\d+)?)*)?$/.test(text));

const numbersOf = (text: string): readonly number[] => (text === '' ? [] : text.split(',').map(Number));

/** Flags of the process. Those of losses and sampling are ignored. */
export const processFields = {
  learn_sigma: t.boolean,
  diffusion_steps: positive,
  predict_xstart: t.boolean,
  rescale_timesteps: t.boolean,
  sigma_small: t.boolean,
  noise_schedule: t.string,
  timestep_respacing: t.string,
  use_kl: t.boolean,
  rescale_learned_sigmas: t.boolean,
};

/** Fields of a network that are both flags and arguments. */
const networkFields = {
  num_res_blocks: positive,
  dropout: finite,
  num_heads: positive,
  num_head_channels: countOrNone,
  num_heads_upsample: countOrNone,
  use_scale_shift_norm: t.boolean,
  resblock_updown: t.boolean,
  use_new_attention_order: t.boolean,
  use_checkpoint: t.boolean,
  use_fp16: t.boolean, // concerns only runs of guided-diffusion: weights are read as float32
};

/** The required arguments of a network. */
export const requiredArguments = { image_size: positive, model_channels: positive };

/** The optional arguments of a network. */
export const optionalArguments = {
  ...networkFields,
  in_channels: positive,
  out_channels: positive,
  attention_resolutions: t.array(positive),
  channel_mult: t.array(aboveZero),
  conv_resample: t.boolean,
  dims: refined(t.number, '2, for images', (dims) => dims === 2),
};

/** A list of heights in a flag. */
export const heights = numbers("'32,16,8'");

const argumentCodec = exactly(requiredArguments, {
  ...optionalArguments,
  ...processFields,
  num_classes: t.union([positive, t.null], 'a number of classes, or null'),
});

const flagCodec = exactly(
  {},
  {
    ...networkFields,
    ...processFields,
    image_size: positive,
    large_size: positive,
    small_size: positive,
    num_channels: positive,
    class_cond: t.boolean,
    attention_resolutions: heights,
    channel_mult: numbers("'1,2,2'"),
  },
);

/** The multipliers of the published models, by the size of images. */
const MULTIPLIERS: Readonly<Record<number, readonly number[]>> = {
  32: [1, 2, 2, 2],
  64: [1, 2, 3, 4],
  128: [1, 1, 2, 3, 4],
  256: [1, 1, 2, 2, 4, 4],
  512: [0.5, 1, 1, 2, 2, 4, 4],
};

/** The multipliers of the published models for images of a size. Returns a `ConfigError` for other sizes. */
export const multipliersFor = (where: string, size: number): either.Either<NoisefoldError, readonly number[]> => {
  const known = MULTIPLIERS[size];
  if (known !== undefined) return E.right(known);
  return fail('ConfigError', {
    where,
    expected: `numbers, or images of a published size: ${Object.keys(MULTIPLIERS).join(', ')}`,
    actual: `none, for images of ${size}`,
    hint: "give channel_mult, such as '1,2,2'",
  });
};

/** Factors of downsampling from heights: `'32,16'` for images of 64 gives 2 and 4. */
export const factorsOf = (given: string, size: number): readonly number[] =>
  numbersOf(given).map((height) => Math.floor(size / height));

/** The number of classes of the published class-conditional models. */
export const CLASSES = 1000;

/** The arguments of a network, the flags of its process, and whether it takes an image of low resolution. */
export interface Described {
  readonly network: NetworkArguments;
  readonly process: ProcessFlags;
  readonly isUpsampler: boolean;
}

const fromFlags = (where: string, flags: t.TypeOf<typeof flagCodec>): either.Either<NoisefoldError, Described> => {
  const { image_size: imageSize = 64, large_size: size = imageSize, num_channels: width = 128 } = flags;
  const isUpsampler = flags.large_size !== undefined;
  const multipliers = numbersOf(flags.channel_mult ?? '');
  return F.pipe(
    multipliers.length > 0
      ? E.right(multipliers)
      : multipliersFor(`${where}.channel_mult`, isUpsampler ? Math.min(size, 256) : size), // an upsampler to 512 has the multipliers of 256
    E.map((found) => ({
      network: {
        ...DEFAULTS,
        num_heads: 4,
        use_scale_shift_norm: true,
        ...flags,
        image_size: size,
        model_channels: width,
        out_channels: flags.learn_sigma === true ? 6 : 3,
        attention_resolutions: factorsOf(flags.attention_resolutions ?? '16,8', size),
        channel_mult: found,
        num_classes: flags.class_cond === true ? CLASSES : null,
      },
      process: flags,
      isUpsampler,
    })),
  );
};

const fromArguments = (given: t.TypeOf<typeof argumentCodec>): Described => ({
  network: { ...DEFAULTS, out_channels: given.in_channels ?? DEFAULTS.in_channels, ...given },
  process: given,
  isUpsampler: false,
});

const hint = 'give the flags of a script of guided-diffusion, or the arguments of its UNetModel';

/** Distinguishes arguments of a network from flags of a script. */
export const hasArguments = (given: unknown): boolean =>
  typeof given === 'object' && given !== null && 'model_channels' in given;

/** Decodes flags or arguments; the latter have `model_channels`. Returns a `ConfigError` for an unknown field. */
export const described = (where: string, given: unknown): either.Either<NoisefoldError, Described> =>
  hasArguments(given)
    ? F.pipe(given, optionsOf({ where, options: argumentCodec, hint }), E.map(fromArguments))
    : F.pipe(
        given,
        optionsOf({ where, options: flagCodec, hint }),
        E.flatMap((flags) => fromFlags(where, flags)),
      );
