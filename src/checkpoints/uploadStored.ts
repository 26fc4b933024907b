/** The upload of parameters in a storage. */
import type { Backend, FloatStorage, NoisefoldError, Resident, TreeSpec } from '../dsl/index.js';
import { failure } from '../internal/errors.js';
import { uploadAs } from '../dsl/run/storeAs.js';
import { wordsFor } from '../dsl/types/storage.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import { TE, type taskEither } from '../internal/fp.js';
import type { Work } from '../internal/gen.js';
import { sizeOf } from '../internal/numbers.js';
import { uploadEach, uploadLeaf } from './snapshot.js';

/** The bytes of the float32 tensors of a spec in a storage, in words: `12.3 MiB`. */
const sizeIn = ({ leaves: all }: TreeSpec<unknown>, storage: FloatStorage): string => {
  const bytesOf = (elements: number): number => 4 * (storage === 'float32' ? elements : wordsFor(elements));
  const floats = all.filter(({ dtype }) => dtype === 'float32');
  const bytes = floats.reduce((sum, { shape }) => sum + bytesOf(sizeOf(shape as readonly number[])), 0);
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
};

/** Adds to an out-of-memory error how much memory the tensors of a spec need, also in 16 bits. */
const withSizes =
  (spec: TreeSpec<unknown>, storage: FloatStorage, backend: Backend) =>
  (error: NoisefoldError): NoisefoldError => {
    if (error._tag !== 'BackendFailure' || backend.closed() || backend.lost() !== null) return error;
    const all = `the parameters need ${sizeIn(spec, storage)} as ${storage}`;
    const hint =
      storage === 'float32'
        ? `${all}, and ${sizeIn(spec, 'float16')} with storage: 'float16'`
        : `${all}: release other values, or use a smaller model`;
    return failure(error._tag, { ...error, hint });
  };

/**
 * Uploads the tensors of a spec like {@link uploadEach}, and stores float32 tensors as `storage`. Also fails with
 * `ConfigError` for a number beyond the range of `storage`, and with a `BackendFailure` that states the memory needed.
 */
export const uploadStored =
  <P>(where: string, spec: TreeSpec<P>, tensorOf: (path: string) => Work<StoredTensor>, storage: FloatStorage) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Resident<P>> =>
    TE.mapLeft(withSizes(spec, storage, backend))(
      uploadEach(where, spec, tensorOf, (leaf, data) =>
        leaf.dtype === 'float32'
          ? uploadAs(`${where}: ${leaf.path}`, data, leaf.shape as readonly number[], storage)
          : uploadLeaf(leaf, data),
      )(backend),
    );
