/** Samples of a data set as a step takes them. */
import { checkedLabels } from '../../diffusion/index.js';
import { attempt, type NoisefoldError, raise, type RandomKey, showShape } from '../../dsl/index.js';
import { orRaise } from '../../internal/errors.js';
import { TE, type taskEither } from '../../internal/fp.js';
import type { Batch, Dataset } from '../data/dataset.js';
import { checkNumbers } from '../data/images.js';

export interface Labelled {
  /** The number of classes of the model, if it has classes. */
  readonly classes?: number;
}

/**
 * The samples of a data set at some positions, changed at random if there is a key. `ConfigError` for a batch of
 * another size, a label that the model has no class for, or a number outside [-1, 1]; `NonFinite` for a number that is
 * not finite.
 */
export const loaded = ({ classes }: Labelled, { batch, image }: Pick<Dataset, 'batch' | 'image'>) => {
  const each = image.reduce((size: number, extent) => size * extent, 1);
  const checkedAt = (positions: Int32Array) => (samples: Batch) =>
    attempt(() => {
      const { images, labels } = samples;
      const { length } = positions;
      if (images.length !== length * each || labels.length !== length)
        raise('ConfigError', {
          where: 'data set: batch',
          expected: `${length * each} numbers and ${length} labels, for ${length} images ${showShape(image)}`,
          actual: `${images.length} and ${labels.length}`,
          hint: 'give images of the size of the data set, and a label for each',
        });
      if (classes !== undefined) {
        const options = { orNone: false, where: (at: number) => `data set: label at ${positions[at]}` };
        orRaise(checkedLabels({ classes }, options)(labels));
      }
      checkNumbers(images, {
        is: (x) => Math.abs(x) <= 1,
        expected: 'finite numbers in [-1, 1]',
        hint: 'of bytes, take byte/127.5 - 1',
        each,
        where: (at) => `data set: image at ${positions[at]}`,
      });
      return samples;
    });
  return (positions: Int32Array, key?: RandomKey): taskEither.TaskEither<NoisefoldError, Batch> =>
    TE.flatMapEither(checkedAt(positions))(batch(positions, key));
};

/** Images with their labels on the host, and a key for what is drawn for them. */
export interface GivenExamples {
  readonly x0: Float32Array;
  readonly label?: Int32Array;
  readonly key: RandomKey;
}

/** The examples of a batch: with labels if the model has classes. */
export const givenOf = ({ classes }: Labelled, { images, labels }: Batch, key: RandomKey): GivenExamples => ({
  x0: images,
  ...(classes === undefined ? {} : { label: labels }),
  key,
});
