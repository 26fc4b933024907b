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
  silu,
  type Tensor,
} from '../../dsl/index.js';
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
  /** True for the identity in place of the attention at the bottleneck, of a network that has it: for `pag`. */
  readonly identityAttention?: boolean;
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

/** x + y, where a network may lack one of them. */
const plus = <B extends Dim, X extends Tensor<[B, Dim]> | undefined>(
  x: X,
  y: Tensor<[B, Dim]> | undefined,
): X | Tensor<[B, Dim]> => {
  if (x === undefined || y === undefined) return y ?? x;
  return add(x, y);
};

/**
 * The embedding that all residual blocks share, `[B, E]`: silu(time(t, augmented) + labels + time(t of the condition)), or with
 * labels as inputs silu(time(t, labels + augmented) + …).
 */
export const embed = <B extends Dim>(
  c: UNetArchitecture,
  { time, label, augment, conditionTime }: Bound<EmbeddingLayers>,
  conditioning: UNetConditioning<B>,
): Tensor<[B, Dim]> => {
  const { t, condition } = conditioning;
  const labels = label?.(conditioning.label ?? fullLike(cast(t, 'int32'), c.classes!)); // the label `classes` stands for no class
  const labelsAt = (place: UNetArchitecture['labelsAt']) => (c.labelsAt === place ? labels : undefined);
  const inputs = plus(labelsAt('input'), conditioning.augment && augment && matmul(conditioning.augment, augment.w));
  const labelled = plus(time(t, inputs), labelsAt('output'));
  return silu(plus(labelled, condition?.t && conditionTime?.(condition.t)));
};

/**
 * Appends the condition to the images, as channels: `[B, H, W, C]` → `[B, H, W, C + channels]`. A condition of another size is
 * resized bilinearly.
 */
export const withCondition = <B extends Dim>(
  images: Tensor<[B, Dim, Dim, Dim]>,
  condition: UNetCondition<B> | undefined,
): Tensor<[B, Dim, Dim, Dim]> => {
  if (condition === undefined) return images;
  const { image } = condition;
  const [, height, width] = dims(images);
  const [, ownHeight, ownWidth] = dims(image);
  const isOfSize = ownHeight === height && ownWidth === width;
  return concat(images, isOfSize ? image : resizeBilinear(image, height, width));
};
