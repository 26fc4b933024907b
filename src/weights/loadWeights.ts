/** Loads the weights of other projects as the parameters of a model. */
import type { Effect } from '../dsl/run/effect.js';
import {
  type Backend,
  type Key,
  program,
  type RandomKey,
  release,
  type Resident,
  type TreeSpec,
} from '../dsl/index.js';
import { fail, raise } from '../internal/errors.js';
import { floatStorage } from '../dsl/types/storage.js';
import { withinFloat32 } from '../formats/safetensors/float32.js';
import type { OpenTensors } from '../formats/safetensors/openTensors.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import { prefixOf } from '../formats/weights.js';
import type { Exact } from '../internal/exact.js';
import { functionOf, hinted, hostKey, refined } from '../internal/decode.js';
import { E, t } from '../internal/fp.js';
import { type Fallible, gen, hold, take, type Work } from '../internal/gen.js';
import { describePrefixes, prefixesIn } from './names/prefixes.js';
import { compareWeights, describeReport, isOfOtherDType, type Place, type WeightReport } from './names/report.js';
import { oursOf } from './names/rename.js';
import { type NamedModel, type Naming, ownNames, type WeightTable } from './names/table.js';
import type { Weight } from './names/layout.js';
import type { WeightFiles } from '../node/weights.js';
import { treeSpecPart } from '../dsl/graph/spec.js';
import { argument, type FilledOf, optional, type OptionsOf, schema } from '../internal/schema.js';
import { genEffect } from '../dsl/run/genEffect.js';
import { compiled } from '../dsl/run/compile.js';
import { SCALES } from '../checkpoints/quantized.js';
import { readTensors } from '../checkpoints/snapshot.js';
import { uploadStored } from '../checkpoints/uploadStored.js';
import { openWeights } from './openWeights.js';

/** A model whose parameters are loaded; `init` is needed for a partial load. */
export interface LoadableModel<P> extends NamedModel {
  readonly params: TreeSpec<P>;
  readonly init?: (key: Key) => P;
}

export const namesPart = functionOf<Naming>('names such as diffusers, or guidedDiffusion()');

const loading = schema('loadWeights', {
  /** The names in the file, such as `diffusers` or `guidedDiffusion()`; default: the paths of the parameters. */
  names: optional(namesPart, ownNames),
  /** The beginning of the names in the file, up to a dot: `model`. Tensors with other names are ignored. */
  prefix: optional(t.string, ''),
  /**
   * True: draws the parameters that the file lacks, or has in another shape, from `key`, and ignores tensors that the model
   * lacks. The report lists both. Needs no `key` if the file has all parameters. Default: false, which fails instead.
   */
  partial: optional(t.boolean, false),
  /** The key of the parameters that a partial load draws. */
  key: optional(hostKey),
  /**
   * The storage of the parameters on the backend: 'float16' and 'bfloat16' round them, and halve their memory. `sample`
   * and the measurements then decode each parameter while it is used. Default: 'float32'.
   */
  storage: optional(floatStorage, 'float32'),
});

/** Options of {@link loadWeights}. */
export interface LoadWeightsOptions extends OptionsOf<typeof loading> {}

/** Parameters from a file, and the differences between the file and the model. */
export interface LoadedWeights<P> {
  readonly params: Resident<P>;
  readonly report: WeightReport;
}

/** A network; a trained one has parameters on a backend in place of their spec. */
export const modelPart = hinted(
  refined(t.unknown, 'a model, such as the result of unet', (model) => treeSpecPart.is(Object(model).params)),
  'give the network: of a trained model its field `model`',
);

/** The numbers of a tensor as float32. */
const floatsOf = ({ dtype, data }: StoredTensor): Float32Array =>
  dtype === 'F32' ? data : Float32Array.from(data as Float64Array); // the report has refused other dtypes

/** Reads the tensors of a parameter, and converts them to our layout. `path` names the file in messages. */
const parameterFrom = (
  path: string,
  { entries, tensor }: OpenTensors,
  { entry, names }: Place,
): Fallible<StoredTensor> =>
  gen(function* () {
    const theirs: Weight[] = [];
    for (const name of names) {
      const weight = yield* take(tensor(entries.get(name)!)); // the report lists it as found
      const { shape } = yield* take(withinFloat32(`${path}: ${name}`, weight));
      theirs.push({ shape, data: floatsOf(weight) });
    }
    return { dtype: 'F32' as const, ...oursOf(entry, theirs) };
  });

/** The initial parameters of a model on the host, by path. */
const initial = <P>({ init }: LoadableModel<P>, key: RandomKey, backend: Backend) =>
  gen(function* () {
    if (init === undefined)
      return raise('ConfigError', {
        where: 'loadWeights: model',
        expected: 'a model with `init`, which draws the parameters that the file lacks',
        actual: 'none',
        hint: 'give the model that unet made, or a file with all parameters',
      });
    const freed = ({ release: free }: { readonly release: () => void }) => free();
    const drawing = yield* hold(compiled(program('key', init), {})<RandomKey, Resident<P>>(backend), freed);
    const tree = yield* hold(drawing.run(key), (params) => release(params)(backend));
    return yield* take(readTensors(tree)(backend));
  });

/** The key of a partial load. Raises `ConfigError` if there is none. */
const demanded = (key: RandomKey | undefined): RandomKey =>
  key ??
  raise('ConfigError', {
    where: 'loadWeights: key',
    expected: 'a key, from which a partial load draws the parameters that the file lacks',
    actual: 'none',
    hint: 'give { partial: true, key: key(7) }',
  });

/** Suggests another file, a prefix or a partial load, for a file that differs from a model. */
const hintFor = (table: WeightTable, entries: OpenTensors['entries'], report: WeightReport, prefix: string): string => {
  const { missing, unexpected, mismatched } = report;
  const others = prefixesIn(table, entries).filter((each) => each.prefix !== prefix);
  const likely = [report, ...others.slice(0, 1).map((each) => compareWeights(table, entries, each.prefix).report)];
  const [integer] = likely.flatMap((each) => each.mismatched.filter(isOfOtherDType));
  if (integer !== undefined)
    return entries.has(SCALES + integer.name)
      ? 'loadTrained reads this file, which saveTrained wrote as int8; saveWeights writes the weights as floats'
      : 'give a file in float32, float16 or bfloat16: its weights are integers, which tensor.float() converts in PyTorch';
  const prefixes = describePrefixes(table, others);
  if (missing.length + mismatched.length === 0)
    return `all parameters are there; partial: true ignores the ${unexpected.length} other tensors, such as buffers of a schedule${others.length > 0 ? `; other prefixes are ${prefixes}` : ''}`;
  return others.length > 0
    ? `give prefix: ${prefixes}`
    : 'give the model, names and prefix of this file; partial: true draws the parameters that it lacks';
};

/** A `CheckpointMismatch`, with the report in words. */
const refuse = (path: string, table: WeightTable, { entries }: OpenTensors, report: WeightReport, prefix: string) =>
  fail('CheckpointMismatch', {
    where: path,
    expected: `the ${table.entries.length} parameters of the model`,
    actual: describeReport(report),
    hint: hintFor(table, entries, report, prefix),
  });

/** Loads the parameters of a model from an open file. The caller owns them. */
export const weightsIn = <P>(
  path: string,
  file: OpenTensors,
  model: LoadableModel<P>,
  { names, prefix: text, partial, key, storage }: FilledOf<typeof loading>,
  backend: Backend,
): Fallible<LoadedWeights<P>> =>
  gen(function* () {
    const table = yield* take(names(model));
    const prefix = prefixOf(text);
    const { report, places } = compareWeights(table, file.entries, prefix);
    const fitting = places.filter(({ fits }) => fits);
    if (describeReport(report) !== '' && !(partial && fitting.length > 0))
      yield* take(refuse(path, table, file, report, prefix));
    const isWhole = fitting.length === places.length;
    const initials = isWhole ? new Map<string, StoredTensor>() : yield* take(initial(model, demanded(key), backend));
    const byName = new Map(fitting.map((place) => [place.entry.ours, place]));
    const tensorOf = (ours: string): Work<StoredTensor> => {
      const place = byName.get(ours);
      return place === undefined ? E.right(initials.get(ours)!) : parameterFrom(path, file, place); // one of the two has it
    };
    const uploaded = uploadStored(path, model.params, tensorOf, storage);
    return { params: yield* take(uploaded(backend)), report };
  });

/**
 * Reads the weights of a model from files of another project, of any format that `withWeights` opens, and uploads them
 * as float32, or in another `storage`, one after the other. Returns the parameters, and a report of all tensors that are missing, unexpected or
 * of another shape. Such a difference is a `CheckpointMismatch` that lists up to ten names of each kind, and the prefixes
 * that fit, averages first, unless the load is `partial`. In that case `model.init` draws the parameters that the file
 * lacks from `key`, and tensors that the model lacks are ignored; a file that has none of the parameters is still
 * refused. NaN, infinities, and float64 numbers beyond float32 are a `DecodeError` that names the
 * tensor. After an error nothing stays on the backend. Fails with `ConfigError` for a model that the other project
 * cannot express, and with `FileError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-weights.safetensors`
 * const model = layer({ fc: linearLayer({ inputs: 2, outputs: 1 }) }, ({ fc }) => fc)
 * const names = namesBy([
 *   { ours: 'fc.w', theirs: ['0.weight'], layout: { ours: 'i o', theirs: 'o i' } },
 *   { ours: 'fc.b', theirs: ['0.bias'] },
 * ])
 * await using nf = await open(reference())
 * const w = await nf.run(upload(Float32Array.of(1, 2), [2, 1]))
 * const b = await nf.run(upload(Float32Array.of(3), [1]))
 * await nf.run(saveWeights(path, model, { fc: { w, b } }, { names }))
 * const { params, report } = await nf.run(loadWeights(path, model, { names }))
 * await nf.run(read(params.fc.w)) // → [1, 2]
 * report.missing // → []
 * const refusal = await nf.run(loadWeights(path, model)).then(() => null, errorIn)
 * refusal?.actual // → '2 missing: fc.w, fc.b; 2 unexpected: 0.weight, 0.bias'
 */
export const loadWeights = <P, G = unknown>(
  source: WeightFiles,
  model: LoadableModel<P>,
  options?: Exact<G, keyof LoadWeightsOptions> & LoadWeightsOptions,
): Effect<LoadedWeights<P>> =>
  genEffect('loadWeights', function* (backend) {
    const known = yield* take(loading.decode(options));
    yield* take(argument('loadWeights: model', modelPart).decode(model));
    const loaded = openWeights('loadWeights', source, (path, file) => weightsIn(path, file, model, known, backend));
    return yield* take(loaded);
  });
