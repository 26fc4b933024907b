/** The upload of parameters in a storage. */
import {
  type AnyValue,
  type Backend,
  type FloatStorage,
  type NoisefoldError,
  release,
  type Resident,
  type TreeSpec,
  upload,
} from '../../dsl/index.js';
import { failure } from '../../internal/errors.js';
import { fillSpec } from '../../dsl/graph/spec.js';
import { uploadAs } from '../../dsl/run/storeAs.js';
import { wordsFor } from '../../dsl/types/storage.js';
import { withinFloat32 } from '../../formats/float32.js';
import type { StoredTensor } from '../../formats/safetensors.js';
import { TE, type taskEither } from '../../internal/fp.js';
import { type Fallible, gen, keep, take, type Work } from '../../internal/gen.js';
import { sizeOf } from '../../internal/numbers.js';
import { uploadEach, widened } from './snapshot.js';

/** The bytes of the float32 tensors of a spec in a storage, in words: `12.3 MiB`. */
const sizeIn = ({ leaves: all }: TreeSpec<unknown>, storage: FloatStorage): string => {
  const bytesOf = (elements: number): number => 4 * (storage === 'float32' ? elements : wordsFor(elements));
  const floats = all.filter(({ dtype }) => dtype === 'float32');
  const bytes = floats.reduce((sum, { shape }) => sum + bytesOf(sizeOf(shape as readonly number[])), 0);
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
};

/** Says in an error of a backend without memory how much the tensors of a spec need, also in 16 bits. */
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
 * Uploads the tensors of a spec like {@link uploadEach}, those of float32 in `storage`. Fails also with `ConfigError` for
 * a number beyond the storage, and with a `BackendFailure` that says how much memory the tensors need.
 */
export const uploadStored =
  <P>(where: string, spec: TreeSpec<P>, tensorOf: (path: string) => Work<StoredTensor>, storage: FloatStorage) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Resident<P>> =>
    TE.mapLeft(withSizes(spec, storage, backend))(
      gen(function* () {
        if (storage === 'float32') return yield* take(uploadEach(where, spec, tensorOf)(backend));
        const uploaded = new Map<string, AnyValue>();
        for (const { path, dtype, shape } of spec.leaves) {
          const tensor = yield* take(withinFloat32(`${where}: ${path}`, yield* take(tensorOf(path))));
          const data = widened(tensor) as Float32Array; // of the shape and dtype of the leaf
          const extents = shape as readonly number[];
          const value: Fallible<AnyValue> =
            dtype === 'float32'
              ? uploadAs(`${where}: ${path}`, data, extents, storage)(backend)
              : upload(data, extents, dtype as 'int32')(backend);
          uploaded.set(path, yield* keep(value, (one) => release(one)(backend)));
        }
        // a tree of values has the form of the tree of tensors that the spec describes
        return fillSpec(spec, ({ path }) => uploaded.get(path) as never) as Resident<P>;
      }),
    );
