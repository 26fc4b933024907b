import type { NoisefoldError } from '../dsl/index.js';
import { attempt, raise } from '../internal/errors.js';
import type { either } from '../internal/fp.js';
import { numbers } from '../internal/parts.js';
import { argument } from '../internal/schema.js';
import { checkFeatures, type Features } from './features.js';

/** The index of the largest number of a row; the first of several. */
const largest = ({ data, shape: [, classes] }: Features, row: number): number => {
  let best = 0;
  for (let y = 1; y < classes; y++) if (data[row * classes + y]! > data[row * classes + best]!) best = y;
  return best;
};

const labelsOf = argument('accuracyOf: labels', numbers);

/**
 * The share of images whose likeliest class is their label. Returns a `ConfigError` unless there is a label from 0 to
 * classes − 1 for each image, a `ShapeError` for probabilities of another shape, and a `NonFinite` for a number that is
 * not finite.
 * @example
 * const probabilities: Features = { data: Float64Array.of(0.9, 0.1, 0.4, 0.6), shape: [2, 2] }
 * unwrap(accuracyOf(probabilities, [0, 0])) // → 0.5
 */
export const accuracyOf = (probabilities: Features, labels: ArrayLike<number>): either.Either<NoisefoldError, number> =>
  attempt(() => {
    checkFeatures('accuracyOf', probabilities, { images: 1, for: 'accuracy is a share of images' });
    labelsOf.demand(labels);
    const [count, classes] = probabilities.shape;
    if (labels.length !== count)
      raise('ConfigError', {
        where: 'accuracyOf: labels',
        expected: `a label for each of ${count} images`,
        actual: `${labels.length}`,
        hint: 'give the labels that the images were drawn for',
      });
    const wrong = Array.from(labels).findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
    if (wrong !== -1)
      raise('ConfigError', {
        where: `accuracyOf: labels.${wrong}`,
        expected: `a class from 0 to ${classes - 1}`,
        actual: `${labels[wrong]}`,
        hint: 'give the labels that the images were drawn for',
      });
    let right = 0;
    for (let row = 0; row < count; row++) if (largest(probabilities, row) === labels[row]) right++;
    return right / count;
  });
