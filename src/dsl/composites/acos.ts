import { F } from '../../internal/fp.js';
import type { Composite } from '../graph/node.js';
import { atan, div, mul, neg, oneMinus, rsqrt, scale, shift, sqrt } from '../primitives/index.js';
import { oneMinusSquare } from './asin.js';

/** `2·atan(√((1 − x) / (x + 1)))`, exact near 1; its derivative is `−1/√(1 − x²)`. */
export const acosComposite: Composite = {
  name: 'acos',
  batch: F.identity,
  decompose: ([x]) => scale(atan(sqrt(div(oneMinus(x!), shift(x!, 1)))), 2),
  derivative: ([x], _, g) => [neg(mul(g, rsqrt(oneMinusSquare(x!))))],
};
