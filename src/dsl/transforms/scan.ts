/** A state that passes along a sequence. */
import { raise, showShape } from '../errors.js';
import { type Batched, example, leadingExtent, notAKey, type OneExtent } from './leading.js';
import type { Node } from '../graph/node.js';
import { concat, expandDims, full, reshape, slice } from '../primitives/index.js';
import { type AnyTensor, type Dim, isTensor, nodeOf, tensor } from '../graph/tensor.js';
import { mapLeaves, zipLeaves } from '../types/tree.js';

/** Element `i` along the leading axis. */
const elementOf = (x: Node, i: number): Node => {
  const rest = x.shape.slice(1);
  const start = [i, ...rest.map(() => 0)];
  return reshape(slice(x, start, [1, ...rest]), rest);
};

const show = ({ dtype, shape }: Node): string => `${dtype} ${showShape(shape)}`;

/** Demands that two trees have tensors of the same shapes and dtypes in the same places. */
const demandAlike = (where: string, first: unknown, next: unknown): void => {
  zipLeaves([first, next], isTensor, (leaf: AnyTensor, [other], path) => {
    const [expected, actual] = [show(nodeOf(leaf)), other ? show(nodeOf(other)) : 'nothing'];
    if (actual !== expected)
      raise('ShapeError', {
        where: path === '' ? where : `${where} at ${path}`,
        expected,
        actual,
        hint: 'it is the same kind of tree at every step',
      });
  });
};

/** Results of all steps on a new leading axis; each has a tensor wherever the first has one: `demandAlike`. */
const stacked = (ys: readonly [unknown, ...unknown[]]): unknown =>
  zipLeaves([...ys], isTensor, (first: AnyTensor, others, path) => {
    const parts = [first, ...others].map((y) => notAKey('the results of scan', path, nodeOf(y!)));
    return tensor(
      concat(
        parts.map((part) => expandDims(part, [0])),
        0,
      ),
    );
  });

/** As {@link stacked}, of no steps: they have the shapes of `y`. */
const none = (y: unknown): unknown =>
  mapLeaves(y, isTensor, (leaf: AnyTensor, path) => {
    const { shape, dtype } = notAKey('the results of scan', path, nodeOf(leaf));
    return tensor(full(0, [0, ...shape], dtype));
  });

/**
 * Passes a state along the leading axis of a tree of tensors: `f(carry, x)` gives the next state, of the same
 * shapes, and a result; the results are stacked on a new leading axis. Any part of it may be a state or a result
 * of none, `null`.
 *
 * It is unrolled when it is traced: f is called for each element, and the graph, the time to compile it, and what
 * is kept for a derivative, grow with the extent. `checkpoint` around a step keeps its result alone. For thousands
 * of steps compile one, and `iterate` it. Along an axis of extent 0 the state stays, and there are no results: f
 * is called once, for their shapes.
 *
 * Raises `ShapeError` where the state or the results change their shapes from step to step, or the tensors of `xs`
 * differ in their leading extents; `DTypeError` for a key in `xs` or in the results: a state may have one.
 *
 * @example
 * const balance = scan((sum: Scalar, x: Scalar) => {
 *   const next = pipe(sum, add(x))
 *   return [next, square(next)]
 * })
 * balance(scalar(10), constantOf([1, 2, 3], 3)) // → [16, [121, 169, 256]]
 */
export const scan =
  <C, X, Y>(f: (carry: C, x: X) => readonly [carry: NoInfer<C>, y: Y]) =>
  <N extends Dim>(
    init: NoInfer<C>,
    xs: Batched<X, N> & OneExtent<N>,
  ): readonly [carry: C, ys: Batched<Y, NoInfer<N>>] => {
    const extent = leadingExtent('scan', xs);
    if (extent === 0) {
      const [, y] = f(init, example(xs).of as X); // X is the tree without the axis
      return [init, none(y) as Batched<Y, N>]; // and this is one with it
    }
    let carry: C = init;
    const results: Y[] = [];
    for (let i = 0; i < extent; i++) {
      const x = mapLeaves(xs, isTensor, (leaf: AnyTensor) => tensor(elementOf(nodeOf(leaf), i))) as X; // as above
      const [next, y] = f(carry, x);
      demandAlike('the carry of scan', init, next);
      demandAlike('the results of scan', results[0] ?? y, y);
      carry = next;
      results.push(y);
    }
    return [carry, stacked(results as [Y, ...Y[]]) as Batched<Y, N>]; // there is one; as above
  };
