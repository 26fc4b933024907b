import { add, equal, mul, scalar, sub, where, zipTensors } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { decay } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { weightDecay } from './adam.js';
import { learningRate, rateAt, rateSettings } from './learningRate.js';
import { type Optimizer, optimizerOf } from './optimizer.js';

const sgdOptions = /* @__PURE__ */ schema('sgd', {
  /** α, the learning rate: a number, or a function of the step. */
  learningRate,
  /** μ, the momentum: the factor of the previous velocity, in [0, 1); default 0, which needs no state. */
  momentum: optional(decay, 0),
  /** τ, the dampening: 1 − τ is the factor of a gradient in the velocity, in [0, 1); default 0. */
  dampening: optional(decay, 0),
  /** True for Nesterov momentum; default false. Needs momentum, and no dampening. */
  nesterov: optional(t.boolean, false),
  /** λ, added to the gradient as λ·θ; default 0. */
  weightDecay: optional(weightDecay, 0),
}).rule(({ nesterov, momentum, dampening }) =>
  nesterov && (momentum === 0 || dampening > 0)
    ? {
        field: 'nesterov',
        expected: 'momentum above 0, and no dampening',
        actual: `momentum ${momentum} and dampening ${dampening}`,
        hint: 'a momentum of 0.9 is usual',
      }
    : null,
);

/** The options of {@link sgd}. */
export interface SgdConfig extends OptionsOf<typeof sgdOptions> {}

/**
 * Stochastic gradient descent, as `torch.optim.SGD` defines it: g ← g + λ·θ, v ← μ·v + (1 − τ)·g (v ← g at the first update),
 * θ ← θ − α·v, or θ ← θ − α·(g + μ·v) by Nesterov (Sutskever et al. 2013). Its state is v, as `velocity`, if there is
 * momentum. Raises `ConfigError` for numbers outside their intervals, for `nesterov` without momentum or with dampening, and
 * for an unknown or missing field.
 * @example
 * const { init, update } = sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true })
 * update(constantOf([1, -2], 2), init(zeros(2)), zeros(2), scalar(0, 'int32')).params // → [-0.19, 0.38]
 */
export const sgd = <G = unknown>(config: Exact<G, keyof SgdConfig> & SgdConfig): Optimizer => {
  const { learningRate, momentum, dampening, nesterov, weightDecay } = sgdOptions.demand(config);
  return optimizerOf({
    learningRate,
    settings: { sgd: { learningRate: rateSettings(learningRate), momentum, dampening, nesterov, weightDecay } },
    moments: momentum === 0 ? [] : ['velocity'],
    update: (gradients, state, params, step) => {
      const rate = rateAt(learningRate, step);
      const g = weightDecay === 0 ? gradients : zipTensors([params, gradients], (p, g) => add(g, mul(weightDecay, p)));
      if (momentum === 0) return { params: zipTensors([params, g], (p, g) => sub(p, mul(rate, g))), state };
      const share = where(equal(step, 0), scalar(1), 1 - dampening);
      const velocity = zipTensors([state.velocity, g], (v, g) => add(mul(momentum, v), mul(share, g)));
      const d = nesterov ? zipTensors([velocity, g], (v, g) => add(g, mul(momentum, v))) : velocity;
      return { params: zipTensors([params, d, g], (p, d) => sub(p, mul(rate, d))), state: { velocity } };
    },
  });
};
