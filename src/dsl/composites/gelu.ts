import { F } from '../../internal/fp.js';
import type { Composite } from '../graph/node.js';
import { erf, mul, scale, shift } from '../primitives/index.js';

/** `x · Φ(x)` with the exact normal distribution function, Φ(x) = (1 + erf(x/√2))/2. Hendrycks and Gimpel 2016. */
export const geluComposite: Composite = {
  name: 'gelu',
  batch: F.identity,
  decompose: ([x]) => mul(x!, scale(shift(erf(scale(x!, Math.SQRT1_2)), 1), 0.5)),
};
