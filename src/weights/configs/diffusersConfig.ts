/** Translates configurations of diffusers (`UNet2DModel`) into ours. */
import type { Exact } from '../../internal/exact.js';
import {
  aboveZero,
  exactTuple,
  finite,
  listOfSome,
  natural,
  oneOf,
  only,
  positive,
  refined,
} from '../../internal/decode.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { timesteps } from '../../nn/layers/timeFeatures.js';
import { unetArchitecture, type UNetArchitecture } from '../../nn/networks/unetConfig.js';
import { diffusers } from '../names/diffusers.js';
import { checkedOutputs } from '../names/outputs.js';
import { givenFields } from '../names/publicFields.js';
import type { Translated } from '../names/translated.js';

const WHERE = 'diffusersConfig';

const sides: t.Type<readonly [height: number, width: number]> = exactTuple([positive, positive], '[height, width]');

const schedulerOptions = schema(WHERE, {
  /** Default: `epsilon`. */
  predicts: optional(oneOf('epsilon', 'x0', 'v', 'velocity'), 'epsilon'),
  /** The number of timesteps of the process, or `continuous` for the times of EDM's networks; default 1000. */
  timesteps: optional(timesteps, 1000),
  /** Height and width, for a network without a `sample_size`. */
  size: optional(sides),
});

/** The parts of a configuration that diffusers stores in the scheduler, not in the `UNet2DModel`. */
export interface DiffusersOptions extends OptionsOf<typeof schedulerOptions> {}

const DOWN = ['DownBlock2D', 'AttnDownBlock2D', 'ResnetDownsampleBlock2D'] as const;
const UP = ['UpBlock2D', 'AttnUpBlock2D', 'ResnetUpsampleBlock2D'] as const;

const kind = oneOf('conv', 'resnet');
const zeroOrOne = refined(natural, '0 or 1', (n) => n <= 1);

const networkOptions = schema(
  WHERE,
  {
    sample_size: t.union([positive, sides], 'a size, or [height, width]'),
    block_out_channels: listOfSome(positive, 'channels of at least one level'),
    down_block_types: t.array(oneOf(...DOWN)),
    up_block_types: t.array(oneOf(...UP)),
    in_channels: optional(positive, 3),
    out_channels: optional(positive, 3),
    layers_per_block: optional(positive, 2),
    attention_head_dim: optional(t.union([positive, t.null], 'the channels of a head, or null'), 8),
    norm_num_groups: optional(positive, 32),
    attn_norm_num_groups: optional(positive),
    norm_eps: optional(aboveZero, 1e-5),
    dropout: optional(finite, 0),
    freq_shift: optional(finite, 0),
    flip_sin_to_cos: optional(t.boolean, true),
    time_embedding_dim: optional(positive),
    resnet_time_scale_shift: optional(oneOf('default', 'scale_shift'), 'default'),
    downsample_padding: optional(zeroOrOne, 1),
    downsample_type: optional(kind, 'conv'),
    upsample_type: optional(kind, 'conv'),
    add_attention: optional(t.boolean, true),
    num_class_embeds: optional(positive),
    num_train_timesteps: optional(positive), // used only by learned time embeddings
    act_fn: optional(oneOf('silu', 'swish')),
    center_input_sample: optional(only(false)),
    time_embedding_type: optional(only('positional')),
    mid_block_scale_factor: optional(only(1)),
    mid_block_type: optional(only('UNetMidBlock2D')),
    class_embed_type: optional(only(null)),
  },
  'give the config.json of a UNet2DModel; unet has no network with other values',
);

type UNet2D = FilledOf<typeof networkOptions>;

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
const resampleOf = (config: UNet2D): either.Either<NoisefoldError, 'convolution' | 'residual'> => {
  const { downsample_type: down, upsample_type: up } = config;
  const downs = config.down_block_types.slice(0, -1).map((type) => resamplingOf(type, down));
  const ups = config.up_block_types.slice(0, -1).map((type) => resamplingOf(type, up));
  const [first = 'conv'] = downs;
  const expected = `${first === 'conv' ? 'convolutions' : 'residual blocks'} at all levels, as the first one has`;
  if (downs.some((each) => each !== first)) return wrong('down_block_types', expected, config.down_block_types);
  if (ups.some((each) => each !== first)) return wrong('up_block_types', expected, config.up_block_types);
  return E.right(first === 'conv' ? 'convolution' : 'residual');
};

/** The bottleneck. With scale-shift norms, its attention has a norm only if `attn_norm_num_groups` is given. */
const middleOf = (config: UNet2D) => {
  const { norm_num_groups: groups, attn_norm_num_groups: ofAttention, add_attention: has } = config;
  if (!has) return E.right('residual');
  if (ofAttention !== undefined && ofAttention !== groups)
    return wrong('attn_norm_num_groups', `${groups}, as of the other norms`, ofAttention);
  const isNormalized = ofAttention !== undefined || config.resnet_time_scale_shift !== 'scale_shift';
  return E.right(isNormalized ? 'attention' : 'unnormalized');
};

/** Input channels beyond the number of output channels belong to a conditioning image. */
const channelFields = ({ in_channels: inputs, out_channels: outputs }: UNet2D) =>
  outputs < inputs
    ? E.right({ channels: outputs, images: { lowRes: { image: inputs - outputs, required: true } }, variance: {} })
    : E.map((variance: object) => ({ channels: inputs, images: {}, variance }))(checkedOutputs(WHERE, inputs, outputs));

const sinusoidOf = ({ flip_sin_to_cos: isFlipped, freq_shift: shift }: UNet2D) => {
  if (isFlipped && shift === 0) return 'guided-diffusion';
  return !isFlipped && shift === 1 ? 'ddpm' : { first: isFlipped ? 'cosine' : 'sine', shift };
};

const sameLength = ({ block_out_channels: { length }, down_block_types: down, up_block_types: up }: UNet2D) => {
  if (down.length !== length) return wrong('down_block_types', `${length} types, one a level`, down);
  return up.length === length ? E.right(undefined) : wrong('up_block_types', `${length} types, one a level`, up);
};

const fieldsOf = (config: UNet2D, { timesteps: known, predicts }: FilledOf<typeof schedulerOptions>) =>
  F.pipe(
    sameLength(config),
    E.flatMap(() => E.Do),
    E.bind('attention', () => attentionOf(config)),
    E.bind('resample', () => resampleOf(config)),
    E.bind('middle', () => middleOf(config)),
    E.bind('channels', () => channelFields(config)),
    E.map(({ attention, resample, middle, channels: { channels, images, variance } }) => {
      const {
        sample_size: size,
        block_out_channels: all,
        attention_head_dim: ofHead,
        num_class_embeds: classes,
      } = config;
      const base = all[0]!; // the schema requires at least one level
      return {
        image: [...(typeof size === 'number' ? [size, size] : size), channels],
        base,
        multipliers: all.map((each) => each / base),
        blocks: config.layers_per_block,
        attention,
        heads: ofHead === null ? 1 : { channels: ofHead },
        groups: config.norm_num_groups,
        epsilon: config.norm_eps,
        middle,
        adaptiveGroupNorm: config.resnet_time_scale_shift === 'scale_shift',
        resample,
        padding: config.downsample_padding === 0 ? 'end' : 'symmetric',
        dropout: config.dropout,
        sinusoid: sinusoidOf(config),
        embedding: config.time_embedding_dim ?? 4 * base,
        conditions: { ...(classes !== undefined && { label: { classes, required: true } }), ...images },
        ...variance,
        timesteps: known,
        predicts,
      };
    }),
  );

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
    E.bind('options', () => schedulerOptions.decode(options)),
    E.bind('fields', ({ options: { size } }) =>
      networkOptions.decode({ ...(size && { sample_size: size }), ...givenFields(Object(config), NULLABLE) }),
    ),
    E.flatMap(({ fields, options: known }) => fieldsOf(fields, known)),
    E.flatMap(unetArchitecture),
    E.map((config) => ({ config, names: diffusers })),
  );
