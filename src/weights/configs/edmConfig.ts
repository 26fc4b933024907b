/** Translates configurations of EDM's networks into ours. */
import { aboveZero, finite, natural, oneOf, positive, refined } from '../../internal/decode.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { type FilledOf, optional, schema } from '../../internal/schema.js';
import type { Heads } from '../../nn/layers/heads.js';
import { levelChannels } from '../../nn/networks/encoderConfig.js';
import { FILTER_TAPS } from '../../nn/networks/resampling.js';
import { unetArchitecture, type UNetArchitecture } from '../../nn/networks/unetConfig.js';
import { edmNames } from '../names/edm.js';
import { checkedOutputs } from '../names/outputs.js';
import type { Translated } from '../names/translated.js';

const FILTERS = Object.fromEntries(Object.entries(FILTER_TAPS).map(([name, taps]) => [`${taps}`, name]));
const filterTaps = refined(t.array(finite), '[1, 1] or [1, 3, 3, 1]', (taps) => Object.hasOwn(FILTERS, `${taps}`));

const options = schema(
  'edmConfig',
  {
    img_resolution: positive,
    model_type: oneOf('SongUNet', 'DhariwalUNet'),
    img_channels: optional(positive, 3),
    in_channels: optional(positive),
    out_channels: optional(positive),
    label_dim: optional(natural, 0),
    augment_dim: optional(natural, 0),
    model_channels: optional(positive),
    channel_mult: optional(t.array(aboveZero)),
    channel_mult_emb: optional(positive, 4),
    num_blocks: optional(positive),
    attn_resolutions: optional(t.array(positive)),
    dropout: optional(finite, 0.1),
    embedding_type: optional(oneOf('positional', 'fourier'), 'positional'),
    channel_mult_noise: optional(positive, 1),
    encoder_type: optional(oneOf('standard', 'residual'), 'standard'),
    decoder_type: optional(oneOf('standard')),
    resample_filter: optional(filterTaps, [1, 1]),
    // fields of the training and of the preconditioning, outside the network
    label_dropout: optional(finite),
    use_fp16: optional(t.boolean),
    sigma_min: optional(finite),
    sigma_max: optional(refined(t.number, 'a number, or Infinity', (sigma) => sigma > -Infinity)), // not NaN
    sigma_data: optional(finite),
  },
  "give the arguments of EDM's SongUNet or DhariwalUNet, and its name as model_type",
);

type Arguments = FilledOf<typeof options>;

/** The channels of images, and of the output. */
const channelsOf = ({
  img_channels: channels,
  in_channels: inputs = channels,
  out_channels: outputs = inputs,
}: Arguments) => ({
  inputs,
  outputs,
});

/** The fields of both networks. */
const sharedFields = (args: Arguments, heights: readonly number[]) => {
  const { img_resolution: size, label_dim: classes, augment_dim: augment, dropout } = args;
  const isSong = args.model_type === 'SongUNet';
  return {
    image: [size, size, channelsOf(args).inputs],
    attention: heights,
    groups: { channels: 4, most: 32 },
    dropout,
    timesteps: 'continuous',
    conditions: {
      ...(classes > 0 && { label: { classes, nothing: 'zero', ...(isSong && { at: 'input' }) } }),
      ...(augment > 0 && { augment: { vector: augment, at: 'input' } }),
    },
  };
};

/** The given attention resolutions that the network has. EDM ignores others. */
const heightsOf = (size: number, multipliers: readonly number[], named: readonly number[]): readonly number[] =>
  multipliers.map((_, level) => Math.floor(size / 2 ** level)).filter((height) => named.includes(height));

const songFields = (args: Arguments) => {
  const { model_channels: base = 128, channel_mult: multipliers = [1, 2, 2, 2], img_resolution: size } = args;
  return {
    ...sharedFields(args, heightsOf(size, multipliers, args.attn_resolutions ?? [16])),
    base,
    multipliers,
    inputChannels: base,
    blocks: args.num_blocks ?? 4,
    upAttention: 'last',
    heads: 1,
    epsilon: 1e-6,
    resample: 'projected',
    filter: FILTERS[`${args.resample_filter}`],
    encoder: args.encoder_type === 'residual' ? 'residual' : 'plain',
    rescale: Math.SQRT1_2,
    sinusoid: args.embedding_type === 'fourier' ? 'fourier' : 'ddpm',
    timeChannels: base * args.channel_mult_noise,
    embedding: base * args.channel_mult_emb,
  };
};

/** The channels of each head of a `DhariwalUNet`. A level with fewer channels has no attention. */
const OF_HEAD = 64;

/**
 * The heads of a `DhariwalUNet`: ⌊channels/64⌋ at each level. `unet` has the same number of heads at all levels, or
 * heads of 64 channels. Returns a `ConfigError` for levels that fit neither.
 */
const headsOver = (channels: readonly number[]): either.Either<NoisefoldError, Heads> => {
  if (channels.every((each) => each % OF_HEAD === 0)) return E.right({ channels: OF_HEAD });
  const counts = channels.map((each) => Math.floor(each / OF_HEAD));
  if (counts.every((each) => each === counts[0])) return E.right(counts[0]!); // there is at least one level: one that is not a multiple
  return fail('ConfigError', {
    where: 'edmConfig.channel_mult',
    expected: `levels with attention of multiples of ${OF_HEAD} channels, or of the same number of heads, ⌊channels/${OF_HEAD}⌋`,
    actual: `levels of ${channels.join(', ')} channels, with ${counts.join(', ')} heads`,
    hint: 'unet does not support other heads at each level: write the network by hand, from noisefold/dsl',
  });
};

const dhariwalFields = (args: Arguments): either.Either<NoisefoldError, object> => {
  const { model_channels: base = 192, channel_mult: multipliers = [1, 2, 3, 4], img_resolution: size } = args;
  const named = heightsOf(size, multipliers, args.attn_resolutions ?? [32, 16, 8]);
  const levels = multipliers.map((multiplier, level) => ({
    channels: levelChannels(base, multiplier),
    height: Math.floor(size / 2 ** level),
  }));
  const deepest = levels.at(-1);
  const attending = levels.filter(({ channels, height }) => channels >= OF_HEAD && named.includes(height));
  const hasMiddle = deepest !== undefined && deepest.channels >= OF_HEAD;
  const headed = levels.filter((level) => attending.includes(level) || (hasMiddle && level === deepest));
  return E.map((heads: Heads) => ({
    ...sharedFields(
      args,
      attending.map(({ height }) => height),
    ),
    base,
    multipliers,
    blocks: args.num_blocks ?? 3,
    heads,
    middle: hasMiddle ? 'attention' : 'residual',
    resample: 'residual',
    adaptiveGroupNorm: true,
    sinusoid: 'guided-diffusion',
    embedding: base * args.channel_mult_emb,
  }))(headsOver(headed.map(({ channels }) => channels)));
};

/**
 * Translates the arguments of EDM's networks (Karras et al. 2022): of `SongUNet` (DDPM++, NCSN++) or `DhariwalUNet`
 * (ADM), named by `model_type`, or of a wrapper such as `EDMPrecond`, whose weights have the prefix `model.`. Returns
 * the configuration of `unet` and the names of the weights, or a `ConfigError` for an unknown field or value and for a
 * network that cannot be built.
 * @example
 * const result = unwrap(edmConfig({ img_resolution: 64, model_type: 'DhariwalUNet', label_dim: 1000 }))
 * result.config.attention // → [32, 16, 8]
 * const skip = edmConfig({ img_resolution: 64, model_type: 'SongUNet', decoder_type: 'skip' })
 * isLeft(skip) && skip.left.where // → 'edmConfig.decoder_type'
 */
export const edmConfig = (config: unknown): either.Either<NoisefoldError, Translated<UNetArchitecture>> =>
  F.pipe(
    E.Do,
    E.bind('known', () => options.decode(config)),
    E.bind('variance', ({ known }) => {
      const { inputs, outputs } = channelsOf(known);
      return checkedOutputs('edmConfig', inputs, outputs);
    }),
    E.bind('fields', ({ known }) =>
      known.model_type === 'DhariwalUNet' ? dhariwalFields(known) : E.right(songFields(known)),
    ),
    E.flatMap(({ fields, variance }) => unetArchitecture({ ...fields, ...variance })),
    E.map((config) => ({ config, names: edmNames })),
  );
