/** The conditioning of a U-Net: timesteps, classes, images. */
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
} from '../../dsl/index.js';
import {
  classEmbedding,
  type ClassEmbeddingParams,
  timeEmbedding,
  type TimeEmbeddingParams,
} from '../layers/embedding.js';
import type { Bound } from '../layers/layer.js';
import type { UNetArchitecture } from './unetConfig.js';

/** The condition of each sample: an image. */
export interface UNetCondition<B extends Dim> {
  /** `[B, height, width, channels]`, in [-1, 1], of any size. */
  readonly image: Tensor<[B, Dim, Dim, Dim]>;
  /** Its noise level, `[B]`: a timestep, for a model with `condition.noiseLevel`. */
  readonly t?: Tensor<[B], 'int32'>;
}

/** The conditioning of a U-Net. */
export interface UNetConditioning<B extends Dim> {
  /** The timestep of each sample, `[B]`, counted from 0. */
  readonly t: Tensor<[B], 'int32'>;
  /** The class of each sample, `[B]`; default: no class. */
  readonly label?: Tensor<[B], 'int32'>;
  /** The condition of each sample: required by a model with `condition`. */
  readonly condition?: UNetCondition<B>;
  /** Randomness for dropout; without it nothing is dropped. */
  readonly dropout?: Key;
}

/** The parameters of the embeddings of timesteps and classes. */
export interface UNetEmbeddingParams {
  readonly time: TimeEmbeddingParams;
  readonly label?: ClassEmbeddingParams;
  /** For the noise level of a condition. */
  readonly conditionTime?: TimeEmbeddingParams;
}

/** The layers of {@link UNetEmbeddingParams}. */
export const embeddingLayers = (c: UNetArchitecture) => {
  const outputs = 4 * c.base;
  const { timesteps, sinusoid } = c;
  const time = timeEmbedding({ timesteps, sinusoid, size: c.base, outputs });
  return {
    time,
    ...(c.classes !== undefined && { label: classEmbedding({ classes: c.classes, outputs }) }),
    ...(c.condition?.noiseLevel === true && { conditionTime: time }),
  };
};
type Embeddings = Bound<ReturnType<typeof embeddingLayers>>;

/** Embeds labels, of a model with classes; raises `ConfigError` for labels of a model without. */
const embedLabel = <B extends Dim>(
  { classes }: UNetArchitecture,
  embeddings: Embeddings,
  { t, label }: UNetConditioning<B>,
): readonly Tensor<[B, Dim]>[] => {
  if (embeddings.label === undefined || classes === undefined) {
    if (label !== undefined)
      raise('ConfigError', {
        where: 'unet',
        expected: 'no labels: the model has no classes',
        actual: `labels ${showShape(dims(label))}`,
        hint: 'set `classes` of the model, or remove the labels',
      });
    return [];
  }
  return [embeddings.label(label ?? fullLike(t, classes))]; // the row `classes` stands for no class
};

/** Embeds the noise level of conditions; raises `ConfigError` if it is missing, or given to a model without. */
const embedConditionTime = <B extends Dim>(
  embeddings: Embeddings,
  { condition }: UNetConditioning<B>,
): readonly Tensor<[B, Dim]>[] => {
  const t = condition?.t;
  if (embeddings.conditionTime === undefined) {
    if (t !== undefined)
      raise('ConfigError', {
        where: 'unet',
        expected: 'a condition without t, because the model was made without `noiseLevel`',
        actual: `t ${showShape(dims(t))}`,
        hint: 'make the model with `condition: { channels, noiseLevel: true }`',
      });
    return [];
  }
  const level =
    t ??
    raise('ConfigError', {
      where: 'unet',
      expected: 'a condition with t, because the model was made with `noiseLevel`',
      actual: condition === undefined ? 'no condition' : 'a condition without t',
      hint: 'give t, the timestep of the noise in the condition: 0 for an image without noise',
    });
  return [embeddings.conditionTime(level)];
};

/** The sum of all embeddings, with its SiLU applied, as all residual blocks share it: `[B, 4·base]`. */
export const embed = <B extends Dim>(
  c: UNetArchitecture,
  embeddings: Embeddings,
  at: UNetConditioning<B>,
): Tensor<[B, Dim]> => {
  const time: Tensor<[B, Dim]> = embeddings.time(at.t);
  const others = [...embedLabel(c, embeddings, at), ...embedConditionTime(embeddings, at)];
  return silu(others.reduce((sum, one) => add(sum, one), time));
};

/**
 * Appends the conditions of a model to the images, as channels: `[B, H, W, C]` → `[B, H, W, C + channels]`. Conditions of
 * another size are resized bilinearly. Raises `ConfigError` for a missing or unexpected condition, and `ShapeError` for a
 * wrong shape.
 */
export const withCondition = <B extends Dim>(
  { condition: wanted }: UNetArchitecture,
  images: Tensor<[B, Dim, Dim, Dim]>,
  given: UNetCondition<B> | undefined,
): Tensor<[B, Dim, Dim, Dim]> => {
  if (wanted === undefined) {
    if (given !== undefined)
      raise('ConfigError', {
        where: 'unet',
        expected: 'no condition: the model takes none',
        actual: `images ${showShape(dims(given.image))}`,
        hint: 'make the model with `condition: { channels }`, or remove the condition',
      });
    return images;
  }
  const [B, height, width] = dims(images);
  const expected = `a condition [${B}, height, width, ${wanted.channels}]`;
  const hint = 'give each sample an image with as many channels as `condition.channels` of the model';
  const image = given?.image ?? raise('ConfigError', { where: 'unet', expected, actual: 'no condition', hint });
  const shape: Shape = dims(image);
  if (shape.length !== 4 || shape[0] !== B || shape[3] !== wanted.channels)
    raise('ShapeError', { where: 'unet', expected, actual: showShape(shape), hint });
  const resized = shape[1] === height && shape[2] === width ? image : resizeBilinear(image, height, width);
  return concat(images, resized);
};
