import { add, cast, div, expm1, mul, neg, type Scalar, sqrt, square, sub, zipTensors } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { aboveZero, amount, decay, hinted } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { learningRate, rateAt, rateSettings } from './learningRate.js';
import { type Optimizer, optimizerOf } from './optimizer.js';

/** λ, the weight decay of an optimizer. */
export const weightDecay = hinted(amount, '0.01 is usual');

const adamFields = {
  /** α, the learning rate: a number, or a function of the step. */
  learningRate,
  /** β₁, the decay of the mean of the gradients, in [0, 1); default 0.9. */
  beta1: optional(decay, 0.9),
  /** β₂, the decay of the mean of their squares, in [0, 1); default 0.999. */
  beta2: optional(decay, 0.999),
  /** ε, added to the root of the mean square, above 0; default 1e-8. */
  epsilon: optional(hinted(aboveZero, '1e-8 is usual: without it a gradient of 0 gives 0 / 0'), 1e-8),
};
const adamOptions = schema('adam', adamFields);

/** The options of {@link adam}. */
export interface AdamConfig extends OptionsOf<typeof adamFields> {}

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
  const { learningRate, beta1, beta2, epsilon } = adamOptions.demand(config);
  return optimizerOf({
    learningRate,
    settings: { adam: { learningRate: rateSettings(learningRate), beta1, beta2, epsilon } },
    moments: ['first', 'second'], // the names of m and v in checkpoints
    update: (gradients, { first: m0, second: v0 }, params, step) => {
      const t = add(cast(step, 'float32'), 1);
      // m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g²
      const m1 = zipTensors([m0, gradients], (m, g) => add(mul(beta1, m), mul(1 - beta1, g)));
      const v1 = zipTensors([v0, gradients], (v, g) => add(mul(beta2, v), mul(1 - beta2, square(g))));
      // α_t = α·√(1 − β₂ᵗ)/(1 − β₁ᵗ) and ε̂ = ε·√(1 − β₂ᵗ) are scalars: each parameter is updated in one pass
      const sqrtCorrection2 = sqrt(oneMinusPower(beta2, t));
      const alphaT = div(mul(rateAt(learningRate, step), sqrtCorrection2), oneMinusPower(beta1, t));
      const epsilonHat = mul(epsilon, sqrtCorrection2);
      // θ ← θ − α_t·m/(√v + ε̂), which is θ − α·m̂/(√v̂ + ε)
      const next = zipTensors([params, m1, v1], (theta, m, v) =>
        sub(theta, div(mul(alphaT, m), add(sqrt(v), epsilonHat))),
      );
      return { params: next, state: { first: m1, second: v1 } };
    },
  });
};

const adamwOptions = schema('adamw', {
  ...adamFields,
  /** λ: each update also subtracts learningRate·λ times each parameter; default 0.01. */
  weightDecay: optional(weightDecay, 0.01),
});

/** The options of {@link adamw}. */
export interface AdamWConfig extends OptionsOf<typeof adamwOptions> {}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2). All parameters decay. Raises `ConfigError`
 * for a weight decay that is negative or not finite, and in the cases of {@link adam}.
 * @example
 * const { init, update } = adamw({ learningRate: 0.1, weightDecay: 0.5 })
 * update(zeros(2), init(ones(2)), ones(2), scalar(0, 'int32')).params // → [0.95, 0.95]
 */
export const adamw = <G = unknown>(options: Exact<G, keyof AdamWConfig> & AdamWConfig): Optimizer => {
  const { weightDecay, ...config } = adamwOptions.demand(options);
  const optimizer = adam(config);
  return {
    ...optimizer,
    settings: { adamw: optimizer.settings, weightDecay },
    update: (gradients, state, params, step) => {
      // θ ← θ − α·λ·θ, then the step of Adam; zipped with the gradients, so that a parameter without one stays
      const factor = sub(1, mul(weightDecay, rateAt(config.learningRate, step)));
      const decayed = zipTensors([params, gradients], (theta) => mul(factor, theta));
      return optimizer.update(gradients, state, decayed, step);
    },
  };
};
