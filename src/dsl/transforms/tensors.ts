/** Functions over the tensors of a tree, as optimizers and moving averages need them. */
import { dual } from '../dual.js';
import { raise } from '../errors.js';
import type { Grads } from './grads.js';
import { type AnyTensor, type DType, dtypeOf, isTensor, type Shape, type Tensor } from '../graph/tensor.js';
import { type Leaf, leaves, mapLeaves, zipLeaves } from '../types/tree.js';

/**
 * All tensors of a tree with their paths, in the order of insertion.
 *
 * @example
 * tensorsOf({ fc: { w: ones(2) }, b: scalar(0) }).map(({ path }) => path) // → ['fc.w', 'b']
 */
export const tensorsOf = (tree: unknown): readonly Leaf<AnyTensor>[] => leaves(tree, isTensor);

/** A function that keeps shape and dtype. */
type OfAnyNumbers = <S extends Shape, D extends Exclude<DType, 'key'>>(
  x: Tensor<S, D>,
  path: string,
) => Tensor<S, D>;

/** See {@link mapTensors}. */
interface MapTensors {
  <P>(tree: P, f: OfAnyNumbers): P;
  (f: OfAnyNumbers): <P>(tree: P) => P;
}

/**
 * Applies a function to each tensor of a tree. Keys stay as they are.
 *
 * @example
 * mapTensors({ w: ones(2), b: scalar(3) }, zerosLike) // → { w: [0, 0], b: 0 }
 */
export const mapTensors: MapTensors = dual('mapTensors', 2, (tree: unknown, f: OfAnyNumbers) =>
  mapLeaves(tree, isTensor, (x, path) => (isNumbers(x) ? f(x, path) : x)),
);

/** A tree, and others of its form: trees of parameters or of gradients. */
type TreesLike<P> = readonly [first: P, ...others: readonly (P | Grads<P>)[]];
type JoinTensors = <S extends Shape>(x: Tensor<S>, ...others: readonly Tensor<S>[]) => Tensor<S>;

/** See {@link zipTensors}. */
interface ZipTensors {
  <P>(trees: TreesLike<P>, f: JoinTensors): P;
  (f: JoinTensors): <P>(trees: TreesLike<P>) => P;
}

/**
 * Joins trees of one form at each float32 tensor: `f` takes a tensor of each tree, in their order, and its result takes
 * the place of the first. A tensor that another tree lacks (the gradient of an int32 tensor is null) stays as it is.
 * Raises `ConfigError` if the forms differ, or if there are fewer trees than `f` has parameters.
 *
 * @example
 * const [params, gradient] = [{ w: constantOf([1, 2], 2) }, { w: ones(2) }]
 * zipTensors([params, gradient], (p, g) => sub(p, mul(0.1, g))) // → { w: [0.9, 1.9] }
 */
export const zipTensors: ZipTensors = dual('zipTensors', 2, (trees: TreesLike<unknown>, f: JoinTensors) => {
  if (trees.length < f.length)
    raise('ConfigError', {
      where: 'zipTensors',
      expected: `${f.length} trees, one for each parameter of the function`,
      actual: `${trees.length}`,
      hint: 'give as many trees as the function takes tensors',
    });
  return zipLeaves(trees, isTensor, (x, theirs) => {
    const present = theirs.filter((y) => y !== null && isFloats(y));
    return isFloats(x) && present.length === theirs.length
      ? f(x, ...(present as readonly Tensor<Shape>[])) // each of them passed `isFloats`
      : x;
  });
});

const isFloats = (x: AnyTensor): x is Tensor<Shape> => dtypeOf(x) === 'float32';
const isNumbers = (x: AnyTensor): x is Tensor<Shape, Exclude<DType, 'key'>> => dtypeOf(x) !== 'key';
