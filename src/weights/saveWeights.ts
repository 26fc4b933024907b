/** Saves parameters as files that other projects read. */
import type { Effect } from '../dsl/run/effect.js';
import type { Backend, Resident, TreeSpec } from '../dsl/index.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import { prefixOf } from '../formats/weights.js';
import type { Exact } from '../internal/exact.js';
import { t } from '../internal/fp.js';
import { type Block, take } from '../internal/gen.js';
import { theirsOf } from './names/rename.js';
import { type NamedModel, ownNames, type WeightTable } from './names/table.js';
import type { Weight } from './names/layout.js';
import { writeTensors } from '../node/tensorStream.js';
import { argument, type FilledOf, optional, type OptionsOf, schema } from '../internal/schema.js';
import { genEffect } from '../dsl/run/genEffect.js';
import { fileDType, rounded } from '../checkpoints/rounded.js';
import { matching, readTensors } from '../checkpoints/snapshot.js';
import { modelPart, namesPart } from './loadWeights.js';

const saving = schema('saveWeights', {
  /** The names in the file, such as `diffusers` or `guidedDiffusion()`; default: the paths of the parameters. */
  names: optional(namesPart, ownNames),
  /** The beginning of the names in the file, up to a dot: `model`; default: nothing. */
  prefix: optional(t.string, ''),
  /** The dtype of the numbers in the file: 'float16' halves its size; default 'float32'. */
  dtype: optional(fileDType, 'float32'),
});

/** Options of {@link saveWeights}. */
export interface SaveWeightsOptions extends OptionsOf<typeof saving> {}

/** The numbers of a tensor as float32, because those of the reference backend are float64. */
const weightOf = ({ shape, data }: StoredTensor): Weight => ({
  shape,
  data: data instanceof Float32Array ? data : Float32Array.from(data as Float64Array), // of parameters
});

/** Parameters under the names of a table, with its constants. */
const renamed = ({ entries, constants }: WeightTable, ours: ReadonlyMap<string, StoredTensor>) => [
  ...entries.flatMap((entry) => {
    const theirs = theirsOf(entry, weightOf(ours.get(entry.ours)!)); // `matching` found it
    return theirs.map((weight, i) => [entry.theirs[i]!, weight] as const);
  }),
  ...constants,
];

/** Writes the parameters of a model to a safetensors file, by the names of a table. */
export function* writeWeights<P>(
  where: string,
  path: string,
  model: NamedModel & { readonly params: TreeSpec<P> },
  params: Resident<P>,
  { names, prefix: text, dtype }: FilledOf<typeof saving>,
  backend: Backend,
): Block<void> {
  const table = yield* take(names(model));
  const prefix = prefixOf(text);
  const ours = yield* take(readTensors(params)(backend));
  yield* take(matching(where, model.params, ours));
  const tensors = renamed(table, ours).map(([name, weight]): [string, StoredTensor] => [
    prefix + name,
    rounded(where, dtype, prefix + name, { dtype: 'F32', ...weight }),
  ]);
  yield* take(writeTensors(path, { tensors: new Map(tensors), metadata: { format: 'pt' } }, { finite: true }));
}

/**
 * Writes the parameters of a model as a safetensors file that PyTorch's `safetensors` reads, with the names and layouts
 * of another project. Fails with `ConfigError` for a number that is not finite or too large for float16, and for a
 * model that the other project cannot express, with `CheckpointMismatch` for parameters that are not those of the
 * model, and with `FileError`; the older file is then kept.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-theirs.safetensors`
 * const model = layer({ w: parameter(allOnes, 2) }, (bound) => bound)
 * const names = namesBy([{ ours: 'w', theirs: ['scale'] }])
 * await using nf = await open(reference())
 * const w = await nf.run(upload(Float32Array.of(1, 2), [2]))
 * await nf.run(saveWeights(path, model, { w }, { names }))
 * const file = unwrap(decodeSafetensors(path)(await nf.run(readBytes(path))))
 * Array.from(file.tensors.keys()) // → ['scale']
 * file.metadata.format // → 'pt'
 */
export const saveWeights = <P, G = unknown>(
  path: string,
  model: NamedModel & { readonly params: TreeSpec<P> },
  params: Resident<P>,
  options?: Exact<G, keyof SaveWeightsOptions> & SaveWeightsOptions,
): Effect<void> =>
  genEffect('saveWeights', function* (backend) {
    const known = yield* take(saving.decode(options));
    yield* take(argument('saveWeights: model', modelPart).decode(model));
    yield* writeWeights('saveWeights', path, model, params, known, backend);
  });
