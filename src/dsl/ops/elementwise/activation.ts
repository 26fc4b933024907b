/** Activations, and softmax. */
import type { Node } from '../../graph/node.js';
import { dual, type OneErrorOfOne } from '../../dual.js';
import { geluComposite, siluComposite, softmaxComposite } from '../../composites/index.js';
import { axisOf, broadcast, composite, reduceKeeping, sub, unary } from '../../primitives/index.js';
import type { Having } from '../../types/shape.js';
import { type AnyTensor, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { exchange, startsWithTensor } from '../operand.js';

/**
 * x·σ(x), also called swish. Elfwing et al. 2017.
 * @example silu(constantOf([-1, 0, 1], 3)) // → [-0.2689, 0, 0.7311]
 */
export const silu = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(composite(siluComposite, [nodeOf(x)]));

/**
 * x·Φ(x), with the exact normal distribution function. Hendrycks & Gimpel 2016.
 * @example gelu(constantOf([-1, 0, 1], 3)) // → [-0.1587, 0, 0.8413]
 */
export const gelu = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(composite(geluComposite, [nodeOf(x)]));

/** A normalization along one axis (default: the last). */
type AlongAxis = OneErrorOfOne & {
  (): <S extends Shape>(x: Tensor<S>) => Tensor<S>;
  <const A extends number>(axis: A): <S extends Shape>(x: Tensor<S>) => Tensor<Having<S, [A]>>;
  <S extends Shape, const A extends number>(x: Tensor<S>, axis: A): Tensor<Having<S, [A]>>;
  <S extends Shape>(x: Tensor<S>): Tensor<S>;
};

/** Makes both forms of a function of the last axis, applied along any axis. */
const alongAxis = (op: string, alongLast: (x: Node) => Node): AlongAxis =>
  dual(
    op,
    startsWithTensor,
    (x: AnyTensor, axis = -1) => {
      const n = nodeOf(x);
      const last = n.shape.length - 1;
      const at = axisOf(op, n, axis);
      return tensor(exchange(alongLast(exchange(n, at, last)), at, last));
    },
    2,
  );

/**
 * eˣ / Σ eˣ along an axis (default: the last), without overflow.
 * @example
 * softmax(constantOf([0, Math.log(3)], 2)) // → [0.25, 0.75]
 * softmax(constantOf([1000, 0, 1000, 0], 2, 2), 0) // → [[0.5, 0.5], [0.5, 0.5]]
 * pipe(constantOf([1000, 1000], 2), softmax()) // → [0.5, 0.5]
 */
export const softmax: AlongAxis = alongAxis('softmax', (x) => composite(softmaxComposite, [x]));

/**
 * The logarithm of {@link softmax}: x − ln Σ eˣ along an axis (default: the last).
 * @example logSoftmax(constantOf([0, 0], 2)) // → [-0.6931, -0.6931]
 */
export const logSoftmax: AlongAxis = alongAxis('logSoftmax', (x) => {
  const last = [x.shape.length - 1];
  const shifted = sub(x, broadcast(reduceKeeping('max', x, last), x.shape));
  const total = unary('log', reduceKeeping('sum', unary('exp', shifted), last));
  return sub(shifted, broadcast(total, x.shape));
});
