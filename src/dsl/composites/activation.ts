import { F } from '../../internal/fp.js';
import type { Composite, One } from '../graph/node.js';
import { erf, mul, oneMinus, scale, shift, sigmoid } from '../primitives/index.js';

/** `x · Φ(x)` with the exact normal distribution function, Φ(x) = (1 + erf(x/√2))/2. Hendrycks and Gimpel 2016. */
export const geluComposite: Composite<One> = {
  name: 'gelu',
  batch: F.identity,
  decompose: ([x]) => mul(x, scale(shift(erf(scale(x, Math.SQRT1_2)), 1), 0.5)),
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
