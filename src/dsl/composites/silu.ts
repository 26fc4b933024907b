import { F } from '../../internal/fp.js';
import type { Composite } from '../node.js';
import { full, mul, scale, shift, sub, unary } from '../primitives/index.js';

/** `x · σ(x)`; its derivative reads x alone. Elfwing et al. 2018. */
export const siluComposite: Composite = {
  name: 'silu',
  batch: F.identity,
  decompose: ([x]) => mul(x!, unary('sigmoid', x!)),
  derivative: ([x], _, cotangent) => {
    const s = unary('sigmoid', x!);
    const slope = mul(s, shift(mul(x!, sub(full(1, s.shape), s)), 1)); // σ·(1 + x·(1 − σ))
    return [mul(cotangent, slope)];
  },
};

/** `x · Φ(x)` with the exact normal distribution function. Hendrycks and Gimpel 2016. */
export const geluComposite: Composite = {
  name: 'gelu',
  batch: F.identity,
  decompose: ([x]) => mul(x!, scale(shift(unary('erf', scale(x!, Math.SQRT1_2)), 1), 0.5)),
};
