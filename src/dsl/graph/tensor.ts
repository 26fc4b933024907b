import { show } from '../../internal/decode.js';
import type { OneEach, Shape } from '../types/dim.js';
import { type Explanation, raise } from '../../internal/errors.js';
import type { DType, Node } from './node.js';
import { leaves, mapLeaves, withLeaves } from '../types/tree.js';

export type { Dim, Shape } from '../types/dim.js';
export type { DType } from './node.js';

declare const shape: unique symbol;
declare const dtype: unique symbol;

/**
 * A staged tensor: an expression of a program that is being traced. The shape `S` exists in types only; {@link dims} has
 * the extents of the trace.
 */
export interface Tensor<S extends Shape, D extends DType = 'float32'> {
  /** Phantom: absent at run time. */
  readonly [shape]: OneEach<S>;
  readonly [dtype]: D;
}

/** A tensor of a dtype and any shape, even if the shape contains a type parameter. */
export interface OfDType<D extends DType> {
  readonly [dtype]: D;
}

export type Scalar = Tensor<[]>;
/** A staged random key; see `keys.ts`. */
export type Key = Tensor<[], 'key'>;
export type AnyTensor = Tensor<Shape, DType>;
/** The shape of a tensor type, even if its dtype is a type parameter. */
export type ShapeIn<T extends AnyTensor> = T[typeof shape];

/**
 * Returns a node as a tensor. Only this function and {@link nodeOf} convert between the two, which are the same object.
 */
export const tensor = <S extends Shape, D extends DType>(n: Node): Tensor<S, D> => n as unknown as Tensor<S, D>;
/** The node of a tensor. Raises `ShapeError` for any other value, which JavaScript callers may pass. */
export const nodeOf = (x: AnyTensor): Node => (isNode(x) ? x : raise('ShapeError', notATensor(x)));

const isNode = (x: unknown): x is Node =>
  typeof x === 'object' && x !== null && 'op' in x && 'inputs' in x && 'depth' in x;

/**
 * The error for a value that is not a tensor. A partially applied operation is a function named after the operation:
 * see `dual`.
 */
const notATensor = (x: unknown): Explanation => {
  const wrong = (actual: string, hint: string) => ({ where: 'operation', expected: 'a tensor', actual, hint });
  if (typeof x !== 'function')
    return wrong(show(x), 'a tensor is what the operations return, or an input of a program');
  const pipeable = `${x.name} waits for its first operand: write ${x.name.replace('(…)', '(x, …)')} or pipe(x, ${x.name})`;
  return wrong(`the function ${x.name || 'without a name'}`, x.name.endsWith('(…)') ? pipeable : 'call it');
};

/**
 * Tests if a value is a staged tensor. Trees of tensors and resident values are not.
 * @example
 * isTensor(zeros(2)) // → true
 * isTensor({ w: zeros(2) }) // → false
 */
export const isTensor = (x: unknown): x is AnyTensor => isNode(x);

/** Lists the nodes of the tensors in a tree. */
export const nodesIn = (tree: unknown): readonly Node[] => leaves(tree, isTensor).map(({ leaf }) => nodeOf(leaf));

/** Applies a function to the node of each tensor in a tree. Null, such as the gradient of an integer, stays null. */
export const mapNodes = (tree: unknown, f: (n: Node, path: string) => Node | null): unknown =>
  mapLeaves(tree, isTensor, (x, path) => {
    const n = f(nodeOf(x), path);
    return n && tensor(n);
  });

/** Replaces the nodes of the tensors in a tree by others, given in its order. */
export const withNodes = (tree: unknown, nodes: readonly Node[]): unknown =>
  withLeaves(tree, isTensor, nodes.map((n) => tensor(n))); // oxfmt-ignore

/**
 * Tests if an argument stands in the position of a tensor. Also accepts partially applied operations, which the
 * data-first form then rejects.
 */
export const isOperand = (x: unknown): boolean => isTensor(x) || typeof x === 'function';

/** The type of {@link dims}: a number for each axis. */
export type ExtentsOf<T> = T extends Tensor<infer S, DType> ? { readonly [I in keyof S]: number } : readonly number[];

/**
 * The extents of a tensor in the trace, one for each axis. Their type is `number`, even for literals and symbols, so
 * that functions of any shape can compute with them.
 * @example
 * const x = zeros(32, 28, 28, 1)
 * dims(x) // → [32, 28, 28, 1]
 * const [batch, height] = dims(x)
 * height / 2 // → 14
 */
export const dims = <T extends AnyTensor>(x: T): ExtentsOf<T> => nodeOf(x).shape as ExtentsOf<T>; // one for each axis

/**
 * The dtype of a tensor.
 * @example
 * dtypeOf(zeros(2)) // → 'float32'
 * dtypeOf(iota(10)) // → 'int32'
 */
export const dtypeOf = <D extends DType>(x: Tensor<Shape, D>): D => nodeOf(x).dtype as D;
