import { F } from '../../internal/fp.js';
import type { Composite, Node, One } from '../graph/node.js';
import { composite, mul, scale, shift, sqrt, sub, unary } from '../primitives/index.js';

/** `sinh(x/2)`, which is exact near 0, and does not overflow where `sinh` and `cosh` of x are finite. */
const sinhOfHalf = (x: Node): Node => scale(sub(unary('expm1', scale(x, 0.5)), unary('expm1', scale(x, -0.5))), 0.5);

/** `2s·√(s² + 1)` with s = sinh(x/2); its derivative is cosh. */
export const sinhComposite: Composite<One> = {
  name: 'sinh',
  batch: F.identity,
  decompose: ([x]) => {
    const s = sinhOfHalf(x);
    return mul(scale(s, 2), sqrt(shift(mul(s, s), 1)));
  },
  derivative: ([x], _, g) => [mul(g, composite(coshComposite, [x]))],
};

/** `2s² + 1` with s = sinh(x/2); its derivative is sinh. */
export const coshComposite: Composite<One> = {
  name: 'cosh',
  batch: F.identity,
  decompose: ([x]) => {
    const s = sinhOfHalf(x);
    return shift(mul(scale(s, 2), s), 1);
  },
  derivative: ([x], _, g) => [mul(g, composite(sinhComposite, [x]))],
};
