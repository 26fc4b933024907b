/** Functions of one example as functions of a batch. */
import { batched, spread } from './batched.js';
import { type Batched, example, leadingExtent, notAKey, type OneExtent } from './leading.js';
import { full } from '../primitives/index.js';
import { type Dim, type DType, isTensor, nodeOf, type Shape, tensor, type Tensor } from '../graph/tensor.js';
import { tensorsOf } from './tensors.js';
import { mapLeaves } from '../types/tree.js';

/** A function of a tensor, or of a tree of them, becomes one of batches: see {@link vmap}. */
export interface Vmap {
  <S extends Shape, D extends DType, Y>(
    f: (x: Tensor<S, D>) => Y,
  ): <N extends Dim>(xs: Tensor<[N, ...S], D>) => Batched<Y, N>;
  <F extends (x: never) => unknown>(
    f: F,
  ): <N extends Dim>(xs: Batched<Parameters<F>[0], N> & OneExtent<N>) => Batched<ReturnType<F>, NoInfer<N>>;
}

/**
 * A function of one example as a function of a batch of them: each tensor of its argument, and of its results,
 * has a new leading axis. The graph of f is rewritten, not repeated: a product with captured weights is one
 * product of the batch, and what does not depend on the argument is computed once. Derivatives go through it,
 * and it through them: `vmap(grad(f))` is the gradient of each example.
 *
 * `vmap(f)(xs)[i] = f(xs[i])`, always: so random numbers that f draws are the same for all examples. For each its
 * own, draw those of the batch before, and map over them.
 *
 * The type of the argument is that of f; in a `pipe` it may be left out, as an operation of any shape has it from
 * there. By itself, `vmap(softmax)` knows the leading extent alone. Raises `ShapeError` where the tensors differ in
 * their leading extents, and `DTypeError` for a key, which has no axes.
 *
 * @example
 * const squares = vmap((x: Tensor<[3]>) => sum(square(x)))
 * squares(constantOf([1, 2, 3, 4, 5, 6], 2, 3)) // → [14, 77]
 * const weights = constantOf([1, 10, 100], 3, 1)
 * pipe(constantOf([1, 2, 3, 4, 5, 6], 2, 3), vmap(matmul(weights))) // → [[321], [654]]
 * // a gradient for each example
 * const error = (w: Tensor<[2]>) => (x: Tensor<[2]>) => square(sum(pipe(w, mul(x))))
 * const slopes = vmap((x: Tensor<[2]>) => grad((w: Tensor<[2]>) => error(w)(x))(ones(2)))
 * slopes(constantOf([1, 0, 1, 1], 2, 2)) // → [[2, 0], [4, 4]]
 */
// the two signatures of `Vmap` say of f and its batches what no type parameter says of both
export const vmap = ((f: (x: unknown) => unknown) => (xs: unknown) => {
  const extent = leadingExtent('vmap', xs);
  const { of, images } = example(xs);
  const y = f(of);
  const roots = tensorsOf(y).map(({ path, leaf }) => notAKey('the result of vmap', path, nodeOf(leaf)));
  const found =
    extent === 0
      ? roots.map(({ shape, dtype }) => full(0, [0, ...shape], dtype)) // a convolution has no groups of nothing
      : batched(roots, images, extent).map((operand) => spread(operand, extent));
  let next = 0;
  return mapLeaves(y, isTensor, () => tensor(found[next++]!));
}) as Vmap;
