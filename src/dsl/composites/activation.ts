import { F } from '../../internal/fp.js';
import type { Composite, CompositeOptions, Node, One } from '../graph/node.js';
import { add, erf, mul, oneMinus, scale, shift, sigmoid } from '../primitives/index.js';

/** The form of Φ in gelu. */
interface GeluOptions extends CompositeOptions {
  readonly approximate: 'none' | 'tanh';
}

/** u of the approximation Φ(x) ≈ (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2 = σ(u). */
const logitOfPhi = (x: Node): Node => scale(add(x, scale(mul(mul(x, x), x), 0.044715)), 2 * Math.sqrt(2 / Math.PI));

/** `x · Φ(x)` with the exact normal distribution function, Φ(x) = (1 + erf(x/√2))/2, or by tanh. Hendrycks and Gimpel 2016. */
export const geluComposite: Composite<One, GeluOptions> = {
  name: 'gelu',
  batch: F.identity,
  decompose: ([x], { approximate }) =>
    mul(x, approximate === 'tanh' ? sigmoid(logitOfPhi(x)) : scale(shift(erf(scale(x, Math.SQRT1_2)), 1), 0.5)),
};

/** x·σ(x). Its derivative, σ·(1 + x·(1 − σ)), needs only x. Elfwing et al. 2018. */
export const siluComposite: Composite<One> = {
  name: 'silu',
  batch: F.identity,
  decompose: ([x]) => mul(x, sigmoid(x)),
  derivative: ([x], _, g) => {
    const s = sigmoid(x);
    return [mul(g, mul(s, shift(mul(x, oneMinus(s)), 1)))]; // g·σ·(1 + x·(1 − σ))
  },
};
