/** Work on the images of a data set. The images of a job are sent along with it, so that workers need no data set. */
import type { Dataset, Images } from '../../training/index.js';
import { datasetOfNumbers } from '../../data/imageData.js';
import { positive } from '../../internal/decode.js';
import { attempt, orRaise } from '../../internal/errors.js';
import { F, t, TE } from '../../internal/fp.js';
import { part } from '../../internal/parts.js';
import { optional, type OptionsOf } from '../../internal/schema.js';
import { dataSet } from '../../data/dataset.js';
import { inputOf } from '../jobs/input.js';
import { type Piece, rangesOf, shardingFields } from './sharding.js';

/** The fields of {@link DataShards}. */
export const dataFields = {
  ...shardingFields,
  data: t.union([dataSet, part('images', 'data', 'shape')], 'a data set, or images such as the result of sample'),
  /** The number of images, from the first one; by default all. */
  images: optional(positive),
};

/** The images of a work, and where the jobs run. */
export interface DataShards extends Omit<OptionsOf<typeof dataFields>, 'data'> {
  /** A data set, or images such as the result of `sample`. */
  readonly data: Dataset | Images;
}

/** The pieces of a work on images, with the same options for each. */
export const dataPieces = (
  where: string,
  work: string,
  options: Piece['options'],
  { data, images, size }: Pick<DataShards, 'data' | 'images'> & { readonly size: number },
): readonly Piece[] => {
  const set = 'batch' in data ? data : orRaise(attempt(() => orRaise(datasetOfNumbers(data))));
  const count = Math.min(images ?? set.size, set.size);
  return rangesOf(where, { first: 0, count, size }, set.image).map(([first, count]) => ({
    work,
    range: [first, count],
    options,
    input: F.pipe(
      set.batch(Int32Array.from({ length: count }, (_, i) => first + i)),
      TE.flatMapEither((batch) => inputOf({ ...batch, names: set.names }, set.image)),
    ),
  }));
};
