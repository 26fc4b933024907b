/** The pseudo-Huber loss: squared for small errors, and linear for large ones. */
import { add, dims, type Dim, div, type Shape, sqrt, square, sumPerSample, type Tensor } from '../../dsl/index.js';
import { aboveZero, hinted } from '../../internal/decode.js';
import { sizeOf } from '../../internal/numbers.js';
import { argument } from '../../internal/schema.js';
import { type Objective, objective, predictionErrors } from './loss.js';
import type { LossOptions } from './noisedBatch.js';
import { OBJECTIVE, requireCalled } from './requireCalled.js';

/** c of the paper; 0.00054·√d for samples of d elements if left out. */
export const huberPart = hinted(aboveZero, 'the paper uses 0.00054·√d, for images of d elements');

/**
 * The pseudo-Huber distance of each sample, √(‖x‖² + c²) - c, `[B]`: iCT (Song & Dhariwal 2023), section 3.3. Written as
 * ‖x‖²/(√(‖x‖² + c²) + c), which keeps its digits for small x.
 */
export const pseudoHuber =
  (constant: number | undefined) =>
  <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>): Tensor<[B]> => {
    const [, ...image] = dims(x) as readonly number[]; // known when the program is traced
    const c = constant ?? 0.00054 * Math.sqrt(sizeOf(image));
    const squares = sumPerSample(square(x));
    return div(squares, add(sqrt(add(squares, c ** 2)), c));
  };

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
