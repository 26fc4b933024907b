/** Vectorizes functions: converts the graph of one example to the graph of a batch. */
import { reachable, withInputs } from '../graph/node.js';
import { requireFunction } from '../../internal/parts.js';
import { type Dim, type DType, nodeOf, type Shape, type Tensor, withNodes } from '../graph/tensor.js';
import { full, spread } from '../primitives/index.js';
import type { Batched as BatchedNodes } from '../primitives/primitive.js';
import { primitiveOf } from '../primitives/rules/table.js';
import { type Batched, example, leadingExtent, notAKey } from './leading.js';
import { tensorsOf } from './tensors.js';
import { entryOf } from '../../internal/lookup.js';

/**
 * Rebuilds a graph for a batch of `extent` examples. `images` gives the nodes with a leading axis; the nodes that depend on
 * them get one too.
 */
const batched: BatchedNodes = (roots, images, extent) => {
  const done = new Map(images);
  for (const n of reachable(roots, new Set(images.keys()))) {
    const operands = n.inputs.map((input) => entryOf(done, input));
    const { vmap, awaits } = primitiveOf(n);
    const own = awaits ? operands.slice(0, 1) : operands; // a node that only waits for a batch is not itself batched
    done.set(
      n,
      vmap !== null && own.some(({ mapped }) => mapped)
        ? { node: vmap(n, operands, extent, batched), mapped: true }
        : { node: withInputs(n, operands.map(({ node }) => node)), mapped: false }, // oxfmt-ignore
    );
  }
  return roots.map((root) => entryOf(done, root));
};

/** The two signatures of {@link vmap}: for functions of one tensor, and of a tree of tensors. */
export interface Vmap {
  <S extends Shape, D extends DType, Y>(
    f: (x: Tensor<S, D>) => Y,
  ): <N extends Dim>(xs: Tensor<[N, ...S], D>) => Batched<Y, N>;
  <F extends (x: never) => unknown>(
    f: F,
  ): <N extends Dim>(xs: Batched<Parameters<F>[0], N>) => Batched<ReturnType<F>, NoInfer<N>>;
}

/**
 * Converts a function of one example to a function of a batch: each tensor of the argument and of the result gets a new
 * leading axis. The graph of `f` is rewritten, not repeated: a product with captured weights becomes one product of the
 * batch, and nodes that do not depend on the argument are computed once. It composes with derivatives:
 * `vmap(grad(f))` computes the gradient of each example.
 *
 * `vmap(f)(xs)[i] = f(xs[i])` always holds, so all examples see the same random numbers of `f`. To give each example its
 * own, draw the numbers of the batch first, and map over them.
 *
 * The argument type is that of `f`. In a `pipe` it can be inferred for an operation of any shape; outside, `vmap(softmax)`
 * only knows the leading extent. Raises `ShapeError` if the tensors have different leading extents, and `DTypeError` for a
 * key, which has no axes.
 * @example
 * const squares = vmap((x: Tensor<[3]>) => sum(square(x)))
 * squares(constantOf([1, 2, 3, 4, 5, 6], 2, 3)) // → [14, 77]
 * const weights = constantOf([1, 10, 100], 3, 1)
 * pipe(constantOf([1, 2, 3, 4, 5, 6], 2, 3), vmap(matmul(weights))) // → [[321], [654]]
 * // a gradient for each example
 * const error = (w: Tensor<[2]>) => (x: Tensor<[2]>) => square(sum(mul(w, x)))
 * const slopes = vmap((x: Tensor<[2]>) => grad((w: Tensor<[2]>) => error(w)(x))(ones(2)))
 * slopes(constantOf([1, 0, 1, 1], 2, 2)) // → [[2, 0], [4, 4]]
 */
// the cast adds the two signatures of `Vmap`, which no single generic signature expresses
export const vmap = ((f: (x: unknown) => unknown) => (xs: unknown) => {
  requireFunction('vmap', f);
  const extent = leadingExtent('vmap', xs);
  const { of, images } = example(xs);
  const y = f(of);
  const roots = tensorsOf(y).map(({ path, leaf }) => notAKey('the result of vmap', path, nodeOf(leaf)));
  const results =
    extent === 0
      ? roots.map(({ shape, dtype }) => full(0, [0, ...shape], dtype)) // a convolution cannot have 0 groups
      : batched(roots, images, extent).map((operand) => spread(operand, extent));
  return withNodes(y, results);
}) as Vmap;
