/**
 * Arithmetic, comparison and selection, element by element. Operands come in reading order: `sub(x, y)` is x − y. Both have
 * one shape and dtype; either may be a number or a scalar. Broadcast other shapes explicitly: `broadcastTo`,
 * `broadcastLike`, `addBias`, `addPerSample`, `scaleBy`.
 */
import { atan2Composite } from '../../composites/index.js';
import { dataFirst } from '../../../internal/dual.js';
import { named } from '../../../internal/errors.js';
import type { Node } from '../../graph/node.js';
import * as nodes from '../../primitives/index.js';
import { type AnyTensor, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import type { ShapeMismatch } from '../../types/mismatch.js';
import { type NumberOrTensor, type Numeric, operands, spread } from '../operand.js';

// The compiler reports the last of more than three overloads, so the last one has the messages. `NoInfer` on the dtype of the
// second operand prevents a union of two dtypes.

/** An operation on two numbers of one dtype. The result has this dtype too, or `R` if it is given. */
export interface Arithmetic<N extends DType, R extends DType = never> {
  <S extends Shape, D extends N>(x: Tensor<S, D>, y: Tensor<S, NoInfer<D>>): Tensor<S, Result<D, R>>;
  <S extends Shape, D extends N>(x: number, y: Tensor<S, D>): Tensor<S, Result<D, R>>;
  <S extends Shape, D extends N>(x: Tensor<S, D>, y: number): Tensor<S, Result<D, R>>;
  <S extends Shape, D extends N>(x: Tensor<[], NoInfer<D>>, y: Tensor<S, D>): Tensor<S, Result<D, R>>;
  <S extends Shape, D extends N>(x: Tensor<S, D>, y: Tensor<[], NoInfer<D>>): Tensor<S, Result<D, R>>;
  // repeats the overload with messages, for calls that match no other one; it accepts a number as `x`, so that the
  // error is at `y`
  <S extends Shape, T extends Shape, D extends N>(
    x: Tensor<S, D> | number,
    y: SameShape<S, T, NoInfer<D>>,
  ): Tensor<S, Result<D, R>>;
}
/** A tensor of the shape `S`, or a message. */
type SameShape<
  S extends Shape,
  T extends Shape,
  D extends DType,
  X extends string = 'the first operand',
  Y extends string = 'the second operand',
> = [T] extends [S] ? Tensor<T, D> : ShapeMismatch<S, T, X, Y>;
type Result<D extends DType, R extends DType> = [R] extends [never] ? D : R;

/** A comparison of two numbers of one dtype. */
export type Comparison<N extends DType> = Arithmetic<N, 'bool'>;

/** An operation on two bools. */
interface Logical {
  <S extends Shape>(x: Tensor<S, 'bool'>, y: Tensor<S, 'bool'>): Tensor<S, 'bool'>;
  <S extends Shape>(x: Tensor<[], 'bool'>, y: Tensor<S, 'bool'>): Tensor<S, 'bool'>;
  <S extends Shape>(x: Tensor<S, 'bool'>, y: Tensor<[], 'bool'>): Tensor<S, 'bool'>;
  <S extends Shape, T extends Shape>(x: Tensor<S, 'bool'>, y: SameShape<S, T, 'bool'>): Tensor<S, 'bool'>;
}

/** Makes an operation on two operands; the overloads of `F` relate the shapes and dtypes. */
const ofTwo = <F extends object>(op: string, combine: (x: Node, y: Node) => Node): F =>
  dataFirst(op, 2, (x: NumberOrTensor, y: NumberOrTensor) => tensor(named(op, () => combine(...operands(op, x, y)))));

/**
 * x + y
 * @example
 * add(constantOf([1, 2, 3], 3), 10) // → [11, 12, 13]
 */
export const add: Arithmetic<Numeric> = ofTwo('add', nodes.add);

/**
 * x − y
 * @example
 * const [x, y] = [constantOf([5, 7], 2), constantOf([1, 2], 2)]
 * sub(x, y) // → [4, 5]
 * sub(1, x) // → [-4, -6]
 */
export const sub: Arithmetic<Numeric> = ofTwo('sub', nodes.sub);

/**
 * x · y
 * @example
 * mul(constantOf([1, 2, 3], 3), constantOf([0, 1, 2], 3)) // → [0, 2, 6]
 * mul(2, constantOf([1, 2, 3], 3)) // → [2, 4, 6]
 */
export const mul: Arithmetic<Numeric> = ofTwo('mul', nodes.mul);

/**
 * x / y
 * @example
 * div(constantOf([1, 2], 2), 4) // → [0.25, 0.5]
 * div(1, constantOf([1, 2], 2)) // → [1, 0.5]
 */
export const div: Arithmetic<'float32'> = ofTwo('div', nodes.div);

/**
 * xʸ
 * @example pow(constantOf([1, 2, 3], 3), 2) // → [1, 4, 9]
 */
export const pow: Arithmetic<'float32'> = ofTwo('pow', (x, y) => nodes.binary('pow', x, y));

/**
 * x − y·⌊x/y⌋, with the sign of y.
 * @example mod(constantOf([-1, 7], 2), 5) // → [4, 2]
 */
export const mod: Arithmetic<Numeric> = ofTwo('mod', (x, y) => nodes.binary('mod', x, y));

/**
 * The angle of the point (x, y) in (−π, π]: the arctangent of y/x in the quadrant of the point. It is 0, with derivative
 * 0, at the origin.
 * @example
 * const [y, x] = [constantOf([1, 1, -1, 0], 4), constantOf([1, -1, 0, -1], 4)]
 * atan2(y, x) // → [0.7854, 2.356, -1.571, 3.142]
 */
export const atan2: Arithmetic<'float32'> = ofTwo('atan2', (y, x) => nodes.composite(atan2Composite, [y, x]));

/**
 * The greater of x and y.
 * @example maximum(constantOf([1, 5], 2), 3) // → [3, 5]
 */
export const maximum: Arithmetic<Numeric> = ofTwo('maximum', nodes.max);

/**
 * The smaller of x and y.
 * @example minimum(constantOf([1, 5], 2), 3) // → [1, 3]
 */
export const minimum: Arithmetic<Numeric> = ofTwo('minimum', (x, y) => nodes.binary('min', x, y));

/**
 * x = y
 * @example equal(iota(4), 2) // → [false, false, true, false]
 */
export const equal: Comparison<Numeric | 'bool'> = ofTwo('equal', nodes.equal);

/**
 * x ≠ y
 * @example notEqual(iota(4), 2) // → [true, true, false, true]
 */
export const notEqual: Comparison<Numeric | 'bool'> = ofTwo('notEqual', (x, y) =>
  nodes.unary('not', nodes.equal(x, y)),
);

/**
 * x < y
 * @example less(iota(4), 2) // → [true, true, false, false]
 */
export const less: Comparison<Numeric> = ofTwo('less', nodes.less);

/**
 * x ≤ y
 * @example lessEqual(iota(4), 2) // → [true, true, true, false]
 */
export const lessEqual: Comparison<Numeric> = ofTwo('lessEqual', (x, y) => nodes.binary('lessEqual', x, y));

/**
 * x > y
 * @example greater(iota(4), 2) // → [false, false, false, true]
 */
export const greater: Comparison<Numeric> = ofTwo('greater', (x, y) => nodes.less(y, x));

/**
 * x ≥ y
 * @example greaterEqual(iota(4), 2) // → [false, false, true, true]
 */
export const greaterEqual: Comparison<Numeric> = ofTwo('greaterEqual', (x, y) => nodes.binary('lessEqual', y, x));

/**
 * True where both x and y are true.
 * @example and(greater(iota(4), 0), less(iota(4), 3)) // → [false, true, true, false]
 */
export const and: Logical = ofTwo('and', (x, y) => nodes.binary('and', x, y));

/**
 * True where x or y is true, or both.
 * @example or(less(iota(4), 1), greater(iota(4), 2)) // → [true, false, false, true]
 */
export const or: Logical = ofTwo('or', (x, y) => nodes.binary('or', x, y));

export interface Where {
  <S extends Shape, D extends DType>(condition: Tensor<S, 'bool'>, yes: Tensor<S, D>, no: Tensor<S, NoInfer<D>>): Tensor<S, D>;
  <S extends Shape, D extends DType>(condition: Tensor<S, 'bool'>, yes: Tensor<[], NoInfer<D>>, no: Tensor<S, D>): Tensor<S, D>;
  <S extends Shape, D extends DType>(condition: Tensor<S, 'bool'>, yes: Tensor<S, D>, no: Tensor<[], NoInfer<D>>): Tensor<S, D>;
  <S extends Shape, D extends DType>(condition: Tensor<[], 'bool'>, yes: Tensor<[], NoInfer<D>>, no: Tensor<S, D>): Tensor<S, D>;
  <S extends Shape, D extends DType>(condition: Tensor<[], 'bool'>, yes: Tensor<S, D>, no: Tensor<[], NoInfer<D>>): Tensor<S, D>;
  <S extends Shape, D extends Numeric>(condition: Tensor<[], 'bool'>, yes: number, no: Tensor<S, D>): Tensor<S, D>;
  <S extends Shape, D extends Numeric>(condition: Tensor<[], 'bool'>, yes: Tensor<S, D>, no: number): Tensor<S, D>;
  <S extends Shape, D extends DType>(condition: Tensor<[], 'bool'>, yes: Tensor<S, D>, no: Tensor<S, NoInfer<D>>): Tensor<S, D>;
  <S extends Shape, D extends Numeric>(condition: Tensor<S, 'bool'>, yes: number, no: Tensor<S, D>): Tensor<S, D>;
  <S extends Shape, D extends Numeric>(condition: Tensor<S, 'bool'>, yes: Tensor<S, D>, no: number): Tensor<S, D>;
  // repeats the overload with messages, for calls that match no other one
  <S extends Shape, T extends Shape, U extends Shape, D extends DType>(condition: Tensor<S, 'bool'>, yes: SameShape<S, T, D, 'the condition', '`yes`'>, no: SameShape<S, U, NoInfer<D>, 'the condition', '`no`'>): Tensor<S, D>;
} // oxfmt-ignore

/**
 * `yes` where `condition` holds, `no` elsewhere. A scalar condition selects a whole branch; one branch may be a number
 * or a scalar.
 * @example
 * const x = constantOf([-1, 2, -3], 3)
 * where(greater(x, 0), x, 0) // → [0, 2, 0]
 * where(isFinite(scalar(NaN)), x, zerosLike(x)) // → [0, 0, 0]
 * where(greater(x, 0), 1, x) // → [-1, 1, -3]
 */
export const where: Where = dataFirst('where', 3, (condition: AnyTensor, yes: NumberOrTensor, no: NumberOrTensor) => {
  const [a, b] = operands('where', yes, no); // the types exclude two numbers
  const holds = nodeOf(condition);
  return tensor(named('where', () => nodes.select(holds.shape.length === 0 ? spread(holds, a.shape) : holds, a, b)));
});
