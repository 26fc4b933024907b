/**
 * Functions of two tensors, element by element, data last: `sub(y)(x)` is x − y. The second operand `y` is a
 * number, a scalar, or a tensor of the shape and dtype of `x`. Other shapes are broadcast explicitly: by
 * `broadcastTo`, `broadcastLike`, `addBias`, `addPerSample` or `scaleBy`.
 */
import { named } from '../errors.js';
import type { BinaryFn, Node } from '../node.js';
import { binary, select as selectNode, unary } from '../primitives/index.js';
import type { Fixed } from '../shape.js';
import { type AnyTensor, type DType, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { type Numeric, operand, spread } from './operand.js';

/** An operation on numbers of one dtype, which the result keeps. */
export interface Arithmetic<N extends Numeric> {
  (y: number): <S extends Shape, D extends N>(x: Tensor<S, D>) => Tensor<S, D>;
  <D extends N>(y: Tensor<[], D>): <S extends Shape>(x: Tensor<S, D>) => Tensor<S, D>;
  <S extends Shape, D extends N>(y: Tensor<S, D>): (x: Tensor<S, D>) => Tensor<S, D>;
}

/** A comparison of numbers of one dtype. */
export interface Comparison<N extends DType> {
  (y: number): <S extends Shape, D extends N>(x: Tensor<S, D>) => Tensor<S, 'bool'>;
  <D extends N>(y: Tensor<[], D>): <S extends Shape>(x: Tensor<S, D>) => Tensor<S, 'bool'>;
  <S extends Shape, D extends N>(y: Tensor<S, D>): (x: Tensor<S, D>) => Tensor<S, 'bool'>;
}

type Combine = (x: Node, y: Node) => Node;

const dataLast =
  (op: string, combine: Combine) =>
  (y: number | AnyTensor) =>
  <S extends Shape, D extends DType>(x: AnyTensor): Tensor<S, D> =>
    tensor(named(op, () => combine(nodeOf(x), operand(op, y, nodeOf(x)))));

// the overloads say which shapes and dtypes go together: the primitive checks them again
const arithmetic = <N extends Numeric>(op: string, combine: Combine): Arithmetic<N> =>
  dataLast(op, combine) as Arithmetic<N>;
const comparison = <N extends DType>(op: string, combine: Combine): Comparison<N> =>
  dataLast(op, combine) as Comparison<N>;
const by =
  (fn: BinaryFn): Combine =>
  (x, y) =>
    binary(fn, x, y);

/**
 * x + y
 *
 * @example
 * pipe(constantOf([1, 2, 3], 3), add(10)) // → [11, 12, 13]
 */
export const add: Arithmetic<Numeric> = arithmetic('add', by('add'));

/**
 * x − y
 *
 * @example
 * pipe(constantOf([5, 7], 2), sub(constantOf([1, 2], 2))) // → [4, 5]
 */
export const sub: Arithmetic<Numeric> = arithmetic('sub', by('sub'));

/**
 * x · y
 *
 * @example
 * pipe(constantOf([1, 2, 3], 3), mul(constantOf([0, 1, 2], 3))) // → [0, 2, 6]
 */
export const mul: Arithmetic<Numeric> = arithmetic('mul', by('mul'));

/**
 * x / y
 *
 * @example
 * pipe(constantOf([1, 2], 2), div(4)) // → [0.25, 0.5]
 */
export const div: Arithmetic<'float32'> = arithmetic('div', by('div'));

/**
 * xʸ
 *
 * @example
 * pipe(constantOf([1, 2, 3], 3), pow(2)) // → [1, 4, 9]
 */
export const pow: Arithmetic<'float32'> = arithmetic('pow', by('pow'));

/**
 * x − y·⌊x/y⌋: it has the sign of y.
 *
 * @example
 * pipe(constantOf([-1, 7], 2), mod(5)) // → [4, 2]
 */
export const mod: Arithmetic<Numeric> = arithmetic('mod', by('mod'));

/**
 * The greater of x and y.
 *
 * @example
 * pipe(constantOf([1, 5], 2), maximum(3)) // → [3, 5]
 */
export const maximum: Arithmetic<Numeric> = arithmetic('maximum', by('max'));

/**
 * The lesser of x and y.
 *
 * @example
 * pipe(constantOf([1, 5], 2), minimum(3)) // → [1, 3]
 */
export const minimum: Arithmetic<Numeric> = arithmetic('minimum', by('min'));

/**
 * x = y
 *
 * @example
 * pipe(iota(4), equal(2)) // → [false, false, true, false]
 */
export const equal: Comparison<Numeric | 'bool'> = comparison('equal', by('equal'));

/**
 * x ≠ y
 *
 * @example
 * pipe(iota(4), notEqual(2)) // → [true, true, false, true]
 */
export const notEqual: Comparison<Numeric | 'bool'> = comparison('notEqual', (x, y) =>
  unary('not', binary('equal', x, y)),
);

/**
 * x < y
 *
 * @example
 * pipe(iota(4), less(2)) // → [true, true, false, false]
 */
export const less: Comparison<Numeric> = comparison('less', by('less'));

/**
 * x ≤ y
 *
 * @example
 * pipe(iota(4), lessEqual(2)) // → [true, true, true, false]
 */
export const lessEqual: Comparison<Numeric> = comparison('lessEqual', by('lessEqual'));

/**
 * x > y
 *
 * @example
 * pipe(iota(4), greater(2)) // → [false, false, false, true]
 */
export const greater: Comparison<Numeric> = comparison('greater', (x, y) => binary('less', y, x));

/**
 * x ≥ y
 *
 * @example
 * pipe(iota(4), greaterEqual(2)) // → [false, false, true, true]
 */
export const greaterEqual: Comparison<Numeric> = comparison('greaterEqual', (x, y) =>
  binary('lessEqual', y, x),
);

/**
 * True where x and y are.
 *
 * @example
 * const t = iota(4)
 * pipe(t, greater(0), and(pipe(t, less(3)))) // → [false, true, true, false]
 */
export const and =
  <S extends Shape>(y: Tensor<S, 'bool'>) =>
  (x: Tensor<S, 'bool'>): Tensor<S, 'bool'> =>
    tensor(binary('and', nodeOf(x), nodeOf(y)));

/**
 * True where x or y is.
 *
 * @example
 * const t = iota(4)
 * pipe(t, less(1), or(pipe(t, greater(2)))) // → [true, false, false, true]
 */
export const or =
  <S extends Shape>(y: Tensor<S, 'bool'>) =>
  (x: Tensor<S, 'bool'>): Tensor<S, 'bool'> =>
    tensor(binary('or', nodeOf(x), nodeOf(y)));

/** See {@link select}. */
export interface Select {
  (
    condition: Tensor<[], 'bool'>,
    otherwise: number,
  ): <S extends Shape, D extends Numeric>(x: Tensor<S, D>) => Tensor<S, D>;
  <S extends Shape, D extends DType>(
    condition: Tensor<[], 'bool'>,
    otherwise: Tensor<S, D>,
  ): (x: Tensor<S, D>) => Tensor<S, D>;
  <S extends Shape>(
    condition: Tensor<S, 'bool'>,
    otherwise: number,
  ): <D extends Numeric>(x: Tensor<S, D>) => Tensor<S, D>;
  <S extends Shape, D extends DType>(
    condition: Tensor<S, 'bool'>,
    otherwise: Tensor<Fixed<S>, D>,
  ): (x: Tensor<S, D>) => Tensor<S, D>;
}

/**
 * x where `condition` holds, `otherwise` elsewhere. One condition may decide for the whole tensor.
 *
 * @example
 * const x = constantOf([-1, 2, -3], 3)
 * pipe(x, select(pipe(x, greater(0)), 0)) // → [0, 2, 0]
 * pipe(x, select(isFinite(scalar(NaN)), zerosLike(x))) // → [0, 0, 0]
 */
export const select: Select =
  (condition: AnyTensor, otherwise: number | AnyTensor) =>
  <S extends Shape, D extends DType>(x: AnyTensor): Tensor<S, D> => {
    const n = nodeOf(x);
    const given = nodeOf(condition);
    const holds = given.shape.length === 0 ? spread(given, n.shape) : given;
    return tensor(selectNode(holds, n, operand('select', otherwise, n)));
  };
