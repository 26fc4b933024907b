import {
  add,
  cast,
  div,
  expm1,
  type Grads,
  mul,
  neg,
  type Scalar,
  sqrt,
  square,
  sub,
  zipTensors,
} from '../../dsl/index.js';
import { orRaise } from '../../dsl/errors.js';
import { optionsOf } from '../../dsl/options.js';
import { exactly } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { type LearningRate, learningRateOption, rateAt, requireRate, type Step } from './learningRate.js';
import { type Optimizer, optimizerOf, type OptimizerState } from './optimizer.js';
import { isAmount, requireDecay, requirement } from '../requirement.js';

export interface AdamConfig {
  readonly learningRate: LearningRate;
  /** β₁, the decay of the mean of the gradients, in [0, 1); default 0.9. */
  readonly beta1?: number;
  /** β₂, the decay of the mean of their squares, in [0, 1); default 0.999. */
  readonly beta2?: number;
  /** ε, added to the root of the mean square, above 0; default 1e-8. */
  readonly epsilon?: number;
}

const requireEpsilon = requirement(
  'a finite number above 0',
  (n) => isAmount(n) && n > 0,
  '1e-8 is usual: without it a gradient of 0 gives 0 / 0',
);

/** The required and optional fields of {@link AdamConfig}; their ranges are checked one by one. */
export const adamFields = [
  { learningRate: learningRateOption },
  { beta1: t.number, beta2: t.number, epsilon: t.number },
] as const;

const adamOptions = optionsOf({
  where: 'adam',
  options: exactly(...adamFields),
  hint: 'see AdamConfig for the fields and what they take',
});

/** 1 − βᵗ, accurate also if βᵗ is near 1. */
const oneMinusPower = (beta: number, t: Scalar): Scalar => neg(expm1(mul(Math.log(beta), t)));

/**
 * Adam (Kingma & Ba 2015, algorithm 1, in the efficient order of the end of section 2). Its state is the moment estimates m
 * and v, as `first` and `second`. Raises `ConfigError` for a decay outside [0, 1), ε ≤ 0, a learning rate that is negative
 * or not finite, or an unknown or missing field.
 * @example
 * const { init, update } = adam({ learningRate: 0.1 })
 * update(constantOf([3, -4], 2), init(zeros(2)), zeros(2), scalar(0, 'int32')).params // → [-0.1, 0.1]
 */
export const adam = (config: AdamConfig): Optimizer => {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = orRaise(adamOptions(config));
  requireRate('adam.learningRate', learningRate);
  requireDecay('adam.beta1', beta1);
  requireDecay('adam.beta2', beta2);
  requireEpsilon('adam.epsilon', epsilon);
  return optimizerOf({
    learningRate,
    moments: ['first', 'second'],
    update: <P>(gradients: Grads<P>, state: OptimizerState<P>, params: P, step: Step) => {
      // m ← β₁·m + (1 − β₁)·g
      const m = zipTensors([state['first']!, gradients], (m, g) => add(mul(beta1, m), mul(1 - beta1, g)));
      // v ← β₂·v + (1 − β₂)·g²
      const v = zipTensors([state['second']!, gradients], (v, g) => add(mul(beta2, v), mul(1 - beta2, square(g))));
      // α_t = α·√(1 − β₂ᵗ)/(1 − β₁ᵗ) and ε̂ = ε·√(1 − β₂ᵗ) are scalars: each parameter is updated in one pass
      const t = add(cast(step, 'float32'), 1);
      const root = sqrt(oneMinusPower(beta2, t));
      const size = div(mul(rateAt(learningRate, step), root), oneMinusPower(beta1, t));
      const floor = mul(epsilon, root);
      return {
        // θ ← θ − α_t·m/(√v + ε̂)
        params: zipTensors([params, m, v], (p, m, v) => sub(p, div(mul(size, m), add(sqrt(v), floor)))),
        state: { first: m, second: v },
      };
    },
  });
};
