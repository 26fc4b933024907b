/** Activations, and the softmax. */
import { geluComposite, siluComposite, softmaxComposite } from '../composites/index.js';
import { broadcast, composite, reduceKeeping, sub, unary } from '../primitives/index.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';

/**
 * x·σ(x), also called swish. Elfwing et al. 2017.
 *
 * @example
 * silu(constantOf([-1, 0, 1], 3)) // → [-0.2689, 0, 0.7311]
 */
export const silu = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(composite(siluComposite, [nodeOf(x)]));

/**
 * x·Φ(x), with the exact normal distribution function. Hendrycks & Gimpel 2016.
 *
 * @example
 * gelu(constantOf([-1, 0, 1], 3)) // → [-0.1587, 0, 0.8413]
 */
export const gelu = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(composite(geluComposite, [nodeOf(x)]));

/**
 * eˣ / Σ eˣ along the last axis, without overflow.
 *
 * @example
 * softmax(constantOf([0, Math.log(3)], 2)) // → [0.25, 0.75]
 * softmax(constantOf([1000, 1000], 2)) // → [0.5, 0.5]
 */
export const softmax = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(composite(softmaxComposite, [nodeOf(x)]));

/**
 * The logarithm of {@link softmax}, x − ln Σ eˣ along the last axis.
 *
 * @example
 * logSoftmax(constantOf([0, 0], 2)) // → [-0.6931, -0.6931]
 */
export const logSoftmax = <S extends Shape>(x: Tensor<S>): Tensor<S> => {
  const n = nodeOf(x);
  const last = [n.shape.length - 1];
  const shifted = sub(n, broadcast(reduceKeeping('max', n, last), n.shape));
  const total = unary('log', reduceKeeping('sum', unary('exp', shifted), last));
  return tensor(sub(shifted, broadcast(total, n.shape)));
};
