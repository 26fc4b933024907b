/** Saves and loads a tree of values by path, for the parameters of models that `fit` does not train. */
import type { Effect } from '../dsl/run/effect.js';
import type { TreeSpec, Resident } from '../dsl/index.js';
import { treeSpecPart } from '../dsl/graph/spec.js';
import { hinted } from '../internal/decode.js';
import { gen, take } from '../internal/gen.js';
import { argument } from '../internal/schema.js';
import { genEffect } from '../dsl/run/genEffect.js';
import { matching, readTensorsFor, uploadEach } from './snapshot.js';
import { withTensors, writeTensors } from '../node/tensorStream.js';

/**
 * Writes a tree of values as a safetensors file, with their paths as names. Replaces the old file only when the new file
 * is complete. Fails with `FileError`, and with the errors of `read`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-saved.safetensors`
 * await using nf = await open(reference())
 * const w = await nf.run(upload(Float32Array.of(1, 2), [2]))
 * await nf.run(saveTensors(path)({ layer: { w } }))
 * const file = unwrap(decodeSafetensors(path)(await nf.run(readBytes(path))))
 * Array.from(file.tensors.keys()) // → ['layer.w']
 */
export const saveTensors =
  (path: string) =>
  (tree: unknown): Effect<void> =>
    genEffect('saveTensors', function* (backend) {
      const tensors = yield* take(readTensorsFor('saveTensors', tree)(backend));
      yield* take(writeTensors(path, { tensors, metadata: {} }));
    });

const specPart = hinted(treeSpecPart, 'give the spec of its tensors, such as model.params');

/**
 * Uploads a safetensors file of any size, tensor by tensor, as the tree of a spec. Converts float16, bfloat16 and float64
 * to float32. Fails with a `CheckpointMismatch`, which names the tensor, if the tensors differ from the spec; with
 * `FileError`; and with `DecodeError` for a damaged file or a float64 number beyond float32.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-loaded.safetensors`
 * const { params } = layer({ w: parameter(allOnes, 2) }, (bound) => bound)
 * await using nf = await open(reference())
 * const w = await nf.run(upload(Float32Array.of(1, 2), [2]))
 * await nf.run(saveTensors(path)({ w }))
 * const loaded = await nf.run(loadTensors(path, params))
 * await nf.run(read(loaded.w)) // → [1, 2]
 */
export const loadTensors = <P>(path: string, spec: TreeSpec<P>): Effect<Resident<P>> =>
  genEffect('loadTensors', function* (backend) {
    yield* take(argument('loadTensors: spec', specPart).decode(spec));
    const uploaded = withTensors(path, { finite: false }, ({ entries, tensor }) =>
      gen(function* () {
        yield* take(matching(path, spec, entries));
        return yield* take(uploadEach(path, spec, (name) => tensor(entries.get(name)!))(backend)); // `matching` found it
      }),
    );
    return yield* take(uploaded);
  });
