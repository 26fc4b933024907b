/** Functions over the tensors of a tree, for optimizers and moving averages. */
import { isWork, show } from '../../internal/decode.js';
import { dual, type Dual } from '../../internal/dual.js';
import { raise } from '../../internal/errors.js';
import type { Grads } from './grads.js';
import { type AnyTensor, type DType, dtypeOf, isTensor, type Shape, type Tensor } from '../graph/tensor.js';
import { type Leaf, leaves, mapLeaves, zipLeaves } from '../types/tree.js';

/**
 * Lists the tensors of a tree with their paths, in insertion order.
 * @example tensorsOf({ fc: { w: ones(2) }, b: scalar(0) }).map(({ path }) => path) // → ['fc.w', 'b']
 */
export const tensorsOf = (tree: unknown): readonly Leaf<AnyTensor>[] => leaves(tree, isTensor);

/** A function that keeps shape and dtype. */
type OfAnyNumbers = <S extends Shape, D extends Exclude<DType, 'key'>>(x: Tensor<S, D>, path: string) => Tensor<S, D>;

/**
 * Applies a function to each tensor of a tree. Keys are kept.
 * @example mapTensors({ w: ones(2), b: scalar(3) }, zerosLike) // → { w: [0, 0], b: 0 }
 */
export const mapTensors: Dual<<P>(tree: P, f: OfAnyNumbers) => P, (f: OfAnyNumbers) => <P>(tree: P) => P> = dual(
  'mapTensors',
  2,
  <P>(tree: P, f: OfAnyNumbers): P => mapLeaves(tree, isTensor, (x, path) => (isNumbers(x) ? f(x, path) : x)) as P,
);

/** Trees with the structure of the first tree, such as parameters and their gradients. */
type TreesLike<P> = readonly [first: P, ...others: readonly (NoInfer<P> | Grads<P>)[]];
const hasTrees = (args: readonly unknown[]): boolean => args.length > 1;
type JoinTensors = <S extends Shape>(x: Tensor<S>, ...others: readonly Tensor<S>[]) => Tensor<S>;

/**
 * Combines trees of one structure at each float32 tensor: `f` takes a tensor of each tree, and its result replaces that of
 * the first tree. A tensor that another tree lacks (the gradient of an int32 tensor is null) is kept. Raises `ConfigError`
 * if the structures differ, or if there are fewer trees than `f` has parameters.
 * @example
 * const [params, gradient] = [{ w: constantOf([1, 2], 2) }, { w: ones(2) }]
 * zipTensors([params, gradient], (p, g) => sub(p, mul(0.1, g))) // → { w: [0.9, 1.9] }
 */
export const zipTensors: Dual<
  <P>(trees: TreesLike<P>, f: JoinTensors) => P,
  (f: JoinTensors) => <P>(trees: TreesLike<P>) => P
> = dual('zipTensors', hasTrees, (trees: TreesLike<unknown>, f: JoinTensors) => {
  const refuse = (expected: string, actual: string, hint: string): never =>
    raise('ConfigError', { where: 'zipTensors', expected, actual, hint });
  if (!Array.isArray(trees) || typeof f !== 'function' || isWork(f))
    refuse('a list of trees, and a function', `${show(trees)}, and ${show(f)}`, 'write zipTensors([a, b], f)');
  if (trees.length < f.length) {
    const expected = `${f.length} trees, one for each parameter of the function`;
    refuse(expected, `${trees.length}`, 'give as many trees as the function takes tensors');
  }
  return zipLeaves(trees, isTensor, (x, others) => {
    const present = others.filter((y) => y !== null && isFloats(y));
    return isFloats(x) && present.length === others.length ? f(x, ...present) : x;
  });
});

const isFloats = (x: AnyTensor): x is Tensor<Shape> => dtypeOf(x) === 'float32';
const isNumbers = (x: AnyTensor): x is Tensor<Shape, Exclude<DType, 'key'>> => dtypeOf(x) !== 'key';
