import { F } from '../../internal/fp.js';
import type { Composite, Node } from '../graph/node.js';
import { atan, div, mul, oneMinus, rsqrt, scale, shift, sqrt } from '../primitives/index.js';

/** `1 − x²` as `(1 − x)·(x + 1)`, exact near ±1. */
export const oneMinusSquare = (x: Node): Node => mul(oneMinus(x), shift(x, 1));

/** `2·atan(x / (√(1 − x²) + 1))`, which divides by no small number; its derivative is `1/√(1 − x²)`. */
export const asinComposite: Composite = {
  name: 'asin',
  batch: F.identity,
  decompose: ([x]) => scale(atan(div(x!, shift(sqrt(oneMinusSquare(x!)), 1))), 2),
  derivative: ([x], _, g) => [mul(g, rsqrt(oneMinusSquare(x!)))],
};
