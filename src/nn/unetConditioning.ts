/** What a U-Net is told beside the noised images, and how it hears it. */
import {
  add,
  concat,
  type Dim,
  dims,
  fullLike,
  type Key,
  raise,
  resizeBilinear,
  type Shape,
  showShape,
  silu,
  type Tensor,
} from '../dsl/index.js';
import {
  classEmbedding,
  type ClassEmbeddingParams,
  timeEmbedding,
  type TimeEmbeddingParams,
} from './embedding.js';
import type { UNetArchitecture } from './unetConfig.js';

/** An image for each sample to go with. */
export interface UNetCondition<B extends Dim> {
  /** `[B, height, width, channels]`, in [-1, 1], of a size of its own. */
  readonly image: Tensor<[B, Dim, Dim, Dim]>;
  /** How noisy it is, `[B]`: a timestep, for a model with `condition.noiseLevel`. */
  readonly t?: Tensor<[B], 'int32'>;
}

/** What a U-Net is told beside the noised images. */
export interface UNetConditioning<B extends Dim> {
  /** The timestep of each sample, `[B]`, counted from 0. */
  readonly t: Tensor<[B], 'int32'>;
  /** The class of each sample, `[B]`. Without it a model with classes takes them all to be of none. */
  readonly label?: Tensor<[B], 'int32'>;
  /** The image that each sample is to go with, for a model with `condition`, which cannot do without. */
  readonly condition?: UNetCondition<B>;
  /** Randomness for dropout; without it nothing is dropped. */
  readonly dropout?: Key;
}

/** The parameters by which it hears of timesteps and classes. */
export interface UNetEmbeddingParams {
  readonly time: TimeEmbeddingParams;
  readonly label?: ClassEmbeddingParams;
  /** For the noise of a condition. */
  readonly conditionTime?: TimeEmbeddingParams;
}

/** The layers of {@link UNetEmbeddingParams}. */
export const embeddingLayers = (c: UNetArchitecture) => {
  const outputs = 4 * c.base;
  const time = timeEmbedding({ ...c, size: c.base, outputs });
  return {
    time,
    ...(c.classes !== undefined && { label: classEmbedding({ classes: c.classes, outputs }) }),
    ...(c.condition?.noiseLevel === true && { conditionTime: time }),
  };
};
type EmbeddingLayers = ReturnType<typeof embeddingLayers>;

/** The embedding of labels, where there are classes; raises `ConfigError` for labels where there are none. */
const ofLabel = <B extends Dim>(
  layers: EmbeddingLayers,
  params: UNetEmbeddingParams,
  { t, label }: UNetConditioning<B>,
): readonly Tensor<[B, Dim]>[] => {
  if (layers.label === undefined || params.label === undefined) {
    if (label !== undefined)
      raise('ConfigError', {
        where: 'unet',
        expected: 'no labels: the model has no classes',
        actual: `labels ${showShape(dims(label))}`,
        hint: 'give the model `classes`, or leave the labels out',
      });
    return [];
  }
  const none = dims(params.label.table)[0] - 1;
  return [layers.label.apply(params.label)(label ?? fullLike(none)(t))];
};

/** The embedding of how noisy conditions are, where it is told; raises `ConfigError` for what is told elsewhere, or not told. */
const ofConditionNoise = <B extends Dim>(
  layers: EmbeddingLayers,
  params: UNetEmbeddingParams,
  { condition }: UNetConditioning<B>,
): readonly Tensor<[B, Dim]>[] => {
  const t = condition?.t;
  if (layers.conditionTime === undefined || params.conditionTime === undefined) {
    if (t !== undefined)
      raise('ConfigError', {
        where: 'unet',
        expected: 'a condition without t: the model is not told how noisy it is',
        actual: `t ${showShape(dims(t))}`,
        hint: 'make the model with `condition: { channels, noiseLevel: true }`',
      });
    return [];
  }
  const known =
    t ??
    raise('ConfigError', {
      where: 'unet',
      expected: 'a condition with t: the model is told how noisy it is',
      actual: condition === undefined ? 'no condition' : 'one without t',
      hint: 'give the timestep of its noise, 0 for next to none',
    });
  return [layers.conditionTime.apply(params.conditionTime)(known)];
};

/** The embedding of what it is told, activated: all residual blocks share it. `[B, 4·base]` */
export const embed = <B extends Dim>(
  layers: EmbeddingLayers,
  params: UNetEmbeddingParams,
  at: UNetConditioning<B>,
): Tensor<[B, Dim]> => {
  const time: Tensor<[B, Dim]> = layers.time.apply(params.time)(at.t);
  const others = [...ofLabel(layers, params, at), ...ofConditionNoise(layers, params, at)];
  return silu(others.reduce((sum, one) => add(one)(sum), time));
};

/**
 * The images with their conditions behind them, as channels: `[B, H, W, C]` to `[B, H, W, C + channels]`, conditions
 * of another size resized bilinearly. One that is missing or not wanted raises `ConfigError`, another shape `ShapeError`.
 */
export const besideCondition = <B extends Dim>(
  { condition: wanted }: UNetArchitecture,
  images: Tensor<[B, Dim, Dim, Dim]>,
  given: UNetCondition<B> | undefined,
): Tensor<[B, Dim, Dim, Dim]> => {
  if (wanted === undefined) {
    if (given !== undefined)
      raise('ConfigError', {
        where: 'unet',
        expected: 'no condition: the model has none',
        actual: `images ${showShape(dims(given.image))}`,
        hint: 'give the model `condition: { channels }`, or leave it out',
      });
    return images;
  }
  const [B, height, width] = dims(images);
  const expected = `a condition [${B}, height, width, ${wanted.channels}]`;
  const hint = 'give an image for each sample to go with, of the channels that the model was made for';
  const image = given?.image ?? raise('ConfigError', { where: 'unet', expected, actual: 'none', hint });
  const shape: Shape = dims(image);
  if (shape.length !== 4 || shape[0] !== B || shape[3] !== wanted.channels)
    raise('ShapeError', { where: 'unet', expected, actual: showShape(shape), hint });
  const resized = shape[1] === height && shape[2] === width ? image : resizeBilinear(height, width)(image);
  return concat(resized)(images);
};
