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
import { classEmbedding, timeEmbedding } from '../layers/embedding.js';
import type { Bound, ParamsOf } from '../layers/layer.js';
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

export const embeddingLayers = ({ timesteps, sinusoid, base, classes, condition }: UNetArchitecture) => {
  const time = timeEmbedding({ timesteps, sinusoid, size: base, outputs: 4 * base });
  return {
    time,
    ...(classes !== undefined && { label: classEmbedding({ classes, outputs: 4 * base }) }),
    ...(condition?.noiseLevel === true && { conditionTime: time }), // for the noise level of a condition
  };
};
type EmbeddingLayers = ReturnType<typeof embeddingLayers>;

/** The parameters of the embeddings of timesteps and classes. */
export interface UNetEmbeddingParams extends ParamsOf<EmbeddingLayers> {}

const refuse = (expected: string, actual: string, hint: string): never =>
  raise('ConfigError', { where: 'unet', expected, actual, hint });

/** Raises `ConfigError` for labels and noise levels that the model does not take, and for a missing noise level. */
const requireInputs = (
  { classes, condition: wanted }: UNetArchitecture,
  { label, condition }: UNetConditioning<Dim>,
): void => {
  if (classes === undefined && label !== undefined)
    refuse(
      'no labels: the model has no classes',
      `labels ${showShape(dims(label))}`,
      'set `classes` of the model, or remove the labels',
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

/** The sum of all embeddings, with its SiLU applied, as all residual blocks share it: `[B, 4·base]`. */
export const embed = <B extends Dim>(
  c: UNetArchitecture,
  { time, label, conditionTime }: Bound<EmbeddingLayers>,
  at: UNetConditioning<B>,
): Tensor<[B, Dim]> => {
  requireInputs(c, at);
  const { t, condition } = at;
  const embeddings: readonly (Tensor<[B, Dim]> | undefined)[] = [
    time(t),
    label?.(at.label ?? fullLike(t, c.classes!)), // the row `classes` stands for no class
    condition?.t && conditionTime?.(condition.t),
  ];
  return silu(embeddings.filter((one) => one !== undefined).reduce((sum, one) => add(sum, one)));
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
