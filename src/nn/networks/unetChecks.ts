/** Checks of the inputs of a U-Net. */
import { type Dim, dims, type Shape, type Tensor } from '../../dsl/index.js';
import { raise, showShape } from '../../internal/errors.js';
import type { UNetCondition, UNetConditioning } from './unetConditioning.js';
import type { UNetArchitecture } from './unetConfig.js';

const refuse = (expected: string, actual: string, hint: string): never =>
  raise('ConfigError', { where: 'unet', expected, actual, hint });

/** Raises an error unless the condition is an image of each sample, with some channels. */
const requireCondition = (channels: number, B: Dim, condition: UNetCondition<Dim> | undefined): void => {
  const expected = `a condition [${B}, height, width, ${channels}]`;
  const hint = 'give each sample an image with as many channels as `condition.channels` of the model';
  const shape: Shape = dims(condition?.image ?? refuse(expected, 'no condition', hint));
  if (shape.length !== 4 || shape[0] !== B || shape[3] !== channels)
    raise('ShapeError', { where: 'unet', expected, actual: showShape(shape), hint });
};

/**
 * Raises `ConfigError` for labels, conditions and noise levels that the model does not take, and for missing ones; and
 * `ShapeError` for a condition of another shape.
 */
export const requireInputs = (
  { classes, noClass, augment: augmented, condition: spec }: UNetArchitecture,
  images: Tensor<[Dim, Dim, Dim, Dim]>,
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
  if (spec?.noiseLevel === true && condition?.t === undefined)
    refuse(
      'a condition with t, because the model was made with `noiseLevel`',
      condition === undefined ? 'no condition' : 'a condition without t',
      'give t, the timestep of the noise in the condition: 0 for an image without noise',
    );
  if (spec?.noiseLevel !== true && condition?.t !== undefined)
    refuse(
      'a condition without t, because the model was made without `noiseLevel`',
      `t ${showShape(dims(condition.t))}`,
      'make the model with `condition: { channels, noiseLevel: true }`',
    );
  if (spec === undefined && condition !== undefined)
    refuse(
      'no condition: the model takes none',
      `images ${showShape(dims(condition.image))}`,
      'make the model with `condition: { channels }`, or remove the condition',
    );
  if (spec !== undefined) requireCondition(spec.channels, dims(images)[0], condition);
};
