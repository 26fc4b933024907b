/** Checks the images that samples are conditioned on. */
import { checkedImages, type ConditionedOn, type Noising, pathOf } from '../../diffusion/index.js';
import { orRaise, raise, showShape } from '../../internal/errors.js';
import type { Itself } from '../../internal/itself.js';
import { sizeOf } from '../../internal/numbers.js';
import type { Images } from '../../data/images.js';

/** The images that samples are conditioned on. */
export interface GivenCondition {
  /** One image for each sample, or one for all, in [-1, 1], of any size: images of a data set, or samples of another model. */
  readonly images: Itself<Images>;
  /**
   * The timestep whose noise is added to the images, for a model that takes the noise level (`condition.noiseLevel`).
   */
  readonly t?: number;
}

interface Conditioned {
  readonly model: { readonly condition?: ConditionedOn };
  readonly noising: Noising;
}

/**
 * Checks that a condition is given if and only if the model takes one, and that it matches the model. Otherwise raises
 * `ConfigError`, or `NonFinite` for images with numbers that are not finite.
 *
 * @param count - the number of samples
 */
export const checkCondition = (
  where: string,
  { model: { condition: spec }, noising }: Conditioned,
  condition: GivenCondition | undefined,
  count: number,
): void => {
  const refuse = (expected: string, actual: string, hint: string): never =>
    raise('ConfigError', { where: `${where}: condition`, expected, actual, hint });
  if (condition === undefined) {
    if (spec) refuse('images: the model is conditioned on images', 'nothing', 'give condition: { images }');
    return;
  }
  if (spec === undefined) {
    const hint = 'leave it out, or train a model with `condition`';
    return refuse('no condition: the model takes none', 'a condition', hint);
  }
  const { images, t } = condition;
  const { data, shape } = images;
  const { channels, noiseLevel = false } = spec;
  const T = pathOf(noising).last + 1;
  if (shape[3] !== channels || data.length !== sizeOf(shape)) {
    const expected = `all numbers of images [count, height, width, ${channels}]`;
    refuse(
      expected,
      `${data.length} of ${showShape(shape)}`,
      'give images with the channels of the training, channels last',
    );
  }
  if (shape[0] !== 1 && count !== shape[0])
    refuse(`an image for each of ${count} samples`, `${shape[0]}`, 'give one image for each sample, or one for all');
  if (!noiseLevel && t !== undefined) {
    const hint = 'leave it out, or train a model with `noiseLevel: true`';
    refuse('no t: the model does not take the noise level', `${t}`, hint);
  }
  if (noiseLevel && !(Number.isInteger(t) && t! >= 0 && t! < T)) {
    const hint = 'give the timestep of the noise to add to the images; 0 adds almost none';
    refuse(`t from 0 to ${T - 1}: the model takes the noise level`, `${t ?? 'nothing'}`, hint);
  }
  orRaise(checkedImages(data, `${where}: condition.images`));
};
