/** Saves and loads a tree of values by path, for the parameters of models that `fit` does not train. */
import type { Effect } from '../../dsl/run/effect.js';
import type { TreeSpec, Resident } from '../../dsl/index.js';
import { gen, take } from '../../internal/gen.js';
import { genEffect } from '../genEffect.js';
import { matching, readTensors, uploadEach } from './snapshot.js';
import { withTensors, writeTensors } from '../../node/tensorStream.js';

/**
 * Writes a tree of values as a safetensors file, with their paths as names. The old file is kept until the new one is
 * complete. Fails with `FileError`, and with the errors of `read`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-saved.safetensors`
 * const saved = pipe(upload(Float32Array.of(1, 2), [2]), RTE.flatMap((w) => saveTensors(path)({ layer: { w } })))
 * await using(reference())(saved)()
 * const file = await pipe(readBytes(path), TE.flatMapEither(decodeSafetensors(path)))()
 * pipe(file, E.map(({ tensors }) => [...tensors.keys()])) // → E.right(['layer.w'])
 */
export const saveTensors =
  (path: string) =>
  (tree: unknown): Effect<void> =>
    genEffect('saveTensors', function* (backend) {
      const tensors = yield* take(readTensors(tree)(backend));
      yield* take(writeTensors(path, { tensors, metadata: {} }));
    });

/**
 * Uploads a safetensors file, of any size, as the tree of a spec, tensor by tensor: float16, bfloat16 and float64 as
 * float32. Fails with a `CheckpointMismatch`, which names the tensor, if the tensors of the file are not those of the
 * spec, with `FileError`, and with `DecodeError`, also for a float64 number beyond float32.
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
  genEffect('loadTensors', function* (backend) {
    const uploaded = withTensors(path, { finite: false }, ({ entries, tensor }) =>
      gen(function* () {
        yield* take(matching(path, spec, entries));
        return yield* take(uploadEach(path, spec, (name) => tensor(entries.get(name)!))(backend)); // `matching` found it
      }),
    );
    return yield* take(uploaded);
  });
