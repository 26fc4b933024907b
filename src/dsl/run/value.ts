/**
 * Resident values: tensors in a backend's memory, between runs. They belong to the scope of their
 * backend (`using` releases all of them at its end), and can be released earlier.
 */
import { effect, type Effect, task, type Task } from './effect.js';
import { E, RTE, type readerTaskEither, TE, type taskEither } from '../../internal/fp.js';
import type { Backend, DeviceBuffer, HostArray } from '../compile/backend.js';
import { fail, type NoisefoldError, showShape } from '../errors.js';
import { isExtent } from '../types/extent.js';
import { type DTypeOfArray, dtypeOfArray } from '../graph/hostArray.js';
import { sizeOf } from '../graph/node.js';
import type { NumberType } from '../graph/region.js';
import type { DType, Shape } from '../graph/tensor.js';
import { leaves, mapLeaves } from '../types/tree.js';

declare const shape: unique symbol;
declare const dtype: unique symbol;

/** A tensor in a backend's memory. It never mixes with a staged `Tensor`. */
export interface Value<S extends Shape, D extends DType = 'float32'> {
  readonly [shape]: readonly [Readonly<S>, 'value'];
  readonly [dtype]: D;
}
export type AnyValue = Value<Shape, DType>;

/** What a value is underneath. */
export interface ResidentRecord {
  readonly _tag: 'Value';
  readonly backend: Backend;
  readonly buffer: DeviceBuffer;
  readonly shape: readonly number[];
  readonly dtype: NumberType;
  /** `live`, or what became of it; the one thing about a value that changes. */
  state: 'live' | 'donated' | 'released';
}

/** A value is its resident record: the phantom type is put on here and taken off in {@link residentOf}. */
export const value = <V = AnyValue>(resident: ResidentRecord): V => resident as unknown as V;
const residentOf = (v: AnyValue): ResidentRecord => v as unknown as ResidentRecord;

/**
 * Whether something is a resident value, and not a staged tensor or numbers of the host.
 *
 * @example
 * const ofUploaded = pipe(upload(Float32Array.of(1, 2), [2]), RTE.map(isValue))
 * await using(reference())(ofUploaded)() // → E.right(true)
 * isValue(zeros(2)) // → false
 */
export const isValue = (x: unknown): x is AnyValue =>
  typeof x === 'object' && x !== null && '_tag' in x && x._tag === 'Value';

/**
 * The extents of a value.
 *
 * @example
 * const shape = pipe(upload(Float32Array.of(1, 2, 3, 4), [2, 2]), RTE.map(valueShape))
 * await using(reference())(shape)() // → E.right([2, 2])
 */
export const valueShape = (v: AnyValue): readonly number[] => residentOf(v).shape;

/** A value that can be used on this backend, or why it cannot. */
export const liveOn =
  (backend: Backend, where: string) =>
  (v: AnyValue): E.Either<NoisefoldError, ResidentRecord> => {
    const resident = residentOf(v);
    if (resident.state !== 'live')
      return fail('ValueConsumed', {
        where,
        expected: 'a live value',
        actual: `one that was ${resident.state}`,
        hint:
          resident.state === 'donated'
            ? 'use the result of the run that it was donated to'
            : 'release it after its last use',
      });
    if (resident.backend !== backend && resident.backend.closed())
      return fail('ValueConsumed', {
        where,
        expected: 'a live value',
        actual: `one of the ${resident.backend.name} backend, which is closed`,
        hint: 'use it before its backend closes, or read it there and upload it here',
      });
    if (resident.backend !== backend)
      return fail('ConfigError', {
        where,
        expected: `a value of the backend '${backend.name}' that runs`,
        actual: `one of another backend, '${resident.backend.name}'`,
        hint: 'read it there and upload it here',
      });
    return E.right(resident);
  };

/**
 * Uploads numbers in row-major order: as int32 from an `Int32Array`, bool from a `Uint8Array`, else float32, if
 * no dtype is given. Fails with `ShapeError` where their count is not that of the shape.
 *
 * @example
 * const four = Float32Array.of(1, 2, 3, 4)
 * await using(reference())(pipe(upload(four, [2, 2]), RTE.flatMap(read)))() // → E.right([1, 2, 3, 4])
 * pipe(await using(reference())(upload(four, [3]))(), E.mapLeft(({ _tag }) => _tag)) // → E.left('ShapeError')
 */
export const upload = <
  A extends HostArray,
  const S extends readonly number[],
  D extends NumberType = DTypeOfArray<A>,
>(
  data: A,
  extents: S,
  as: D = dtypeOfArray(data) as NumberType as D, // the default of the type parameter
): Effect<Value<S, D>> =>
  effect((backend) =>
    extents.every(isExtent) && data.length === sizeOf(extents)
      ? TE.map((buffer: DeviceBuffer): Value<S, D> =>
          value({ _tag: 'Value', backend, buffer, shape: [...extents], dtype: as, state: 'live' }),
        )(backend.upload(data, as))
      : TE.fromEither(
          fail('ShapeError', {
            where: 'upload',
            expected: 'one number for each element of a shape of integers ≥ 0',
            actual: `${data.length} for ${showShape(extents)}`,
            hint: 'give them row-major',
          }),
        ),
  );

/** The numbers of a value as they are read: bools as bytes. */
export type Read<D extends DType> = D extends 'int32'
  ? Int32Array
  : D extends 'bool'
    ? Uint8Array
    : Float32Array | Float64Array;

/**
 * Copies a value's numbers to the host, row-major (Float64Array from the reference, Float32Array elsewhere).
 * Fails with `ValueConsumed` where the value was donated or released.
 *
 * @example
 * const labels = pipe(upload(Int32Array.of(3, 1), [2]), RTE.flatMap(read))
 * await using(reference())(labels)() // → E.right([3, 1])
 */
export const read = <D extends NumberType>(v: Value<Shape, D>): Effect<Read<D>> =>
  effect((backend) =>
    TE.flatMap(
      ({ buffer }: ResidentRecord) =>
        // a backend reads the array type that belongs to the dtype
        backend.read(buffer) as taskEither.TaskEither<NoisefoldError, Read<D>>,
    )(TE.fromEither(liveOn(backend, 'read')(v))),
  );

/**
 * Gives the memory of every value in a tree back; those that are gone already are passed over.
 *
 * @example
 * const gone = pipe(upload(Float32Array.of(1, 2), [2]), RTE.tap(release), RTE.flatMap(read))
 * pipe(await using(reference())(gone)(), E.mapLeft(({ _tag }) => _tag)) // → E.left('ValueConsumed')
 */
export const release = <A>(tree: A): Effect<void> =>
  effect((backend) => async () => {
    for (const v of valuesOf(tree)) {
      const resident = residentOf(v);
      if (resident.state !== 'live') continue;
      resident.state = 'released';
      backend.release(resident.buffer)();
    }
    return E.right(undefined);
  });

/** Trees of results hold values, and keys, which are pairs of numbers and own no memory. */
const isMember = (x: unknown): x is AnyValue | number => isValue(x) || typeof x === 'number';

/** The values of a tree of results, in order. */
export const valuesOf = (tree: unknown): readonly AnyValue[] =>
  leaves(tree, isMember).flatMap(({ leaf }) => (isValue(leaf) ? [leaf] : []));

/** A tree of results with something else for each value. */
export const mapValues = (f: (v: AnyValue) => unknown): ((tree: unknown) => unknown) =>
  mapLeaves(isMember, (x) => (isValue(x) ? f(x) : x));

/**
 * Acquires a backend, runs a program of effects on it, and releases the backend with everything on it,
 * whatever happened.
 *
 * @example
 * const numbers = pipe(upload(Float32Array.of(1, 2), [2]), RTE.flatMap(read)) // asks for a backend
 * const task = using(reference())(numbers) // nothing has run yet
 * await task() // → E.right([1, 2])
 */
export const using =
  (acquire: taskEither.TaskEither<NoisefoldError, Backend>) =>
  <A>(effects: readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, A>): Task<A> =>
    task(
      TE.flatMap((backend: Backend) => async () => {
        // TE.bracket would leave the backend open where the effects throw
        const [ran] = await Promise.allSettled([Promise.resolve().then(() => effects(backend)())]);
        const closed = await backend.close();
        if (ran.status === 'rejected') throw ran.reason;
        return E.flatMap(() => ran.value)(closed);
      })(acquire),
    );

/**
 * The backend itself, inside of effects: for its name, or the memory in use.
 *
 * @example
 * const buffers = pipe(askBackend, RTE.map(({ stats }) => stats().buffers))
 * const held = pipe(upload(Float32Array.of(1, 2), [2]), RTE.flatMap(() => buffers))
 * await using(reference())(held)() // → E.right(1)
 */
export const askBackend: Effect<Backend> = effect(RTE.ask<Backend>());
