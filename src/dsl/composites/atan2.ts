import { F } from '../../internal/fp.js';
import type { Composite, Node } from '../graph/node.js';
import {
  abs, add, atan, div, equal, full, less, max, mul, neg, select, shift, stopGradient, zerosLike,
} from '../primitives/index.js'; // prettier-ignore

/** Both divided by the greater of their sizes; `unit` is that, or 1 at the origin. */
const onUnitSquare = (
  y: Node,
  x: Node,
): { readonly v: Node; readonly u: Node; readonly unit: Node; readonly atOrigin: Node } => {
  const size = stopGradient(max(abs(y), abs(x))); // any unit gives the same angle
  const atOrigin = equal(size, zerosLike(size));
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
    const [height, width] = [abs(v), abs(u)];
    const steep = less(width, height);
    const longer = select(atOrigin, unit, select(steep, height, width));
    const small = atan(div(select(steep, width, height), longer));
    const acute = select(steep, shift(neg(small), Math.PI / 2), small);
    const upper = select(less(u, zerosLike(u)), shift(neg(acute), Math.PI), acute);
    return select(less(v, zerosLike(v)), neg(upper), upper);
  },
  derivative: ([y, x], _, g) => {
    const { v, u, unit, atOrigin } = onUnitSquare(y!, x!);
    const square = select(atOrigin, unit, add(mul(u, u), mul(v, v))); // 0 has no direction: no derivative
    const along = div(g, mul(square, unit));
    return [mul(along, u), neg(mul(along, v))];
  },
};
