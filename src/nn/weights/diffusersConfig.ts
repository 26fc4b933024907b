/** Translates configurations of diffusers (`UNet2DModel`) into ours. */
import type { Exact } from '../../internal/exact.js';
import {
  aboveZero,
  exactly,
  exactTuple,
  finite,
  natural,
  positive,
  refined,
  oneOf,
  only,
} from '../../internal/decode.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { optionsOf } from '../../internal/options.js';
import { unetArchitecture, type UNetArchitecture } from '../networks/unetConfig.js';
import { diffusers } from './diffusers.js';
import { checkedOutputs } from './outputs.js';
import { givenFields } from './publicFields.js';
import type { Translated } from './translated.js';

/** The parts of a configuration that diffusers stores in the scheduler, not in the `UNet2DModel`. */
export interface DiffusersOptions {
  /** Default: `epsilon`. */
  readonly predicts?: 'epsilon' | 'x0' | 'v';
  /** The number of timesteps of the process; default 1000. */
  readonly timesteps?: number;
  /** Height and width, for a network without a `sample_size`. */
  readonly size?: readonly [height: number, width: number];
}

const WHERE = 'diffusersConfig';

const DOWN = ['DownBlock2D', 'AttnDownBlock2D', 'ResnetDownsampleBlock2D'] as const;
const UP = ['UpBlock2D', 'AttnUpBlock2D', 'ResnetUpsampleBlock2D'] as const;

const kind = oneOf('conv', 'resnet');
const zeroOrOne = refined(natural, '0 or 1', (n) => n <= 1);

const codec = exactly(
  {
    sample_size: t.union([positive, exactTuple([positive, positive], '[height, width]')], 'a size, or [height, width]'),
    block_out_channels: refined(t.array(positive), 'channels of at least one level', ({ length }) => length > 0),
    down_block_types: t.array(oneOf(...DOWN)),
    up_block_types: t.array(oneOf(...UP)),
  },
  {
    in_channels: positive,
    out_channels: positive,
    layers_per_block: positive,
    attention_head_dim: t.union([positive, t.null], 'the channels of a head, or null'),
    norm_num_groups: positive,
    attn_norm_num_groups: positive,
    norm_eps: aboveZero,
    dropout: finite,
    freq_shift: finite,
    flip_sin_to_cos: t.boolean,
    time_embedding_dim: positive,
    resnet_time_scale_shift: oneOf('default', 'scale_shift'),
    downsample_padding: zeroOrOne,
    downsample_type: kind,
    upsample_type: kind,
    add_attention: t.boolean,
    num_class_embeds: positive,
    num_train_timesteps: positive, // used only by learned time embeddings
    act_fn: oneOf('silu', 'swish'),
    center_input_sample: only(false),
    time_embedding_type: only('positional'),
    mid_block_scale_factor: only(1),
    mid_block_type: only('UNetMidBlock2D'),
    class_embed_type: only(null),
  },
);

type UNet2D = t.TypeOf<typeof codec>;

/** Fields that may be null. Nulls of other fields are removed first. */
const NULLABLE = ['attention_head_dim', 'norm_num_groups', 'mid_block_type', 'class_embed_type'];

const wrong = (field: string, expected: string, actual: unknown): either.Either<NoisefoldError, never> =>
  fail('ConfigError', {
    where: `${WHERE}.${field}`,
    expected,
    actual: Array.isArray(actual) ? `[${actual.join(', ')}]` : String(actual),
    hint: 'unet does not support it: write the network by hand, from noisefold/dsl',
  });

const attends = (type: string): boolean => type.startsWith('Attn');

/** The heights of the levels with attention, which must be the same in the encoder and the decoder. */
const attentionOf = ({ sample_size: size, down_block_types: down, up_block_types: up }: UNet2D) => {
  const levels = [...up].reverse();
  const height = typeof size === 'number' ? size : size[0];
  if (!down.every((type, level) => attends(type) === attends(levels[level]!)))
    return wrong('up_block_types', 'attention at the levels of down_block_types, from last to first', up);
  return E.right(down.flatMap((type, level) => (attends(type) ? [height / 2 ** level] : [])));
};

type Resampling = 'conv' | 'resnet';

const resamplingOf = (type: string, ofAttention: Resampling): Resampling => {
  if (attends(type)) return ofAttention;
  return type.startsWith('Resnet') ? 'resnet' : 'conv';
};

/** The kind of resampling of all levels except the last. */
const resampleOf = (given: UNet2D): either.Either<NoisefoldError, 'convolution' | 'residual'> => {
  const { downsample_type: down = 'conv', upsample_type: up = 'conv' } = given;
  const downs = given.down_block_types.slice(0, -1).map((type) => resamplingOf(type, down));
  const ups = given.up_block_types.slice(0, -1).map((type) => resamplingOf(type, up));
  const [first = 'conv'] = downs;
  const expected = `${first === 'conv' ? 'convolutions' : 'residual blocks'} at all levels, as the first one has`;
  if (downs.some((each) => each !== first)) return wrong('down_block_types', expected, given.down_block_types);
  if (ups.some((each) => each !== first)) return wrong('up_block_types', expected, given.up_block_types);
  return E.right(first === 'conv' ? 'convolution' : 'residual');
};

/** The bottleneck. With scale-shift norms, its attention has a norm only if `attn_norm_num_groups` is given. */
const middleOf = (given: UNet2D) => {
  const { norm_num_groups: groups = 32, attn_norm_num_groups: ofAttention, add_attention: has = true } = given;
  if (!has) return E.right('residual');
  if (ofAttention !== undefined && ofAttention !== groups)
    return wrong('attn_norm_num_groups', `${groups}, as of the other norms`, ofAttention);
  const isNormalized = ofAttention !== undefined || given.resnet_time_scale_shift !== 'scale_shift';
  return E.right(isNormalized ? 'attention' : 'unnormalized');
};

/** Input channels beyond the number of output channels belong to a conditioning image. */
const channelFields = ({ in_channels: inputs = 3, out_channels: outputs = 3 }: UNet2D) =>
  outputs < inputs
    ? E.right({ channels: outputs, condition: { channels: inputs - outputs } })
    : E.map((variance: object) => ({ channels: inputs, ...variance }))(checkedOutputs(WHERE, inputs, outputs));

const sinusoidOf = ({ flip_sin_to_cos: isFlipped = true, freq_shift: shift = 0 }: UNet2D) => {
  if (isFlipped && shift === 0) return 'guided-diffusion';
  return !isFlipped && shift === 1 ? 'ddpm' : { first: isFlipped ? 'cosine' : 'sine', shift };
};

const sameLength = ({ block_out_channels: { length }, down_block_types: down, up_block_types: up }: UNet2D) => {
  if (down.length !== length) return wrong('down_block_types', `${length} types, one a level`, down);
  return up.length === length ? E.right(undefined) : wrong('up_block_types', `${length} types, one a level`, up);
};

const fieldsOf = (given: UNet2D, options: DiffusersOptions) =>
  F.pipe(
    sameLength(given),
    E.flatMap(() => E.Do),
    E.bind('attention', () => attentionOf(given)),
    E.bind('resample', () => resampleOf(given)),
    E.bind('middle', () => middleOf(given)),
    E.bind('channels', () => channelFields(given)),
    E.map(({ attention, resample, middle, channels: { channels, ...others } }) => {
      const { sample_size: size, block_out_channels: all, attention_head_dim: ofHead = 8 } = given;
      const base = all[0]!; // the codec requires at least one level
      return {
        image: [...(typeof size === 'number' ? [size, size] : size), channels],
        base,
        multipliers: all.map((each) => each / base),
        blocks: given.layers_per_block ?? 2,
        attention,
        heads: ofHead === null ? 1 : { channels: ofHead },
        groups: given.norm_num_groups ?? 32,
        epsilon: given.norm_eps ?? 1e-5,
        middle,
        adaptiveGroupNorm: given.resnet_time_scale_shift === 'scale_shift',
        resample,
        padding: given.downsample_padding === 0 ? 'end' : 'symmetric',
        dropout: given.dropout ?? 0,
        sinusoid: sinusoidOf(given),
        embedding: given.time_embedding_dim ?? 4 * base,
        ...(given.num_class_embeds !== undefined && { classes: given.num_class_embeds, noClass: 'never' }),
        ...others,
        timesteps: options.timesteps ?? 1000,
        predicts: options.predicts ?? 'epsilon',
      };
    }),
  );

const decoded = optionsOf({
  where: WHERE,
  options: codec,
  hint: 'give the config.json of a UNet2DModel; unet has no network with other values',
});

const decodedOptions = optionsOf({
  where: WHERE,
  options: exactly(
    {},
    {
      predicts: oneOf('epsilon', 'x0', 'v'),
      timesteps: positive,
      size: exactTuple([positive, positive], '[height, width]'),
    },
  ),
});

/**
 * Translates the `config.json` of a `UNet2DModel` of diffusers, whose scheduler says what it predicts. Returns the
 * configuration of `unet` and the names of the weights, or a `ConfigError` for a field that is unknown or has a value
 * that `unet` does not support, such as `SkipDownBlock2D` or `center_input_sample`, and for a network that cannot be
 * built.
 * @example
 * const config = { sample_size: 8, block_out_channels: [32], down_block_types: ['DownBlock2D'], up_block_types: ['UpBlock2D'] }
 * unwrap(diffusersConfig(config)).config.base // → 32
 * const centred = diffusersConfig({ ...config, center_input_sample: true })
 * isLeft(centred) && centred.left.where // → 'diffusersConfig.center_input_sample'
 */
export const diffusersConfig = <G = unknown>(
  config: unknown,
  options?: Exact<G, keyof DiffusersOptions> & DiffusersOptions,
): either.Either<NoisefoldError, Translated<UNetArchitecture>> =>
  F.pipe(
    E.Do,
    E.bind('options', () => decodedOptions(options)),
    E.bind('given', ({ options: { size } }) =>
      decoded({ ...(size && { sample_size: size }), ...givenFields(Object(config), NULLABLE) }),
    ),
    E.flatMap(({ given, options: known }) => fieldsOf(given, known)),
    E.flatMap(unetArchitecture),
    E.map((made) => ({ config: made, names: diffusers })),
  );
