import { add, cast, div, minimum, mul, neg, type Scalar, sub, zipTensors } from '../dsl/index.js';
import { F } from '../internal/fp.js';
import type { Step } from './learningRate.js';
import { requirement } from './requirement.js';

const requireDecay = requirement(
  'a decay in [0, 1)',
  (n) => n >= 0 && n < 1,
  '0.999 is usual, less for short runs',
);

/**
 * The decay of the average at a step n = 0, 1, …: min(decay, (1 + n) / (10 + n)), so that it forgets its
 * beginning. Raises `ConfigError` for a decay outside [0, 1).
 *
 * @example
 * [0, 10, 1000].map((n) => emaDecay(0.99)(scalar(n, 'int32'))) // → [0.1, 0.55, 0.99]
 */
export const emaDecay =
  (decay: number) =>
  (step: Step): Scalar => {
    requireDecay('ema', decay);
    const n = cast('float32')(step);
    return F.pipe(n, add(1), div(add(10)(n)), minimum(decay));
  };

/**
 * The exponential moving average of parameters, with {@link emaDecay}: d·average + (1 − d)·params. Begin
 * with the parameters themselves.
 *
 * @example
 * ema(0.9)({ w: zeros(2) }, { w: ones(2) }, scalar(1000, 'int32')) // → { w: [0.1, 0.1] }
 */
export const ema =
  (decay: number) =>
  <P>(average: P, params: P, step: Step): P => {
    const kept = emaDecay(decay)(step);
    const taken = add(1)(neg(kept));
    return zipTensors((a, p) => add(mul(taken)(sub(a)(p)))(a))(average, params);
  };
