/** Reads files of weights in memory, for tests. */
import type { NoisefoldError } from '../internal/errors.js';
import { E, F, TE } from '../internal/fp.js';
import { type WeightOptions, withWeights } from './weights.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';

/** All tensors of a file in memory. */
export const readAll = (bytes: Uint8Array, options?: WeightOptions) =>
  withWeights(
    bytes,
    ({ entries, tensor: read }) =>
      F.pipe(
        [...entries.values()],
        TE.traverseSeqArray((entry) => TE.map((stored: StoredTensor) => [entry.name, stored] as const)(read(entry))),
        TE.map((pairs) => new Map(pairs)),
      ),
    options,
  )();

/** The tensors of a file by name; an error is thrown. */
export const tensorsOf = async (
  bytes: Uint8Array,
  options?: WeightOptions,
): Promise<ReadonlyMap<string, StoredTensor>> => {
  const read = await readAll(bytes, options);
  if (E.isLeft(read)) throw new Error(read.left.message);
  return read.right;
};

/** The error of a file that is refused. */
export const errorOf = async (bytes: Uint8Array, options?: WeightOptions): Promise<NoisefoldError> => {
  const read = await readAll(bytes, options);
  if (E.isRight(read)) throw new Error('it was read');
  return read.left;
};
