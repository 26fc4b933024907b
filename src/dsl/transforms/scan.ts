/** Recurrences, which pass a state along a sequence. */
import { demandType, placeIn, showType } from '../../internal/errors.js';
import { requireFunction } from '../../internal/parts.js';
import { type Batched, example, leadingExtent, notAKey } from './leading.js';
import type { Node } from '../graph/node.js';
import { concat, expandDims, full, reshape, slice } from '../primitives/index.js';
import { type AnyTensor, type Dim, isTensor, mapNodes, nodeOf, tensor } from '../graph/tensor.js';
import { zipLeaves } from '../types/tree.js';

/** Element `i` along the leading axis. */
const elementOf = (x: Node, i: number): Node => {
  const rest = x.shape.slice(1);
  return reshape(slice(x, [i, ...rest.map(() => 0)], [1, ...rest]), rest);
};

/** Raises `ShapeError` unless two trees have tensors of the same shapes and dtypes. */
const requireSameTypes = (where: string, first: unknown, next: unknown): void => {
  const hint = 'return tensors of the same shapes and dtypes at every step';
  zipLeaves([first, next], isTensor, (leaf: AnyTensor, [other], path) =>
    demandType(placeIn(where, path), showType(nodeOf(leaf)), other ? nodeOf(other) : null, hint),
  );
};

/** Stacks the results of all steps along a new leading axis. They have the same structure by `requireSameTypes`. */
const stacked = (ys: readonly [unknown, ...unknown[]]): unknown =>
  zipLeaves(ys, isTensor, (first: AnyTensor, others, path) => {
    const parts = [first, ...others].map((y) => expandDims(notAKey('the results of scan', path, nodeOf(y!)), [0]));
    return tensor(concat(parts, 0));
  });

/** The stacked results of zero steps, with the shapes of `y`. */
const stackedNone = (y: unknown): unknown =>
  mapNodes(y, (n, path) => {
    const { shape, dtype } = notAKey('the results of scan', path, n);
    return full(0, [0, ...shape], dtype);
  });

/**
 * Passes a state along the leading axis of a tree of tensors: `f(carry, x)` returns the next state, of the same shapes, and
 * a result. The results are stacked along a new leading axis. The state or the result may be `null`.
 *
 * The loop is unrolled: tracing calls `f` for each element, so the graph, the compile time and the memory for derivatives
 * grow with the extent. `checkpoint` around a step stores only its result. For thousands of steps, compile one step and
 * `iterate` it. For extent 0 the state is unchanged and the results are empty; `f` is called once, for their shapes.
 *
 * Raises `ShapeError` if the shapes of the state or the results change between steps, or if the tensors of `xs` have
 * different leading extents. Raises `DTypeError` for a key in `xs` or in the results; the state may contain keys.
 * @example
 * const balance = scan((sum: Scalar, x: Scalar) => {
 *   const next = add(sum, x)
 *   return [next, square(next)]
 * })
 * balance(scalar(10), constantOf([1, 2, 3], 3)) // → [16, [121, 169, 256]]
 */
export const scan =
  <C, X, Y>(f: (carry: C, x: X) => readonly [carry: NoInfer<C>, y: Y]) =>
  <N extends Dim>(init: NoInfer<C>, xs: Batched<X, N>): readonly [carry: C, ys: Batched<Y, NoInfer<N>>] => {
    requireFunction('scan', f);
    const extent = leadingExtent('scan', xs);
    if (extent === 0) {
      const [, y] = f(init, example(xs).of as X); // X is the tree without the leading axis
      return [init, stackedNone(y) as Batched<Y, N>]; // the tree with the leading axis
    }
    let carry: C = init;
    const results: Y[] = [];
    for (let i = 0; i < extent; i++) {
      const x = mapNodes(xs, (n) => elementOf(n, i)) as X; // as above
      const [next, y] = f(carry, x);
      requireSameTypes('the carry of scan', init, next);
      requireSameTypes('the results of scan', results[0] ?? y, y);
      carry = next;
      results.push(y);
    }
    return [carry, stacked(results as [Y, ...Y[]]) as Batched<Y, N>]; // at least one result; as above
  };
