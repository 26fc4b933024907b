/** Tensors of known values. */
import type { Checked } from '../types/checked.js';
import { countable, type Extent, type Extents, type Shown, type Widened } from '../types/dim.js';
import { dual, type Dual } from '../../internal/dual.js';
import { numbers } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import type { NumberType } from '../graph/region.js';
import { type DTypeOfArray, dtypeOfArray } from '../types/dtype.js';
import type { Product } from '../types/product.js';
import { demandNumber } from '../primitives/checks.js';
import { constant, full, iota as iotaNode } from '../primitives/index.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../graph/tensor.js';

/** The extents of a checked shape, whose type `Extents<S>` is S or error messages. Raises `ShapeError`. */
const checked = (op: string, shape: readonly unknown[]): readonly number[] => countable(op, shape as readonly number[]);

/**
 * Fills a shape with one number. Extents known only at run time are wide; see `ascribe`.
 * @example fullOf(0.5, 2, 3) // → [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]
 */
export const fullOf = <const S extends readonly number[]>(value: number, ...shape: Extents<S>): Tensor<Widened<S>> =>
  tensor(full(demandNumber('fullOf', value), checked('fullOf', shape)));

/**
 * Makes zeros of a shape; see {@link fullOf}.
 * @example zeros(8, 28, 28, 1) // : Tensor<[8, 28, 28, 1]>
 */
export const zeros = <const S extends readonly number[]>(...shape: Extents<S>): Tensor<Widened<S>> =>
  tensor(full(0, checked('zeros', shape)));

/**
 * Makes ones of a shape; see {@link fullOf}.
 * @example ones(2, 3) // → [[1, 1, 1], [1, 1, 1]]
 */
export const ones = <const S extends readonly number[]>(...shape: Extents<S>): Tensor<Widened<S>> =>
  tensor(full(1, checked('ones', shape)));

/**
 * Fills the shape and dtype of `x` with one number.
 * @example fullLike(iota(3), 7) // → [7, 7, 7]
 */
export const fullLike: Dual<
  <S extends Shape, D extends NumberType>(x: Tensor<S, D>, value: number) => Tensor<S, D>,
  (value: number) => <S extends Shape, D extends NumberType>(x: Tensor<S, D>) => Tensor<S, D>
> = dual('fullLike', 2, (x: AnyTensor, value: number) => {
  const { shape, dtype } = nodeOf(x);
  return tensor(full(demandNumber('fullLike', value), shape, dtype));
});

/**
 * Makes zeros in the shape and dtype of `x`.
 * @example zerosLike(iota(3)) // → [0, 0, 0]
 */
export const zerosLike = <S extends Shape, D extends NumberType>(x: Tensor<S, D>): Tensor<S, D> => fullLike(x, 0);

/**
 * Makes ones in the shape and dtype of `x`.
 * @example onesLike(iota(3)) // → [1, 1, 1]
 */
export const onesLike = <S extends Shape, D extends NumberType>(x: Tensor<S, D>): Tensor<S, D> => fullLike(x, 1);

/**
 * Makes a number a scalar tensor; default dtype: float32.
 * @example
 * scalar(0.5) // : Tensor<[]>
 * scalar(7, 'int32') // : Tensor<[], 'int32'>
 */
export const scalar: {
  // two signatures: TypeScript would infer D from the expected type of a call instead of its default
  (value: number): Tensor<[]>;
  <D extends Exclude<DType, 'key'>>(value: number, dtype: D): Tensor<[], D>;
} = <D extends NumberType>(value: number, dtype?: D): Tensor<[], D> =>
  tensor(full(demandNumber('scalar', value), [], dtype ?? 'float32'));

type HostNumbers = readonly number[] | Float64Array | Float32Array | Int32Array | Uint8Array;

/** An error message if a literal list is too long or too short for a valid shape; otherwise `never`. */
type OtherLength<A extends HostNumbers, S extends Shape> = number extends A['length']
  ? never
  : Product<[S] extends [Extents<S>] ? S : readonly [Dim]> extends infer N extends number
    ? number extends N
      ? never
      : A['length'] extends N
        ? never
        : `${A['length']} numbers, but ${Shown<S>} has ${N} elements`
    : never;

const numbersOf = argument('constantOf: data', numbers);

const dataOf = (data: HostNumbers): Float64Array | Float32Array | Int32Array | Uint8Array => {
  numbersOf.demand(data);
  return data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array
    ? data.slice()
    : Float64Array.from(data, (x) => demandNumber('constantOf', x));
};

/**
 * Makes a tensor of numbers in row-major order: int32 from an `Int32Array`, bool from a `Uint8Array`, otherwise
 * float32. The type of a literal list checks its length; for other lists the call raises `ShapeError` if the length
 * does not fit.
 * @example
 * constantOf([1, 2, 3, 4], 2, 2) // → [[1, 2], [3, 4]]
 * constantOf(Int32Array.of(7, 3), 2) // : Tensor<[2], 'int32'>
 * const wrong = attempt(() => constantOf(Float32Array.of(1, 2, 3), 2))
 * isLeft(wrong) && wrong.left._tag // → 'ShapeError'
 */
export const constantOf = <const A extends HostNumbers, const S extends readonly number[]>(
  data: Checked<A, S, OtherLength<A, S>, S[number]>,
  ...shape: Extents<S>
): Tensor<Widened<S>, DTypeOfArray<A>> => {
  const numbers = data as A; // or an error message
  return tensor(constant(dataOf(numbers), checked('constantOf', shape), dtypeOfArray(numbers)));
};

/**
 * Makes a vector of numbers to `gather` from, such as a schedule by timestep.
 * @example
 * gather(table([0.9, 0.5, 0.1]), constantOf(Int32Array.of(2, 0), 2)) // → [0.1, 0.9]
 * table([0.9, 0.5, 0.1]) // : Tensor<[3]>
 * table(Float32Array.of(0.9, 0.5, 0.1)) // : Tensor<[Dim]>
 */
export const table = <const A extends HostNumbers>(data: A): Tensor<Widened<[A['length']]>, DTypeOfArray<A>> =>
  tensor(constant(dataOf(data), [data.length], dtypeOfArray(data)));

/**
 * Makes the integers 0 … n − 1.
 * @example
 * iota(4) // → [0, 1, 2, 3]
 * iota(4) // : Tensor<[4], 'int32'>
 */
export const iota = <const N extends number>(n: Extent<N>): Tensor<Widened<[N]>, 'int32'> =>
  tensor(iotaNode(checked('iota', [n]), 0));
