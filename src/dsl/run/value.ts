/**
 * Resident values: tensors in the memory of a backend. They live until {@link release}, or until their backend is
 * closed, which `using` does at its end.
 */
import { effect, type Effect, task, type Task } from './effect.js';
import { isTagged } from '../../internal/either.js';
import { E, type either, F, type readerTaskEither, t, TE, type taskEither } from '../../internal/fp.js';
import type { Backend, DeviceBuffer, HostArray } from '../plan/backend.js';
import { fail, failure, type NoisefoldError, orRaise, showShape } from '../../internal/errors.js';
import { isExtent, type OneEach } from '../types/dim.js';
import { type ArrayOf, type DTypeOfArray, dtypeOfArray } from '../types/dtype.js';
import { inspected } from '../graph/node.js';
import { sizeOf } from '../../internal/numbers.js';
import type { Itself } from '../../internal/itself.js';
import { functionOf, hinted, hostArray, oneOf, refined } from '../../internal/decode.js';
import { partLike } from '../../internal/parts.js';
import { argument, schema } from '../../internal/schema.js';
import type { NumberType } from '../graph/region.js';
import { type DType, isTensor, type Shape } from '../graph/tensor.js';
import type { FloatStorage, HalfStorage } from '../types/storage.js';
import { kindOf, leaves } from '../types/tree.js';

declare const shape: unique symbol;
declare const dtype: unique symbol;

/** A tensor in the memory of a backend. Its type is not compatible with a staged `Tensor`. */
export interface Value<S extends Shape, D extends DType = 'float32'> {
  readonly [shape]: readonly [Readonly<OneEach<S>>, 'value'];
  readonly [dtype]: D;
}
export type AnyValue = Value<Shape, DType>;

/** The representation of a value. */
export interface ResidentRecord {
  readonly _tag: 'Value';
  readonly backend: Backend;
  readonly buffer: DeviceBuffer;
  readonly shape: readonly number[];
  readonly dtype: NumberType;
  /** The storage, if the numbers have 16 bits: each word holds two numbers. Undefined for any other value. */
  readonly storage?: HalfStorage | undefined;
  /** The only mutable field. */
  state: 'live' | 'donated' | 'released';
}

/**
 * Makes a live value. Only this function and {@link residentOf} convert between a value and its record, which are the
 * same object.
 */
export const value = <V = AnyValue>(of: Omit<ResidentRecord, '_tag' | 'state'>): V => {
  const resident: ResidentRecord = { _tag: 'Value', state: 'live', ...of };
  const note = () => (resident.state === 'live' ? 'read it for its numbers' : `it was ${resident.state}`);
  return inspected(resident, 'Value', note) as unknown as V;
};
const residentOf = (v: AnyValue): ResidentRecord => (isResident(v) ? v : orRaise(notAValue('value', v)));

const isResident = (x: unknown): x is ResidentRecord => isTagged(x, 'Value');

/**
 * Tests if an argument is a resident value, not a staged tensor or numbers of the host.
 * @example
 * await using nf = await open(reference())
 * isValue(await nf.run(upload(Float32Array.of(1, 2), [2]))) // → true
 * isValue(zeros(2)) // → false
 */
export const isValue = (x: unknown): x is AnyValue => isResident(x);

/**
 * The extents of a value.
 * @example
 * await using nf = await open(reference())
 * valueShape(await nf.run(upload(Float32Array.of(1, 2, 3, 4), [2, 2]))) // → [2, 2]
 */
export const valueShape = (v: AnyValue): readonly number[] => residentOf(v).shape;

/**
 * The storage of a value: 'float32', unless `loadWeights` or `storeAs` rounded its numbers to 16 bits.
 * @example
 * await using nf = await open(reference())
 * const x = await nf.run(upload(Float32Array.of(1, 2), [2]))
 * valueStorage(x) // → 'float32'
 */
export const valueStorage = (v: AnyValue): FloatStorage => residentOf(v).storage ?? 'float32';

/** The error for an argument that is not a value, from JavaScript or through a cast. */
const notAValue = (where: string, x: unknown): either.Either<NoisefoldError, never> => {
  const wrong = (actual: string, hint: string) => fail('ConfigError', { where, expected: 'a value', actual, hint });
  if (typeof x === 'function') return wrong('work that was not run', `write ${where}(await nf.run(…))`);
  return isTensor(x)
    ? wrong('a tensor of a program, which has no numbers', 'compile the program and run it')
    : wrong(kindOf(x), 'give a result of upload or of a run');
};

/**
 * The record of a value that is usable on a backend. Returns a `BackendFailure` if `backend` is closed; a `ValueConsumed`
 * if the value was donated or released, or belongs to another backend that is closed; and a `ConfigError` for a value of
 * another open backend, or for anything else.
 */
export const liveOn =
  (backend: Backend, where: string) =>
  (v: AnyValue): either.Either<NoisefoldError, ResidentRecord> => {
    if (!isResident(v)) return notAValue(where, v);
    const { state, backend: owner } = v;
    const refuse = (actual: string, hint: string, tag: 'ValueConsumed' | 'BackendFailure' = 'ValueConsumed') =>
      fail(tag, { where, expected: 'a live value', actual, hint });
    const advice = 'is an `await` missing before nf.run? Or read it before its backend closes, and upload it here';
    if (owner.closed())
      return refuse(`one of the ${owner.name} backend, which is closed`, advice, owner === backend ? 'BackendFailure' : undefined); // oxfmt-ignore
    if (state === 'donated') return refuse('one that was donated', 'use the result of the run that it was donated to');
    if (state === 'released') return refuse('one that was released', 'release it after its last use');
    if (owner === backend) return E.right(v);
    return fail('ConfigError', {
      where,
      expected: `a value of the backend '${backend.name}' that runs`,
      actual: `one of another open backend, '${owner.name}'`,
      hint: 'read it there and upload it here; a trained model: saveTrained there, and loadTrained here',
    });
  };

/** The arguments of {@link upload}, of which JavaScript may pass any. */
const uploadArguments = schema(
  'upload',
  {
    data: hostArray,
    shape: refined(t.unknown, 'a list of extents', Array.isArray),
    dtype: oneOf('float32', 'int32', 'bool'),
  },
  'write upload(Float32Array.of(1, 2), [2]), and a dtype if it is not that of the array',
);

/** The error for bytes that are not 0 or 1 and have no dtype. */
const noBools = (byte: number): NoisefoldError =>
  failure('DTypeError', {
    where: 'upload',
    expected: 'bytes of 0 and 1, because a Uint8Array holds bools',
    actual: `${byte}`,
    hint: "give the dtype of other bytes: upload(bytes, shape, 'float32')",
  });

/**
 * Uploads numbers in row-major order. The default dtype is int32 for an `Int32Array`, bool for a `Uint8Array`, otherwise
 * float32. Copies the numbers when it starts: the array may change afterwards. Fails with `ShapeError` if the count of
 * the numbers does not fit the shape, and with `DTypeError` for bytes above 1 without a dtype.
 * @example
 * const four = Float32Array.of(1, 2, 3, 4)
 * await using nf = await open(reference())
 * const x = await nf.run(upload(four, [2, 2]))
 * await nf.run(read(x)) // → [1, 2, 3, 4]
 * await nf.run(upload(four, [3])).catch((thrown) => errorIn(thrown)?._tag) // → 'ShapeError'
 */
export const upload = <A extends HostArray, const S extends readonly number[], D extends NumberType = DTypeOfArray<A>>(
  data: A,
  extents: S,
  as?: D,
): Effect<Value<S, D>> =>
  effect((backend): Task<Value<S, D>> => {
    const dtype = as ?? dtypeOfArray(data);
    const valid = uploadArguments.decode({ data, shape: extents, dtype });
    if (E.isLeft(valid)) return task(TE.fromEither(valid));
    const byte = as === undefined && dtype === 'bool' ? data.find((x) => x > 1) : undefined;
    if (byte !== undefined) return task(TE.left(noBools(byte)));
    const expected = 'one number for each element of a shape of integers ≥ 0';
    const actual = `${data.length} for ${showShape(extents)}`;
    return extents.every(isExtent) && data.length === sizeOf(extents)
      ? task(async () => {
          const uploaded = await backend.upload(data, dtype)(); // begins at the call
          return E.map((buffer: DeviceBuffer) => value<Value<S, D>>({ backend, buffer, shape: [...extents], dtype }))(
            uploaded,
          );
        })
      : task(TE.left(failure('ShapeError', { where: 'upload', expected, actual, hint: 'give them row-major' })));
  });

/** The array that a value of a dtype is read into. */
export type Read<D extends DType> = ArrayOf<D>;

/**
 * Copies the numbers of a value to the host, row-major (float32 as a Float64Array on the reference backend). Fails with
 * `ValueConsumed` if the value was donated or released.
 * @example
 * await using nf = await open(reference())
 * const labels = await nf.run(upload(Int32Array.of(3, 1), [2]))
 * await nf.run(read(labels)) // → [3, 1]
 */
export const read = <D extends NumberType>(v: Itself<Value<Shape, D>>): Effect<Read<D>> =>
  effect((backend) =>
    F.pipe(
      TE.fromEither(liveOn(backend, 'read')(v)),
      TE.flatMap(
        (resident) =>
          (resident.storage === undefined
            ? backend.read(resident.buffer)
            : async () => (await import('./packing.js')).readPacked(resident)()) as taskEither.TaskEither<
            NoisefoldError,
            Read<D> // backends return the array type of the dtype
          >,
      ),
    ),
  );

/**
 * Frees the memory of every value in a tree. Skips values that were donated or released. Frees all values that it can
 * before it fails: with `BackendFailure` if the backend is closed, with `ValueConsumed` for a value of another backend
 * that is closed, and with `ConfigError` for a value of another open backend.
 * @example
 * await using nf = await open(reference())
 * const x = await nf.run(upload(Float32Array.of(1, 2), [2]))
 * await nf.run(release(x))
 * await nf.run(read(x)).catch((thrown) => errorIn(thrown)?._tag) // → 'ValueConsumed'
 */
export const release = <A>(tree: A): Effect<void> =>
  effect((backend) => async () => {
    const results = valuesOf(tree).flatMap((v) =>
      residentOf(v).state === 'live' ? [liveOn(backend, 'release')(v)] : [],
    );
    for (const live of results.filter(E.isRight)) {
      live.right.state = 'released';
      backend.release(live.right.buffer)();
    }
    return results.find(E.isLeft) ?? E.right(undefined);
  });

/** Tests for a leaf of a tree of results: a value, or a word of a key. */
export const isResult = (x: unknown): x is AnyValue | number => isValue(x) || typeof x === 'number';

/** Lists the values of a tree of results, in order. */
export const valuesOf = (tree: unknown): readonly AnyValue[] =>
  leaves(tree, isResult).flatMap(({ leaf }) => (isValue(leaf) ? [leaf] : []));

const [acquisition, used] = [
  argument('using', hinted(functionOf('a backend, such as wasm()'), 'write using(wasm())(effects)')),
  argument('using', partLike('a backend', 'using(wasm())', 'compile', 'close')),
];

/**
 * Acquires a backend, runs effects on it, and closes it with all of its values, also after an error or an exception.
 * @example
 * import { readerTaskEither as RTE } from 'fp-ts'
 * const numbers = pipe(upload(Float32Array.of(1, 2), [2]), RTE.flatMap(read)) // needs a backend
 * const task = using(reference())(numbers) // not started yet
 * await task() // → right([1, 2])
 */
export const using =
  (acquire: taskEither.TaskEither<NoisefoldError, Backend>) =>
  <A>(effects: readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, A>): Task<A> =>
    task(
      TE.flatMap((backend: Backend) => async () => {
        const known = used.decode(backend);
        if (E.isLeft(known)) return known;
        // TE.bracket does not close the backend if the effects throw
        const [ran] = await Promise.allSettled([Promise.resolve().then(() => effects(backend)())]);
        const closed = await backend.close();
        if (ran.status === 'rejected') throw ran.reason;
        return E.flatMap(() => ran.value)(closed);
      })(acquisition.demand(acquire) as typeof acquire),
    );

/**
 * Gets the backend inside an effect, for example for its name or its memory in use.
 * @example
 * await using nf = await open(reference())
 * await nf.run(upload(Float32Array.of(1, 2), [2]))
 * const backend = await nf.run(askBackend)
 * backend.stats().buffers // → 1
 */
export const askBackend: Effect<Backend> = effect((backend) => TE.right(backend));
