/** The pseudo-Huber loss: squared for small errors, and linear for large ones. */
import { argument } from '../../internal/schema.js';
import { huberPart, pseudoHuber } from './distances.js';
import { type Objective, objective } from './objective.js';
import { predictionErrors } from './loss.js';
import type { LossOptions } from './lossInputs.js';
import { OBJECTIVE, requireCalled } from './requireCalled.js';

const cOf = argument('pseudoHuberLosses: c', huberPart);

/**
 * The pseudo-Huber loss of the prediction, √(‖error‖² + c²) - c of each sample, in place of the squared error of
 * {@link simpleLosses}: outliers and noisy times weigh less. iCT (Song & Dhariwal 2023), section 3.3. Makes an `Objective`, with
 * the errors of {@link predictionErrors}. Raises `ConfigError` for a c that is not above 0.
 *
 * @param c - the error from which on the loss is linear; 0.00054·√d for samples of d elements if left out, as in the paper
 * @example
 * const white: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const inputs = { x0: constantOf([1, 1, 1, 5], 2, 2), t: constantOf([0.5, 0.5], 2), noise: zeros(2, 2) }
 * pseudoHuberLosses(3)(rectifiedFlow(), white)(null, inputs).losses // → [0, 2]
 */
export const pseudoHuberLosses = (c?: number): Objective => {
  requireCalled(OBJECTIVE, 'pseudoHuberLosses()', c);
  if (c !== undefined) cOf.demand(c);
  return objective<LossOptions>(
    'pseudoHuberLosses',
    (noising, denoiser, options) => {
      const errors = predictionErrors(noising, denoiser, options);
      return (params, inputs) => {
        const { error, t } = errors(params, inputs);
        return { losses: pseudoHuber(c)(error), t };
      };
    },
    { settings: { c: c ?? null } },
  );
};
