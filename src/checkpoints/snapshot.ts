/** The state of a training run on the host: what a checkpoint holds. */
import { effect, type Effect } from '../dsl/run/effect.js';
import {
  type AnyValue,
  type Backend,
  isValue,
  type NoisefoldError,
  type RandomKey,
  read,
  release,
  type TreeSpec,
  upload,
  type Value,
  type Resident,
} from '../dsl/index.js';
import { valueShape } from '../dsl/run/value.js';
import { isAbsent, isBranch, leaves } from '../dsl/types/tree.js';
import { fillSpec, type LeafSpec } from '../dsl/graph/spec.js';
import type { Rounding } from '../dsl/plan/backend.js';
import { floatsOfBfloats, floatsOfHalves } from '../internal/numerics/float16.js';
import { withinFloat32 } from '../formats/safetensors/float32.js';
import { fail, showType } from '../internal/errors.js';
import { E, type either, F, t, TE, type taskEither } from '../internal/fp.js';
import { type Fallible, gen, keep, take, type Work } from '../internal/gen.js';
import { hinted, refined } from '../internal/decode.js';
import { argument } from '../internal/schema.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import { genEffect } from '../dsl/run/genEffect.js';

/** The number and the mean of the first losses of a run: at most 100 losses, without losses that explode. */
export interface FirstLosses {
  readonly count: number;
  readonly mean: number;
}

/** A training run between two steps. With the same data set and recipe it resumes bit for bit. */
export interface Snapshot {
  /** The number of updates. */
  readonly step: number;
  /** The key and the batch size of the run. With `step` they determine all later steps. */
  readonly key: RandomKey;
  readonly batch: number;
  /** The tensors of the state by path, `params.…`, `average.…`, `optimizer.…`, `step`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The configuration of the training, as JSON. */
  readonly config: unknown;
  /** The settings of the recipe and its data, as JSON. A resumed run compares them with its own. Missing in older snapshots. */
  readonly settings?: unknown;
  /** The rounding (`backend.rounding`) of the backend that computed the run; missing if the backend states none. */
  readonly rounding?: Rounding;
  /** The loss on held-out images, if this step measured it. */
  readonly heldOut?: number;
  /** The first losses of the run, to find a loss that explodes; missing in older snapshots. */
  readonly firstLosses?: FirstLosses;
}

const storedOf = (
  shape: readonly number[],
  data: Float32Array | Float64Array | Int32Array | Uint8Array,
): StoredTensor => {
  if (data instanceof Int32Array) return { dtype: 'I32', shape, data };
  if (data instanceof Uint8Array) return { dtype: 'BOOL', shape, data };
  return data instanceof Float64Array ? { dtype: 'F64', shape, data } : { dtype: 'F32', shape, data };
};

const valueTree = hinted(
  refined(t.unknown, 'a tree of values on a backend', (tree) => isAbsent(tree) || isBranch(tree) || isValue(tree)),
  'give values, such as trained.params; loadTensors(path, model.params) reads those of a file',
);

/** {@link readTensors} for the function that `where` names in errors. */
export const readTensorsFor = (where: string, tree: unknown): Effect<ReadonlyMap<string, StoredTensor>> =>
  genEffect(where, function* (backend) {
    const pairs = F.pipe(
      leaves(yield* take(argument(`${where}: tree`, valueTree).decode(tree)), isValue),
      TE.traverseArray(({ path, leaf }) =>
        TE.map((data: Parameters<typeof storedOf>[1]) => [path, storedOf(valueShape(leaf), data)] as const)(
          // `isValue` is false for random keys, so each leaf holds numbers
          read(leaf as Value<readonly number[], 'float32' | 'int32' | 'bool'>)(backend),
        ),
      ),
    );
    return new Map(yield* take(pairs));
  });

/**
 * Copies every value of a tree on a backend to the host, by path. {@link loadTensors} reads those of a file.
 * @example
 * await using nf = await open(wasm())
 * const w = await nf.run(upload(Float32Array.of(1, 2), [2]))
 * const tensors = await nf.run(readTensors({ layer: { w } }))
 * tensors.get('layer.w') // → { dtype: 'F32', shape: [2], data: [1, 2] }
 */
export const readTensors = (tree: unknown): Effect<ReadonlyMap<string, StoredTensor>> =>
  readTensorsFor('readTensors', tree);

const DTYPES = { F32: 'float32', F64: 'float32', F16: 'float32', BF16: 'float32', I32: 'int32', BOOL: 'bool' } as const;

/** Widens 16-bit numbers to float32, which backends take. */
const widened = ({ dtype, data }: StoredTensor): StoredTensor['data'] => {
  if (dtype === 'F16') return floatsOfHalves(data);
  return dtype === 'BF16' ? floatsOfBfloats(data) : data;
};

/** Compares the tensors of a file with a spec. `CheckpointMismatch` at the first path, shape or dtype that differs. */
export const matching = (
  where: string,
  spec: TreeSpec<unknown>,
  tensors: ReadonlyMap<string, Pick<StoredTensor, 'dtype' | 'shape'>>,
): either.Either<NoisefoldError, void> => {
  const mismatch = (path: string, expected: string, actual: string) =>
    fail('CheckpointMismatch', {
      where: `${where}: ${path}`,
      expected,
      actual,
      hint: 'load it with the model that it was made from',
    });
  for (const leaf of spec.leaves) {
    const tensor = tensors.get(leaf.path);
    if (tensor === undefined) return mismatch(leaf.path, showType(leaf), 'no such tensor');
    const dtype = tensor.dtype in DTYPES ? DTYPES[tensor.dtype as keyof typeof DTYPES] : tensor.dtype;
    const actual = showType({ dtype, shape: tensor.shape });
    if (actual !== showType(leaf)) return mismatch(leaf.path, showType(leaf), actual);
  }
  const known = new Set(spec.leaves.map(({ path }) => path));
  const extra = [...tensors.keys()].find((path) => !known.has(path));
  return extra === undefined ? E.right(undefined) : mismatch(extra, 'no such tensor', 'one');
};

/** Uploads numbers of the shape and dtype of a leaf. */
type UploadLeaf = (leaf: LeafSpec, data: Float32Array) => (backend: Backend) => Fallible<AnyValue>;

export const uploadLeaf: UploadLeaf = ({ shape, dtype }, data) =>
  upload(data, shape as readonly number[], dtype as 'float32'); // a spec of values has no symbols in its shapes

/**
 * Calls `tensorOf` for each leaf of a spec, uploads its tensor before it reads the next one, and returns the tree of the
 * values. Does not check shapes and dtypes: call {@link matching} first. Fails with a `DecodeError` that names `where`
 * for a float64 number beyond float32. After an error nothing stays on the backend.
 */
export const uploadEach =
  <P>(where: string, spec: TreeSpec<P>, tensorOf: (path: string) => Work<StoredTensor>, by: UploadLeaf = uploadLeaf) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Resident<P>> =>
    gen(function* () {
      const uploaded = new Map<string, AnyValue>();
      for (const leaf of spec.leaves) {
        const { path } = leaf;
        const tensor = yield* take(withinFloat32(`${where}: ${path}`, yield* take(tensorOf(path))));
        const data = widened(tensor) as Float32Array; // `matching` checked the dtype
        uploaded.set(path, yield* keep(by(leaf, data)(backend), (one) => release(one)(backend)));
      }
      // the type of a tree of values follows from the spec, which `fillSpec` does not know
      return fillSpec(spec, ({ path }) => uploaded.get(path) as never) as Resident<P>;
    });

/**
 * Uploads tensors by path as the tree of a spec; `where` names the tensors in messages. Fails with `CheckpointMismatch` if
 * paths, shapes or dtypes differ from the spec, and with `DecodeError` for a float64 number beyond float32.
 * @example
 * const w: StoredTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }
 * const upload = uploadTensors('model.safetensors', treeSpec({ w: leafSpec([3]) }))
 * await using nf = await open(reference())
 * const refusal = await nf.run(upload(new Map([['w', w]]))).then(() => null, errorIn)
 * refusal?.where // → 'model.safetensors: w'
 * refusal?.expected // → 'float32 [3]'
 */
export const uploadTensors =
  <P>(where: string, spec: TreeSpec<P>) =>
  (tensors: Snapshot['tensors']): Effect<Resident<P>> =>
    effect((backend) =>
      gen(function* () {
        yield* take(matching(where, spec, tensors));
        return yield* take(uploadEach(where, spec, (path) => E.right(tensors.get(path)!))(backend)); // `matching` found it
      }),
    );
