/** A tree of values as a file, for models that are no training runs of `fit`: their parameters, by path. */
import { effect, type Effect } from '../../dsl/run/effect.js';
import type { TreeSpec, Resident } from '../../dsl/index.js';
import { F, RTE, TE } from '../../internal/fp.js';
import { matching, readTensors, uploadEach } from './snapshot.js';
import { withTensors, writeTensors } from '../../node/tensorStream.js';

/**
 * Writes a tree of values as a safetensors file, with their paths as names. The old file is whole until the new one
 * is. `FileError`, and the errors of `read`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-saved.safetensors`
 * await pipe(
 *   upload(Float32Array.of(1, 2), [2]),
 *   RTE.flatMap((w) => saveTensors(path)({ layer: { w } })),
 *   RTE.flatMapTaskEither(() => readBytes(path)),
 *   RTE.flatMapEither(decodeSafetensors(path)),
 *   RTE.map(({ tensors }) => [...tensors.keys()]),
 *   using(reference()),
 * )() // → E.right(['layer.w'])
 */
export const saveTensors =
  (path: string) =>
  (tree: unknown): Effect<void> =>
    F.pipe(
      readTensors(tree),
      RTE.flatMapTaskEither((tensors) => writeTensors(path, { tensors, metadata: {} })),
      effect,
    );

/**
 * Uploads a safetensors file, of any size, as the tree of a spec, tensor by tensor: float16, bfloat16 and float64 as float32.
 * `CheckpointMismatch`, which names the tensor, where the file has not those of the spec; `FileError`, `DecodeError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-loaded.safetensors`
 * const { params } = layer({ w: parameter(allOnes, 2) }, (bound) => bound)
 * await pipe(
 *   upload(Float32Array.of(1, 2), [2]),
 *   RTE.flatMap((w) => saveTensors(path)({ w })),
 *   RTE.flatMap(() => loadTensors(path, params)),
 *   RTE.flatMap(({ w }) => read(w)),
 *   using(reference()),
 * )() // → E.right([1, 2])
 */
export const loadTensors = <P>(path: string, spec: TreeSpec<P>): Effect<Resident<P>> =>
  effect((backend) =>
    withTensors(path, { finite: false }, ({ entries, tensor }) =>
      F.pipe(
        TE.fromEither(matching(path, spec, entries)),
        TE.flatMap(() => uploadEach(spec, (name) => tensor(entries.get(name)!))(backend)), // `matching` found it
      ),
    ),
  );
