/** Translates our configurations into those of diffusers (`UNet2DModel`). */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import type { ClassSpec } from '../../conditions/conditions.js';
import { embeddingOf, inputChannelsOf, levelsOf } from '../../nn/networks/encoderConfig.js';
import { imageChannelsOf } from '../../nn/networks/unetConditioning.js';
import type { UNetArchitecture } from '../../nn/networks/unetConfig.js';

/** The order and shift of sines and cosines; undefined for those that a `UNet2DModel` does not support. */
const sinusoidOf = ({ sinusoid }: UNetArchitecture) => {
  if (sinusoid === 'ddpm') return { flip_sin_to_cos: false, freq_shift: 1 };
  if (sinusoid === 'guided-diffusion') return { flip_sin_to_cos: true, freq_shift: 0 };
  if (sinusoid === 'fourier') return undefined;
  const { first, shift, maxPeriod = 10_000, scale = 1 } = sinusoid;
  return maxPeriod === 10_000 && scale === 1 ? { flip_sin_to_cos: first === 'cosine', freq_shift: shift } : undefined;
};

/** The channels of a head at all levels: null for one head, undefined if they differ. */
const headChannelsOf = (c: UNetArchitecture): number | null | undefined => {
  const { heads, middle } = c;
  if (typeof heads !== 'number') return heads.channels;
  if (heads === 1) return null;
  const levels = levelsOf(c);
  const attending = [...levels.filter(({ attends }) => attends), ...(middle === 'residual' ? [] : levels.slice(-1))];
  const [first, ...others] = attending.map(({ channels }) => channels / heads);
  return others.every((channels) => channels === first) ? (first ?? null) : undefined;
};

/** True for classes with a row of the table for no class. */
const hasRow = ({ required, nothing = 'row' }: ClassSpec): boolean => required !== true && nothing === 'row';

/** The rows of the table of classes; null for a network without classes. */
const rowsOf = ({ conditions: { label } = {} }: UNetArchitecture): number | null =>
  label !== undefined && 'classes' in label ? label.classes + (hasRow(label) ? 1 : 0) : null;

/** The parts of conditions that a `UNet2DModel` does not support: it has classes, which are `label` here, and channels of one image. */
const lackingConditions = ({ conditions = {} }: UNetArchitecture): Readonly<Record<string, string | false>> => {
  const image = Object.keys(conditions).find((name) => 'image' in conditions[name]!);
  return Object.fromEntries(
    Object.entries(conditions).flatMap(([name, spec]): readonly (readonly [string, string | false])[] => {
      const path = `conditions.${name}`;
      if (name === 'label' && 'classes' in spec)
        return [
          [`${path}.nothing`, !hasRow(spec) && spec.required !== true && 'a row for no class, or required: true'],
          [`${path}.at`, spec.at === 'input' && "'output'"],
        ];
      return name === image && 'image' in spec
        ? [[`${path}.noiseLevel`, spec.noiseLevel === true && 'no noise level of an image']]
        : [[path, 'no conditions but the classes of `label` and one image']];
    }),
  );
};

/** The parts of a configuration that a `UNet2DModel` does not support, each with what it supports instead. */
const lacking = (c: UNetArchitecture): Readonly<Record<string, string | false>> => ({
  upAttention: c.upAttention !== 'every' && c.attention.length > 0 && 'attention in every block of a level',
  upHeads:
    JSON.stringify(c.upHeads ?? c.heads) !== JSON.stringify(c.heads) && 'the same heads in the encoder and the decoder',
  heads: headChannelsOf(c) === undefined && 'one head, or heads of equal channels at all levels',
  groups: typeof c.groups !== 'number' && 'a number of groups',
  middle: c.middle === 'unnormalized' && !c.adaptiveGroupNorm && 'a norm in the middle, without adaptive group norm',
  ...lackingConditions(c),
  resample: c.resample !== 'convolution' && c.resample !== 'residual' && "'convolution' or 'residual'",
  filter: c.resample === 'residual' && c.filter !== 'box' && "'box'",
  encoder: c.encoder !== 'plain' && "'plain'",
  rescale: c.rescale !== 1 && '1',
  sinusoid: sinusoidOf(c) === undefined && 'sines and cosines of the period 10000, on the scale 1',
  inputChannels: inputChannelsOf(c) !== levelsOf(c)[0]!.channels && 'as many as the first level has',
  timeChannels: embeddingOf(c).timeChannels !== levelsOf(c)[0]!.channels && 'as many as channels of the first level',
});

const fieldsOf = (c: UNetArchitecture): Readonly<Record<string, unknown>> => {
  const [height, width, channels] = c.image;
  const levels = levelsOf(c);
  const isResidual = c.resample === 'residual';
  const types = (way: 'Down' | 'Up') =>
    levels.map(({ attends }) => {
      if (attends) return `Attn${way}Block2D`;
      return isResidual ? `Resnet${way}sampleBlock2D` : `${way}Block2D`;
    });
  const { embedding } = embeddingOf(c);
  const hasOwnNorm = c.middle === 'attention' && c.adaptiveGroupNorm;
  return {
    _class_name: 'UNet2DModel',
    sample_size: height === width ? height : [height, width],
    in_channels: channels + imageChannelsOf(c),
    out_channels: channels * (c.learnedVariance === undefined ? 1 : 2),
    time_embedding_type: 'positional',
    ...sinusoidOf(c),
    down_block_types: types('Down'),
    up_block_types: types('Up').reverse(),
    block_out_channels: levels.map((level) => level.channels),
    layers_per_block: c.blocks,
    downsample_padding: c.padding === 'end' ? 0 : 1,
    downsample_type: isResidual ? 'resnet' : 'conv',
    upsample_type: isResidual ? 'resnet' : 'conv',
    dropout: c.dropout,
    act_fn: 'silu',
    attention_head_dim: headChannelsOf(c),
    norm_num_groups: c.groups,
    attn_norm_num_groups: hasOwnNorm ? c.groups : null,
    norm_eps: c.epsilon,
    resnet_time_scale_shift: c.adaptiveGroupNorm ? 'scale_shift' : 'default',
    add_attention: c.middle !== 'residual',
    class_embed_type: null,
    num_class_embeds: rowsOf(c),
    ...(embedding !== 4 * levels[0]!.channels && { time_embedding_dim: embedding }),
  };
};

/**
 * Writes a configuration as the `config.json` of a `UNet2DModel` of diffusers. Returns a `ConfigError`, which names the
 * field, for a network that cannot be expressed as a `UNet2DModel`.
 * @example
 * const config = unwrap(unetArchitecture({ image: [8, 8, 3], base: 32, multipliers: [1, 2], blocks: 1 }))
 * unwrap(diffusersConfigOf(config)).block_out_channels // → [32, 64]
 * const other = diffusersConfigOf({ ...config, rescale: Math.SQRT1_2 })
 * isLeft(other) && other.left.where // → 'diffusersConfigOf.rescale'
 */
export const diffusersConfigOf = (
  config: UNetArchitecture,
): either.Either<NoisefoldError, Readonly<Record<string, unknown>>> => {
  const wrong = Object.entries(lacking(config)).find(([, expected]) => expected !== false);
  if (wrong === undefined) return E.right(fieldsOf(config));
  const [field, expected] = wrong;
  const actual = field
    .split('.')
    .reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>>)[name], config); // the path of a field
  return fail('ConfigError', {
    where: `diffusersConfigOf.${field}`,
    expected: `${expected}, as in a UNet2DModel of diffusers`,
    actual: JSON.stringify(actual) ?? 'the default',
    hint: 'save only the weights, by saveWeights, or change the network before it is trained',
  });
};
