/** Data sets whose files are decoded when their batches are loaded, so that they may be larger than memory. */
import type { NoisefoldError } from '../dsl/index.js';
import { refined } from '../internal/decode.js';
import { E, t, type taskEither } from '../internal/fp.js';
import { type Dataset, extentsFor, type ImageShapeOf, pixelOf, type ImageSize } from './dataset.js';
import { hostRowsAt } from './hostRows.js';
import type { Labelled } from './labelling.js';

/** The number of files that are decoded at the same time. */
const LANES = 8;

/** The default size of the cache of decoded images, 64 MiB. */
export const CACHE = 2 ** 26;

/** A number of bytes; Infinity for no limit. */
export const bytesToKeep = refined(t.number, 'a number of bytes ≥ 0', (n) => n >= 0);

/**
 * Makes a data set of files. `decode` returns the bytes of an image with the extents `image`. The first decoded images
 * are kept in memory, up to `cache` bytes. If all images fit, the data set is `inMemory`, and its files are decoded
 * before the first step.
 */
export const decodedDataset = <const I extends ImageSize>(
  image: I,
  { files, labels, conditions }: Labelled,
  cache: number,
  decode: (position: number) => taskEither.TaskEither<NoisefoldError, Uint8Array>,
): Dataset<ImageShapeOf<I>> => {
  const each = image[0] * image[1] * image[2];
  const memory = new Map<number, Uint8Array>();

  const bytesOf = async (position: number): Promise<E.Either<NoisefoldError, Uint8Array>> => {
    const known = memory.get(position);
    if (known !== undefined) return E.right(known);
    const bytes = await decode(position)();
    // an epoch uses every image once, so the first images are as useful in the cache as the last ones
    if (E.isRight(bytes) && (memory.size + 1) * each <= cache) memory.set(position, bytes.right);
    return bytes;
  };

  const batch: Dataset['batch'] = (positions) => async () => {
    const images = new Float32Array(positions.length * each);
    const failures = new Map<number, E.Left<NoisefoldError>>();
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < positions.length && failures.size === 0) {
        const i = next++;
        const bytes = await bytesOf(positions[i]!);
        if (E.isLeft(bytes)) failures.set(i, bytes);
        else for (let j = 0; j < each; j++) images[i * each + j] = pixelOf(bytes.right[j]!);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const first = failures.get(Math.min(...failures.keys()));
    return (
      first ??
      E.right({
        images,
        ...(labels && { labels: positions.map((position) => labels[position]!) }),
        ...(conditions && { conditions: hostRowsAt(conditions, positions) }),
      })
    );
  };

  return {
    size: files.length,
    image: extentsFor<ImageShapeOf<I>>(image),
    batch,
    inMemory: files.length * each <= cache,
  };
};
