/** Samples of a data set as a step takes them. */
import { failure, type NoisefoldError, type RandomKey } from '../dsl/index.js';
import { E, F, TE, type taskEither } from '../internal/fp.js';
import type { Batch, Dataset } from './dataset.js';
import { checkedLabels } from './labels.js';
import type { GivenExamples } from './open.js';

interface Labelled {
  /** How many classes the model has, where it has some. */
  readonly classes?: number;
}

const isPixel = (x: number): boolean => Math.abs(x) <= 1;

/**
 * The samples of a data set at some positions. A label that the model has no class for is a `ConfigError`: it
 * would be taken for no class at all. So is a number of an image outside of [-1, 1], of bytes for one; one that is not
 * finite is `NonFinite`.
 */
export const loaded =
  ({ classes }: Labelled, data: Pick<Dataset, 'batch'>) =>
  (positions: Int32Array): taskEither.TaskEither<NoisefoldError, Batch> =>
    F.pipe(
      data.batch(positions),
      TE.tapEither(({ labels }) =>
        classes === undefined
          ? E.right(labels) // nobody looks at them
          : checkedLabels({ classes }, (at) => `data set: label at ${positions[at]}`)(labels),
      ),
      TE.filterOrElse(
        ({ images }) => images.every(isPixel),
        ({ images }): NoisefoldError => {
          const wrong = images.findIndex((x) => !isPixel(x));
          const [found, each] = [images[wrong]!, images.length / positions.length];
          return failure(Number.isFinite(found) ? 'ConfigError' : 'NonFinite', {
            where: `data set: image at ${positions[Math.floor(wrong / each)]}`,
            expected: 'finite numbers in [-1, 1]',
            actual: `${found} at number ${wrong % each}`,
            hint: 'of bytes, take byte/127.5 - 1',
          });
        },
      ),
    );

/** What a step is given for a batch: labels where the model has classes. */
export const givenOf = ({ classes }: Labelled, { images, labels }: Batch, key: RandomKey): GivenExamples => ({
  x0: images,
  ...(classes === undefined ? {} : { label: labels }),
  key,
});
