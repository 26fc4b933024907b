/** Trees of tensors, as optimisers and averages go through them. */
import { raise } from './errors.js';
import type { Grads } from './grads.js';
import { type AnyTensor, type DType, dtypeOf, isTensor, type Shape, type Tensor } from './tensor.js';
import { type Leaf, leaves, mapLeaves, zipLeaves } from './tree.js';

/**
 * All tensors of a tree with their paths, in the order of insertion.
 *
 * @example
 * tensorsOf({ fc: { w: ones(2) }, b: scalar(0) }).map(({ path }) => path) // → ['fc.w', 'b']
 */
export const tensorsOf: (tree: unknown) => readonly Leaf<AnyTensor>[] = leaves(isTensor);

/**
 * Applies a function to each tensor of a tree; keys stay as they are.
 *
 * @example
 * mapTensors(zerosLike)({ w: ones(2), b: scalar(3) }) // → { w: [0, 0], b: 0 }
 */
export const mapTensors =
  (f: <S extends Shape, D extends Exclude<DType, 'key'>>(x: Tensor<S, D>, path: string) => Tensor<S, D>) =>
  <P>(tree: P): P =>
    // f keeps shapes and dtypes, so the type of the tree is kept
    mapLeaves(isTensor)((x, path) => (isNumbers(x) ? f(x, path) : x))(tree) as P;

/**
 * Joins trees of one form at each float32 tensor: a tree for each parameter of the function. Where another tree
 * has none (the gradient of an int32 leaf is null), the first tree's tensor stays as it is. Raises
 * `ConfigError` where the forms differ, or trees are too few.
 *
 * @example
 * const [params, gradient] = [{ w: constantOf([1, 2], 2) }, { w: ones(2) }]
 * zipTensors((p, g) => pipe(p, sub(pipe(g, mul(0.1)))))(params, gradient) // → { w: [0.9, 1.9] }
 */
export const zipTensors =
  (f: <S extends Shape>(x: Tensor<S>, ...others: readonly Tensor<S>[]) => Tensor<S>) =>
  <P>(first: P, ...others: readonly (P | Grads<P>)[]): P => {
    if (others.length + 1 < f.length)
      raise('ConfigError', {
        where: 'zipTensors',
        expected: `${f.length} trees, one for each parameter of the function`,
        actual: `${others.length + 1}`,
        hint: 'join as many trees as it takes',
      });
    // f keeps shapes and dtypes, so the type of the tree is kept
    return zipLeaves(isTensor)((x, theirs) => {
      const present = theirs.filter((y) => y !== null && isFloats(y));
      return isFloats(x) && present.length === theirs.length
        ? f(x, ...(present as readonly Tensor<Shape>[])) // each of them passed `isFloats`
        : x;
    })(first, ...others) as P;
  };

const isFloats = (x: AnyTensor): x is Tensor<Shape> => dtypeOf(x) === 'float32';
const isNumbers = (x: AnyTensor): x is Tensor<Shape, Exclude<DType, 'key'>> => dtypeOf(x) !== 'key';
