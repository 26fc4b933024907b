/** Values whose numbers are stored in 16 bits. */
import type { NoisefoldError } from '../../internal/errors.js';
import { TE, type taskEither } from '../../internal/fp.js';
import { type Fallible, gen, keep, take } from '../../internal/gen.js';
import { argument } from '../../internal/schema.js';
import type { Backend, DeviceBuffer, HostArray } from '../plan/backend.js';
import type { Shape } from '../graph/tensor.js';
import { type FloatStorage, floatStorage } from '../types/storage.js';
import { leaves, withLeaves } from '../types/tree.js';
import { effect, type Effect } from './effect.js';
import { uploadPacked } from './packing.js';
import { type AnyValue, isValue, liveOn, read, release, upload, type Value, value } from './value.js';

/** Uploads float32 numbers in a storage. Returns `ConfigError` for a number that is too large for it. */
export const uploadAs =
  (where: string, data: HostArray, shape: readonly number[], storage: FloatStorage) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Value<Shape>> =>
    storage === 'float32'
      ? upload(data, shape, 'float32')(backend)
      : TE.map((buffer: DeviceBuffer) =>
          value<Value<Shape>>({ backend, buffer, shape: [...shape], dtype: 'float32', storage }),
        )(uploadPacked(backend, where, storage, data));

/** Copies a tree of values into a storage, which `where` names in messages. */
export const storedAs = <A>(where: string, tree: A, storage: FloatStorage): Effect<A> =>
  effect((backend) =>
    gen(function* () {
      const to = yield* take(argument(`${where}: storage`, floatStorage).decode(storage));
      const copies: AnyValue[] = [];
      for (const { path, leaf } of leaves(tree, isValue)) {
        const { shape, dtype } = yield* take(liveOn(backend, where)(leaf));
        const numbers = yield* take(read(leaf as Value<Shape>)(backend)); // of any dtype
        const copy: Fallible<AnyValue> =
          dtype === 'float32'
            ? uploadAs(path === '' ? where : `${where}: ${path}`, numbers, shape, to)(backend)
            : upload(numbers, shape, dtype)(backend);
        copies.push(yield* keep(copy, (one) => release(one)(backend)));
      }
      return withLeaves(tree, isValue, copies) as A; // values of the shapes and dtypes of the originals
    }),
  );

/**
 * Copies a tree of values, with its float32 tensors in another storage: 'float16' and 'bfloat16' round their numbers
 * and halve their memory, and 'float32' decodes them. The shapes are the same; other dtypes are copied as they are. The
 * tensors pass through the memory of the host one after the other. The caller owns the copies and keeps the originals.
 * A program takes the copies if it is compiled with the same `storage`. Fails with `ConfigError` for an unknown storage
 * and for a number beyond the storage, and with the errors of `read`; after an error no copy stays on the backend.
 * @example
 * await using nf = await open(reference())
 * const w = await nf.run(upload(Float32Array.of(1, 0.1), [2]))
 * const half = await nf.run(storeAs({ w }, 'float16'))
 * valueStorage(half.w) // → 'float16'
 * await nf.run(read(half.w)) // → [1, 0.09998]
 * const doubled = await nf.run(compile(program({ w: '2' }, ({ w }) => add(w, w)), {}, { storage: { w: 'float16' } }))
 * await nf.run(read(await nf.run(doubled.run(half)))) // → [2, 0.19995]
 */
export const storeAs = <A>(tree: A, storage: FloatStorage): Effect<A> => storedAs('storeAs', tree, storage);
