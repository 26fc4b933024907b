import { F } from '../../internal/fp.js';
import type { Composite, Node } from '../node.js';
import {
  add, binary, div, full, mul, neg, scale, select, shift, stopGradient, sub, unary, zerosLike,
} from '../primitives/index.js'; // prettier-ignore

const oneMinus = (x: Node): Node => sub(full(1, x.shape), x);
const oneMinusSquare = (x: Node): Node => mul(oneMinus(x), shift(x, 1)); // exact near ±1

/** `2·atan(x / (1 + √(1 − x²)))`, which divides by no small number; its derivative is `1/√(1 − x²)`. */
export const asinComposite: Composite = {
  name: 'asin',
  batch: F.identity,
  decompose: ([x]) => scale(unary('atan', div(x!, shift(unary('sqrt', oneMinusSquare(x!)), 1))), 2),
  derivative: ([x], _, cotangent) => [mul(cotangent, unary('rsqrt', oneMinusSquare(x!)))],
};

/** `2·atan(√((1 − x) / (1 + x)))`, exact near 1; its derivative is `−1/√(1 − x²)`. */
export const acosComposite: Composite = {
  name: 'acos',
  batch: F.identity,
  decompose: ([x]) => scale(unary('atan', unary('sqrt', div(oneMinus(x!), shift(x!, 1)))), 2),
  derivative: ([x], _, cotangent) => [neg(mul(cotangent, unary('rsqrt', oneMinusSquare(x!))))],
};

/** Both divided by the greater of their sizes; `unit` is that, or 1 at the origin. */
const onUnitSquare = (
  y: Node,
  x: Node,
): { readonly v: Node; readonly u: Node; readonly unit: Node; readonly atOrigin: Node } => {
  const size = stopGradient(binary('max', unary('abs', y), unary('abs', x))); // any unit gives the same angle
  const atOrigin = binary('equal', size, zerosLike(size));
  const unit = select(atOrigin, full(1, size.shape), size);
  return { v: div(y, unit), u: div(x, unit), unit, atOrigin };
};

/**
 * The angle of the point (x, y), by an `atan` of at most 1; its derivatives are `x/(x² + y²)` and `−y/(x² +
 * y²)`.
 */
export const atan2Composite: Composite = {
  name: 'atan2',
  batch: F.identity,
  decompose: ([y, x]) => {
    const { v, u, unit, atOrigin } = onUnitSquare(y!, x!);
    const [height, width] = [unary('abs', v), unary('abs', u)];
    const steep = binary('less', width, height);
    const longer = select(atOrigin, unit, select(steep, height, width));
    const small = unary('atan', div(select(steep, width, height), longer));
    const acute = select(steep, shift(neg(small), Math.PI / 2), small);
    const upper = select(binary('less', u, zerosLike(u)), shift(neg(acute), Math.PI), acute);
    return select(binary('less', v, zerosLike(v)), neg(upper), upper);
  },
  derivative: ([y, x], _, cotangent) => {
    const { v, u, unit, atOrigin } = onUnitSquare(y!, x!);
    const square = select(atOrigin, unit, add(mul(u, u), mul(v, v))); // 0 has no direction: no derivative
    const along = div(cotangent, mul(square, unit));
    return [mul(along, u), neg(mul(along, v))];
  },
};
