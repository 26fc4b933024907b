/** The arguments of guided-diffusion's networks, given directly or by the flags of its scripts. */
import { aboveZero, finite, positive, refined } from '../../internal/decode.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { type Filled, type FilledOf, optional, schema } from '../../internal/schema.js';

const countOrNone = refined(t.number, 'an integer ≥ 1, or -1', (n) => n === -1 || positive.is(n));

/** `'32,16,8'`, or nothing. */
const numbers = (example: string): t.Type<string> =>
  refined(t.string, `numbers with commas, such as ${example}`, (text) => /^(\d+(\.\d+)?(,\d+(\.\d+)?)*)?$/.test(text));

const numbersOf = (text: string): readonly number[] => (text === '' ? [] : text.split(',').map(Number));

/**
 * Flags of the process: the range of timesteps, their embedding, and the output. Those of losses and sampling are ignored.
 */
export const noisingFields = {
  learn_sigma: optional(t.boolean, false),
  diffusion_steps: optional(positive, 1000),
  predict_xstart: optional(t.boolean, false),
  rescale_timesteps: optional(t.boolean),
  sigma_small: optional(t.boolean),
  noise_schedule: optional(t.string),
  timestep_respacing: optional(t.string),
  use_kl: optional(t.boolean),
  rescale_learned_sigmas: optional(t.boolean),
};

/** Fields of a network that are both flags and arguments. */
const networkFields = {
  ...noisingFields,
  num_res_blocks: optional(positive, 2),
  dropout: optional(finite, 0),
  /** The channels of each head, or -1. */
  num_head_channels: optional(countOrNone, -1),
  num_heads_upsample: optional(countOrNone, -1),
  resblock_updown: optional(t.boolean, false),
  use_new_attention_order: optional(t.boolean, false),
  use_checkpoint: optional(t.boolean, false),
  use_fp16: optional(t.boolean), // concerns only runs of guided-diffusion: weights are read as float32
};

/** The arguments that `UNetModel` and `EncoderUNetModel` share. */
export const argumentFields = {
  ...networkFields,
  image_size: positive,
  model_channels: positive,
  num_heads: optional(positive, 1),
  use_scale_shift_norm: optional(t.boolean, false),
  in_channels: optional(positive, 3),
  /** Factors of downsampling. */
  attention_resolutions: optional(t.readonlyArray(positive, 'a list of integers ≥ 1'), []),
  channel_mult: optional(t.readonlyArray(aboveZero, 'a list of numbers above 0'), [1, 2, 4, 8]),
  conv_resample: optional(t.boolean, true),
  dims: optional(refined(t.number, '2, for images', (dims) => dims === 2)),
};

/** The arguments of a network with their defaults. */
export type NetworkArguments = Filled<typeof argumentFields> & { readonly out_channels: number };

/** A list of heights in a flag. */
export const heights = numbers("'32,16,8'");

const hint = 'give the flags of a script of guided-diffusion, or the arguments of its UNetModel';

const argumentOptions = schema(
  'guidedDiffusionConfig',
  {
    ...argumentFields,
    out_channels: optional(positive),
    num_classes: optional(t.union([positive, t.null], 'a number of classes, or null'), null),
  },
  hint,
);

const flagOptions = schema(
  'guidedDiffusionConfig',
  {
    ...networkFields,
    num_heads: optional(positive, 4),
    use_scale_shift_norm: optional(t.boolean, true),
    image_size: optional(positive, 64),
    large_size: optional(positive),
    small_size: optional(positive),
    num_channels: optional(positive, 128),
    class_cond: optional(t.boolean, false),
    attention_resolutions: optional(heights, '16,8'),
    channel_mult: optional(numbers("'1,2,2'"), ''),
  },
  hint,
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
export const factorsOf = (heights: string, size: number): readonly number[] =>
  numbersOf(heights).map((height) => Math.floor(size / height));

/** The number of classes of the published class-conditional models. */
export const CLASSES = 1000;

/** The arguments of a network, and whether it takes an image of low resolution. */
export interface Described {
  readonly network: NetworkArguments & { readonly num_classes: number | null };
  readonly isUpsampler: boolean;
}

const fromFlags = (flags: FilledOf<typeof flagOptions>): either.Either<NoisefoldError, Described> => {
  const isUpsampler = flags.large_size !== undefined;
  const size = flags.large_size ?? flags.image_size;
  const multipliers = numbersOf(flags.channel_mult);
  return F.pipe(
    multipliers.length > 0
      ? E.right(multipliers)
      : multipliersFor('guidedDiffusionConfig.channel_mult', isUpsampler ? Math.min(size, 256) : size), // an upsampler to 512 has the multipliers of 256
    E.map((multipliers) => ({
      network: {
        ...flags,
        image_size: size,
        in_channels: 3,
        model_channels: flags.num_channels,
        out_channels: flags.learn_sigma ? 6 : 3,
        attention_resolutions: factorsOf(flags.attention_resolutions, size),
        channel_mult: multipliers,
        conv_resample: true,
        num_classes: flags.class_cond ? CLASSES : null,
      },
      isUpsampler,
    })),
  );
};

/** Distinguishes arguments of a network from flags of a script. */
export const hasArguments = (config: unknown): boolean =>
  typeof config === 'object' && config !== null && 'model_channels' in config;

/** Decodes flags or arguments; the latter have `model_channels`. Returns a `ConfigError` for an unknown field. */
export const described = (config: unknown): either.Either<NoisefoldError, Described> =>
  hasArguments(config)
    ? F.pipe(
        argumentOptions.decode(config),
        E.map((network) => ({
          network: { ...network, out_channels: network.out_channels ?? network.in_channels },
          isUpsampler: false,
        })),
      )
    : F.pipe(flagOptions.decode(config), E.flatMap(fromFlags));
