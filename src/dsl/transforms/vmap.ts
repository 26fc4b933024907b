/** Vectorizes functions: converts the graph of one example to the graph of a batch. */
import { type Node, reachable, withInputs } from '../graph/node.js';
import { type Dim, type DType, nodeOf, type Shape, type Tensor, withNodes } from '../graph/tensor.js';
import { broadcast, expandDims, full, reshape, transpose } from '../primitives/index.js';
import type { BatchBuild, Operand } from '../primitives/primitive.js';
import { build, primitiveOf } from '../primitives/table.js';
import { type Batched, example, leadingExtent, notAKey, type OneExtent } from './leading.js';
import { tensorsOf } from './tensors.js';

/** Gives an operand the leading axis of a batch, if it has none, by repeating it. */
const spread = ({ node, mapped }: Operand, extent: number): Node =>
  mapped ? node : broadcast(expandDims(node, [0]), [extent, ...node.shape]);

/** Moves an axis; a reshape is enough if it only passes axes of extent 1. */
const moveAxis = (x: Node, from: number, to: number): Node => {
  const order = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  const passed = from < to ? x.shape.slice(from + 1, to + 1) : x.shape.slice(to, from);
  return passed.every((d) => d === 1) || x.shape[from] === 1
    ? reshape(x, order.map((axis) => x.shape[axis]!)) // prettier-ignore
    : transpose(x, order);
};

/**
 * Rebuilds a graph for a batch of `extent` examples. `images` gives the nodes with a leading axis; the nodes that depend on
 * them get one too.
 */
const batched: BatchBuild['batched'] = (roots, images, extent) => {
  const done = new Map(images);
  for (const n of reachable(roots, images.keys())) {
    const operands = n.inputs.map((input) => done.get(input)!);
    const { vmap, awaits } = primitiveOf(n);
    const own = awaits ? operands.slice(0, 1) : operands; // waiting for a batch does not make a node one
    done.set(
      n,
      vmap !== null && own.some(({ mapped }) => mapped)
        ? { node: vmap(n, operands, extent, batchBuild), mapped: true }
        : { node: withInputs(n, operands.map(({ node }) => node)), mapped: false }, // prettier-ignore
    );
  }
  return roots.map((root) => done.get(root)!);
};

const batchBuild: BatchBuild = { ...build, spread, moveAxis, batched };

/** See {@link vmap}: for functions of one tensor, and of a tree of tensors. */
export interface Vmap {
  <S extends Shape, D extends DType, Y>(
    f: (x: Tensor<S, D>) => Y,
  ): <N extends Dim>(xs: Tensor<[N, ...S], D>) => Batched<Y, N>;
  <F extends (x: never) => unknown>(
    f: F,
  ): <N extends Dim>(xs: Batched<Parameters<F>[0], N> & OneExtent<N>) => Batched<ReturnType<F>, NoInfer<N>>;
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
