import { F } from '../../internal/fp.js';
import type { Composite, Node, One, Two } from '../graph/node.js';
import {
  abs, add, atan, div, equal, full, less, max, mul, neg, oneMinus, rsqrt, scale, select, shift, sqrt, stopGradient, unary,
  zerosLike,
} from '../primitives/index.js'; // oxfmt-ignore

/** `1 − x²` as `(1 − x)·(x + 1)`, exact near ±1. */
const oneMinusSquare = (x: Node): Node => mul(oneMinus(x), shift(x, 1));

/** `2·atan(x / (√(1 − x²) + 1))`, which divides by no small number; its derivative is `1/√(1 − x²)`. */
export const asinComposite: Composite<One> = {
  name: 'asin',
  batch: F.identity,
  decompose: ([x]) => scale(atan(div(x, shift(sqrt(oneMinusSquare(x)), 1))), 2),
  derivative: ([x], _, g) => [mul(g, rsqrt(oneMinusSquare(x)))],
};

/** `2·atan(√((1 − x) / (x + 1)))`, exact near 1; its derivative is `−1/√(1 − x²)`. */
export const acosComposite: Composite<One> = {
  name: 'acos',
  batch: F.identity,
  decompose: ([x]) => scale(atan(sqrt(div(oneMinus(x), shift(x, 1)))), 2),
  derivative: ([x], _, g) => [neg(mul(g, rsqrt(oneMinusSquare(x))))],
};

/** Divides x and y by `unit`, the greater of their absolute values; `unit` is 1 at the origin. Here ∞/∞ is 1. */
const onUnitSquare = (y: Node, x: Node) => {
  const size = stopGradient(max(abs(y), abs(x))); // any unit gives the same angle
  const atOrigin = equal(size, zerosLike(size));
  const unit = select(atOrigin, full(1, size.shape), size);
  const share = (of: Node): Node => select(unary('isFinite', of), div(of, unit), unary('sign', of));
  return { v: share(y), u: share(x), unit, atOrigin };
};

/** The angle of the point (x, y), by an `atan` of at most 1; its derivatives are `x/(x² + y²)` and `−y/(x² + y²)`. */
export const atan2Composite: Composite<Two> = {
  name: 'atan2',
  batch: F.identity,
  decompose: ([y, x]) => {
    const { v, u, unit, atOrigin } = onUnitSquare(y, x);
    const [height, width] = [abs(v), abs(u)];
    const steep = less(width, height);
    const longer = select(atOrigin, unit, select(steep, height, width));
    const small = atan(div(select(steep, width, height), longer));
    const acute = select(steep, shift(neg(small), Math.PI / 2), small);
    const upper = select(less(x, zerosLike(x)), shift(neg(acute), Math.PI), acute);
    return select(less(y, zerosLike(y)), neg(upper), upper);
  },
  derivative: ([y, x], _, g) => {
    const { v, u, unit, atOrigin } = onUnitSquare(y, x);
    // the angle of the origin is undefined, so its derivative is set to 0
    const square = select(atOrigin, unit, add(mul(u, u), mul(v, v)));
    const along = div(g, square);
    return [div(mul(along, u), unit), neg(div(mul(along, v), unit))];
  },
};
