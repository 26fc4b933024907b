import { type Grads, mul, sub, zipTensors } from '../../dsl/index.js';
import { orRaise } from '../../dsl/errors.js';
import { optionsOf } from '../../dsl/options.js';
import { exactly } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { adam, type AdamConfig, adamFields } from './adam.js';
import { rateAt, type Step } from './learningRate.js';
import type { Optimizer, OptimizerState } from './optimizer.js';
import { isAmount, requirement } from '../requirement.js';

export interface AdamWConfig extends AdamConfig {
  /** λ: each update also subtracts learningRate·λ times each parameter; default 0.01. */
  readonly weightDecay?: number;
}

const requireWeightDecay = requirement('a finite number ≥ 0', isAmount, '0.01 is usual');

const [required, optional] = adamFields;
const adamwOptions = optionsOf({
  where: 'adamw',
  options: exactly(required, { ...optional, weightDecay: t.number }),
  hint: 'see AdamWConfig for the fields and what they take',
});

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2). All parameters decay. Raises
 * `ConfigError` for a weight decay that is negative or not finite, and for what {@link adam} refuses.
 * @example
 * const { init, update } = adamw({ learningRate: 0.1, weightDecay: 0.5 })
 * update(zeros(2), init(ones(2)), ones(2), scalar(0, 'int32')).params // → [0.95, 0.95]
 */
export const adamw = (given: AdamWConfig): Optimizer => {
  const { weightDecay = 0.01, ...config } = orRaise(adamwOptions(given));
  requireWeightDecay('adamw.weightDecay', weightDecay);
  const optimizer = adam(config);
  return {
    ...optimizer,
    update: <P>(gradients: Grads<P>, state: OptimizerState<P>, params: P, step: Step) => {
      // θ ← θ − α·λ·θ, then the step of Adam
      const kept = sub(1, mul(weightDecay, rateAt(config.learningRate, step)));
      const decayed = zipTensors([params, gradients], (p) => mul(kept, p));
      return optimizer.update(gradients, state, decayed, step);
    },
  };
};
