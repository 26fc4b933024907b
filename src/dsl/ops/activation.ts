/** Activations, and the softmax. */
import { geluComposite, siluComposite, softmaxComposite } from '../composites/index.js';
import { broadcast, composite, reduceKeeping, sub, unary } from '../primitives/index.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';

/** x·σ(x). */
export const silu = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(composite(siluComposite, [nodeOf(x)]));

/** x·Φ(x), with the exact normal distribution function. */
export const gelu = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(composite(geluComposite, [nodeOf(x)]));

/** eˣ / Σ eˣ along the last axis, without overflow. */
export const softmax = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(composite(softmaxComposite, [nodeOf(x)]));

/** The logarithm of {@link softmax}, x − ln Σ eˣ along the last axis. */
export const logSoftmax = <S extends Shape>(x: Tensor<S>): Tensor<S> => {
  const n = nodeOf(x);
  const last = [n.shape.length - 1];
  const shifted = sub(n, broadcast(reduceKeeping('max', n, last), n.shape));
  const total = unary('log', reduceKeeping('sum', unary('exp', shifted), last));
  return tensor(sub(shifted, broadcast(total, n.shape)));
};
