/** The conditioning of a U-Net: timesteps, classes, images. */
import {
  add,
  cast,
  concat,
  type Dim,
  dims,
  fullLike,
  type Key,
  matmul,
  resizeBilinear,
  type Shape,
  silu,
  type Tensor,
} from '../../dsl/index.js';
import { raise, showShape } from '../../internal/errors.js';
import { type Classes, classEmbedding, timeEmbedding } from '../layers/embedding.js';
import { fanInUniform } from '../layers/initializers.js';
import { type Bound, type ParamsOf, parameterOf } from '../layers/layer.js';
import type { Times } from '../layers/timeFeatures.js';
import { embeddingOf } from './encoderConfig.js';
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
  /** The time of each sample, `[B]`: timesteps counted from 0, or numbers that may be fractional. */
  readonly t: Times<B>;
  /** The class of each sample, `[B]`, or the weights of the classes, `[B, classes]`; default: no class. */
  readonly label?: Classes<B>;
  /** The augmentation labels of each sample, `[B, augment]`; default: zeros. */
  readonly augment?: Tensor<[B, Dim]>;
  /** The condition of each sample: required by a model with `condition`. */
  readonly condition?: UNetCondition<B>;
  /** The key for dropout; without it there is no dropout. */
  readonly dropout?: Key;
}

export const embeddingLayers = (c: UNetArchitecture) => {
  const { timesteps, sinusoid, classes, condition, noClass, labelsAt, augment } = c;
  const { timeChannels: size, embedding: outputs } = embeddingOf(c);
  const time = timeEmbedding({ timesteps, sinusoid, size, outputs });
  const isAffine = labelsAt === 'input';
  return {
    time,
    ...(classes !== undefined && {
      label: classEmbedding({ classes, outputs: isAffine ? size : outputs, noClass, affine: isAffine }),
    }),
    ...(augment !== undefined && { augment: { w: parameterOf<[Dim, Dim]>(fanInUniform(), augment, size) } }),
    ...(condition?.noiseLevel === true && { conditionTime: time }), // for the noise level of a condition
  };
};
type EmbeddingLayers = ReturnType<typeof embeddingLayers>;

/** The parameters of the embeddings of times and classes. */
export interface UNetEmbeddingParams extends ParamsOf<EmbeddingLayers> {}

const refuse = (expected: string, actual: string, hint: string): never =>
  raise('ConfigError', { where: 'unet', expected, actual, hint });

/** Raises `ConfigError` for labels and noise levels that the model does not take, and for a missing noise level. */
const requireInputs = (
  { classes, noClass, augment: augmented, condition: wanted }: UNetArchitecture,
  { label, augment, condition }: UNetConditioning<Dim>,
): void => {
  if (classes === undefined && label !== undefined)
    refuse(
      'no labels: the model has no classes',
      `labels ${showShape(dims(label))}`,
      'set `classes` of the model, or remove the labels',
    );
  if (classes !== undefined && noClass === 'never' && label === undefined)
    refuse(
      "the label of each sample: the model was made with `noClass: 'never'`",
      'no labels',
      `give labels from 0 to ${classes - 1}`,
    );
  if (augmented === undefined && augment !== undefined)
    refuse(
      'no augmentation labels: the model takes none',
      `labels ${showShape(dims(augment))}`,
      'make the model with `augment`, or remove the labels',
    );
  if (wanted?.noiseLevel === true && condition?.t === undefined)
    refuse(
      'a condition with t, because the model was made with `noiseLevel`',
      condition === undefined ? 'no condition' : 'a condition without t',
      'give t, the timestep of the noise in the condition: 0 for an image without noise',
    );
  if (wanted?.noiseLevel !== true && condition?.t !== undefined)
    refuse(
      'a condition without t, because the model was made without `noiseLevel`',
      `t ${showShape(dims(condition.t))}`,
      'make the model with `condition: { channels, noiseLevel: true }`',
    );
};

/** The sum of the given embeddings; undefined if there are none. */
const sumOf = <B extends Dim>(...given: readonly (Tensor<[B, Dim]> | undefined)[]): Tensor<[B, Dim]> | undefined => {
  const embeddings = given.filter((one) => one !== undefined);
  return embeddings.length === 0 ? undefined : embeddings.reduce((sum, one) => add(sum, one));
};

/** The sum of all embeddings, `[B, E]`, after a SiLU, which all residual blocks share. */
export const embed = <B extends Dim>(
  c: UNetArchitecture,
  { time, label, augment, conditionTime }: Bound<EmbeddingLayers>,
  at: UNetConditioning<B>,
): Tensor<[B, Dim]> => {
  requireInputs(c, at);
  const { t, condition } = at;
  const labels = label?.(at.label ?? fullLike(cast(t, 'int32'), c.classes!)); // the label `classes` stands for no class
  const ofClasses = (place: UNetArchitecture['labelsAt']) => (c.labelsAt === place ? labels : undefined);
  const augmented = at.augment && augment && matmul(at.augment, augment.w);
  return silu(
    sumOf(
      time(t, sumOf(ofClasses('input'), augmented)),
      ofClasses('output'),
      condition?.t && conditionTime?.(condition.t),
    )!, // there is at least one
  );
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
    if (given === undefined) return images;
    return refuse(
      'no condition: the model takes none',
      `images ${showShape(dims(given.image))}`,
      'make the model with `condition: { channels }`, or remove the condition',
    );
  }
  const [B, height, width] = dims(images);
  const expected = `a condition [${B}, height, width, ${wanted.channels}]`;
  const hint = 'give each sample an image with as many channels as `condition.channels` of the model';
  const image = given?.image ?? refuse(expected, 'no condition', hint);
  const shape: Shape = dims(image);
  if (shape.length !== 4 || shape[0] !== B || shape[3] !== wanted.channels)
    raise('ShapeError', { where: 'unet', expected, actual: showShape(shape), hint });
  return concat(images, shape[1] === height && shape[2] === width ? image : resizeBilinear(image, height, width));
};
