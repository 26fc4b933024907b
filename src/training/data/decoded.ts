/** Data sets of files that are decoded when their batches are loaded, so that they may be larger than memory. */
import type { NoisefoldError } from '../../dsl/index.js';
import { refined } from '../../internal/decode.js';
import { E, t, type taskEither } from '../../internal/fp.js';
import { type Dataset, type Image, type ImageExtents, pixelOf } from './dataset.js';
import type { Labelled } from './labelling.js';

/** As many files are decoded at a time. */
const LANES = 8;

/** The decoded images that are kept, 64 MiB of them by default. */
export const CACHE = 2 ** 26;

/** A number of bytes; Infinity for all. */
export const bytesToKeep = refined(t.number, 'a number of bytes ≥ 0', (n) => n >= 0);

/**
 * Makes a data set of files. `decode` gives the bytes of an image, of as many numbers as `image` says. The first images are kept
 * in memory, `cache` bytes at most; if all of them fit, the data set is at hand, and its files are decoded before the first step.
 */
export const decodedDataset = <const I extends readonly [number, number, number]>(
  image: I,
  { files, labels }: Labelled,
  cache: number,
  decode: (position: number) => taskEither.TaskEither<NoisefoldError, Uint8Array>,
): Dataset<Image<I>> => {
  const each = image[0] * image[1] * image[2];
  const kept = new Map<number, Uint8Array>();

  const bytesOf = async (position: number): Promise<E.Either<NoisefoldError, Uint8Array>> => {
    const known = kept.get(position);
    if (known !== undefined) return E.right(known);
    const bytes = await decode(position)();
    // an epoch takes every image once, so that those that came first are as good as those that came last
    if (E.isRight(bytes) && (kept.size + 1) * each <= cache) kept.set(position, bytes.right);
    return bytes;
  };

  const batch: Dataset['batch'] = (positions) => async () => {
    const images = new Float32Array(positions.length * each);
    const failed = new Map<number, E.Left<NoisefoldError>>();
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < positions.length && failed.size === 0) {
        const i = next++;
        const bytes = await bytesOf(positions[i]!);
        if (E.isLeft(bytes)) failed.set(i, bytes);
        else for (let j = 0; j < each; j++) images[i * each + j] = pixelOf(bytes.right[j]!);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const first = failed.get(Math.min(...failed.keys()));
    return first ?? E.right({ images, labels: positions.map((position) => labels[position]!) });
  };

  return {
    size: files.length,
    // the extents of I, which the compiler does not compare while they are open
    image: image as unknown as ImageExtents<Image<I>>,
    batch,
    atHand: files.length * each <= cache,
  };
};
