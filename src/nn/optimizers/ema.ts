import { add, cast, div, minimum, mul, type Scalar, sub, zipTensors } from '../../dsl/index.js';
import { dual } from '../../dsl/dual.js';
import type { Step } from './learningRate.js';
import { requirement } from '../requirement.js';

const requireDecay = requirement(
  'a decay in [0, 1)',
  (n) => n >= 0 && n < 1,
  '0.999 is usual; use less for short runs',
);

/** See {@link emaDecay}. */
interface EmaDecay {
  (step: Step, decay: number): Scalar;
  (decay: number): (step: Step) => Scalar;
}

/**
 * The decay of the average at step n = 0, 1, …: min(decay, (1 + n)/(10 + n)), which forgets the initial values early.
 * Raises `ConfigError` for a decay outside [0, 1).
 *
 * @example
 * [0, 10, 1000].map((n) => emaDecay(scalar(n, 'int32'), 0.99)) // → [0.1, 0.55, 0.99]
 */
export const emaDecay: EmaDecay = dual('emaDecay', 2, (step: Step, decay: number) => {
  requireDecay('ema', decay);
  const n = cast(step, 'float32');
  return minimum(div(add(1, n), add(10, n)), decay);
});

/**
 * The exponential moving average of parameters with {@link emaDecay}: d·average + (1 − d)·params. Start with the
 * parameters themselves.
 *
 * @example
 * ema(0.9)({ w: zeros(2) }, { w: ones(2) }, scalar(1000, 'int32')) // → { w: [0.1, 0.1] }
 */
export const ema =
  (decay: number) =>
  <P>(average: P, params: P, step: Step): P => {
    const d = emaDecay(step, decay);
    return zipTensors([average, params], (a, p) => add(a, mul(sub(1, d), sub(p, a))));
  };
