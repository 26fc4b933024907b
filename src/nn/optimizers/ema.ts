import { add, cast, div, isTensor, minimum, mul, type Scalar, scalar, sub, zipTensors } from '../../dsl/index.js';
import { type BothForms, dual } from '../../internal/dual.js';
import type { Step } from './learningRate.js';
import { requireDecay } from '../../internal/requirement.js';

/**
 * The decay of the average at step n = 0, 1, …: min(decay, (1 + n)/(10 + n)), which forgets the initial values early.
 * Raises `ConfigError` for a decay outside [0, 1).
 * @example [0, 10, 1000].map((n) => emaDecay(scalar(n, 'int32'), 0.99)) // → [0.1, 0.55, 0.99]
 */
export const emaDecay: BothForms<Step, [decay: number], Scalar> = dual('emaDecay', 2, (step: Step, decay: number) => {
  requireDecay('emaDecay', decay);
  const n = cast(step, 'float32');
  return minimum(div(add(1, n), add(10, n)), decay);
});

/**
 * The exponential moving average of parameters: d·average + (1 − d)·params, for a decay d. Start with the parameters
 * themselves. Raises `ConfigError` for a number outside [0, 1). See {@link emaDecay}.
 * @example
 * ema({ w: zeros(2) }, { w: ones(2) }, 0.9) // → { w: [0.1, 0.1] }
 * ema({ w: zeros(2) }, { w: ones(2) }, emaDecay(scalar(0, 'int32'), 0.9)) // → { w: [0.9, 0.9] }
 * pipe({ w: zeros(2) }, ema({ w: ones(2) }, 0.9)) // → { w: [0.1, 0.1] }
 */
export const ema: {
  <P>(params: P, decay: number | Scalar): (average: NoInfer<P>) => P;
  <P>(average: P, params: NoInfer<P>, decay: number | Scalar): P;
} = dual('ema', 3, <P>(average: P, params: P, d: number | Scalar): P => {
  if (!isTensor(d)) requireDecay('ema', d);
  const share = sub(1, isTensor(d) ? d : scalar(d)); // of the parameters
  return zipTensors([average, params], (a, p) => add(a, mul(share, sub(p, a))));
});
