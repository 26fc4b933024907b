import { add, cast, div, expm1, mul, neg, type Scalar, sqrt, square, sub, zipTensors } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { orRaise } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { aboveZero, amount, exactly } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { requireDecay, requirement } from '../../internal/requirement.js';
import { type LearningRate, learningRateOption, rateAt, rateSettings, requireRate } from './learningRate.js';
import { type Optimizer, optimizerOf } from './optimizer.js';

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
  aboveZero.is,
  '1e-8 is usual: without it a gradient of 0 gives 0 / 0',
);

const required = { learningRate: learningRateOption };
const optional = { beta1: t.number, beta2: t.number, epsilon: t.number };
const adamOptions = optionsOf({
  where: 'adam',
  options: exactly(required, optional),
  hint: 'see AdamConfig for the fields and what they take',
});

/** 1 − βᵗ, accurate even if βᵗ is near 1. */
const oneMinusPower = (beta: number, t: Scalar): Scalar => neg(expm1(mul(Math.log(beta), t)));

/**
 * Adam (Kingma & Ba 2015, algorithm 1, in the efficient order of the end of section 2). Its state is the moment estimates m
 * and v, as `first` and `second`. Raises `ConfigError` for a decay outside [0, 1), ε ≤ 0, a learning rate that is negative
 * or not finite, or an unknown or missing field.
 * @example
 * const { init, update } = adam({ learningRate: 0.1 })
 * update(constantOf([3, -4], 2), init(zeros(2)), zeros(2), scalar(0, 'int32')).params // → [-0.1, 0.1]
 */
export const adam = <G = unknown>(config: Exact<G, keyof AdamConfig> & AdamConfig): Optimizer => {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = orRaise(adamOptions(config));
  requireRate('adam.learningRate', learningRate);
  requireDecay('adam.beta1', beta1);
  requireDecay('adam.beta2', beta2);
  requireEpsilon('adam.epsilon', epsilon);
  return optimizerOf({
    learningRate,
    settings: { adam: { learningRate: rateSettings(learningRate), beta1, beta2, epsilon } },
    moments: ['first', 'second'],
    update: (gradients, state, params, step) => {
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

export interface AdamWConfig extends AdamConfig {
  /** λ: each update also subtracts learningRate·λ times each parameter; default 0.01. */
  readonly weightDecay?: number;
}

/** Raises `ConfigError` for a weight decay that is negative or not finite. */
export const requireWeightDecay = requirement('a finite number ≥ 0', amount.is, '0.01 is usual');

const adamwOptions = optionsOf({
  where: 'adamw',
  options: exactly(required, { ...optional, weightDecay: t.number }),
  hint: 'see AdamWConfig for the fields and what they take',
});

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2). All parameters decay. Raises `ConfigError`
 * for a weight decay that is negative or not finite, and in the cases of {@link adam}.
 * @example
 * const { init, update } = adamw({ learningRate: 0.1, weightDecay: 0.5 })
 * update(zeros(2), init(ones(2)), ones(2), scalar(0, 'int32')).params // → [0.95, 0.95]
 */
export const adamw = <G = unknown>(given: Exact<G, keyof AdamWConfig> & AdamWConfig): Optimizer => {
  const { weightDecay = 0.01, ...config } = orRaise(adamwOptions(given));
  requireWeightDecay('adamw.weightDecay', weightDecay);
  const optimizer = adam(config);
  return {
    ...optimizer,
    settings: { adamw: optimizer.settings, weightDecay },
    update: (gradients, state, params, step) => {
      // θ ← θ − α·λ·θ, then the step of Adam
      const kept = sub(1, mul(weightDecay, rateAt(config.learningRate, step)));
      const decayed = zipTensors([params, gradients], (p) => mul(kept, p));
      return optimizer.update(gradients, state, decayed, step);
    },
  };
};
