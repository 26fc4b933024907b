import { F } from '../../internal/fp.js';
import type { Composite } from '../graph/node.js';
import { mul, oneMinus, shift, sigmoid } from '../primitives/index.js';

/** x·σ(x). Its derivative, σ·(1 + x·(1 − σ)), needs only x. Elfwing et al. 2018. */
export const siluComposite: Composite = {
  name: 'silu',
  batch: F.identity,
  decompose: ([x]) => mul(x!, sigmoid(x!)),
  derivative: ([x], _, g) => {
    const s = sigmoid(x!);
    return [mul(g, mul(s, shift(mul(x!, oneMinus(s)), 1)))]; // g·σ·(1 + x·(1 − σ))
  },
};
