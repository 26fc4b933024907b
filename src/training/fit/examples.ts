/** Samples of a data set as a step takes them. */
import { checkedLabels } from '../../diffusion/index.js';
import { fail, type NoisefoldError, type RandomKey, showShape } from '../../dsl/index.js';
import { E, type either, F, TE, type taskEither } from '../../internal/fp.js';
import type { Batch, Dataset } from '../data/dataset.js';

export interface Labelled {
  /** How many classes the model has, where it has some. */
  readonly classes?: number;
}

/** Where the first number outside of [-1, 1] is, or their count: a loop, as whole data sets are looked through. */
const firstStrange = (numbers: Float32Array): number => {
  let i = 0;
  while (i < numbers.length && Math.abs(numbers[i]!) <= 1) i++;
  return i;
};

/** As many numbers as there have to be: a batch of another size would shift all images after the first. */
const ofRightSize =
  (positions: Int32Array, image: readonly number[]) =>
  (batch: Batch): either.Either<NoisefoldError, Batch> => {
    const wanted = positions.length * image.reduce((size, extent) => size * extent, 1);
    const { images, labels } = batch;
    return images.length === wanted && labels.length === positions.length
      ? E.right(batch)
      : fail('ConfigError', {
          where: 'data set: batch',
          expected: `${wanted} numbers and ${positions.length} labels, for ${positions.length} images ${showShape(image)}`,
          actual: `${images.length} and ${labels.length}`,
          hint: 'give images of one size, that which the data set says, and a label for each',
        });
  };

/** Labels of a model without classes are nobody's concern. */
const ofItsClasses =
  (positions: Int32Array, classes: number | undefined) =>
  (batch: Batch): either.Either<NoisefoldError, Batch> =>
    classes === undefined
      ? E.right(batch)
      : F.pipe(
          batch.labels,
          checkedLabels({ classes }, { orNone: false, where: (at) => `data set: label at ${positions[at]}` }),
          E.map(() => batch),
        );

const ofPixels =
  (positions: Int32Array) =>
  (batch: Batch): either.Either<NoisefoldError, Batch> => {
    const wrong = firstStrange(batch.images);
    if (wrong === batch.images.length) return E.right(batch);
    const [found, each] = [batch.images[wrong]!, batch.images.length / positions.length];
    return fail(Number.isFinite(found) ? 'ConfigError' : 'NonFinite', {
      where: `data set: image at ${positions[Math.floor(wrong / each)]}`,
      expected: 'finite numbers in [-1, 1]',
      actual: `${found} at number ${wrong % each}`,
      hint: 'of bytes, take byte/127.5 - 1',
    });
  };

/**
 * The samples of a data set at some positions, changed at random if there is a key. A label that the model has no class for is
 * a `ConfigError`: it would be taken for no class at all. So is a batch of another size, and a number of an image outside of
 * [-1, 1], of bytes for one; one that is not finite is `NonFinite`.
 */
export const loaded =
  ({ classes }: Labelled, data: Pick<Dataset, 'batch' | 'image'>) =>
  (positions: Int32Array, key?: RandomKey): taskEither.TaskEither<NoisefoldError, Batch> =>
    F.pipe(
      data.batch(positions, key),
      TE.flatMapEither((batch) =>
        F.pipe(
          ofRightSize(positions, data.image)(batch),
          E.flatMap(ofItsClasses(positions, classes)),
          E.flatMap(ofPixels(positions)),
        ),
      ),
    );

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
