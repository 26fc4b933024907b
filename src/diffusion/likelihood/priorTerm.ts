import { type Dim, scalar, type Shape, type Tensor, zerosLike } from '../../dsl/index.js';
import { forEachSample, overElements } from '../levels/batch.js';
import { bitsPerDimension } from './bitsPerDimension.js';
import { qMeanVariance } from '../levels/forward.js';
import { gaussianKl } from '../levels/gaussians.js';
import type { DiscreteNoising } from '../levels/discreteNoising.js';
import { demanding } from '../../internal/takes.js';
import { discretePart } from '../parts.js';

/**
 * The first term of the variational bound, L_T = KL(q(x_T|x_0) ‖ N(0, I)) (DDPM, Ho et al. 2020, eq. 5), of each sample, in
 * bits per dimension: the information about the data that is left in x_T. It does not depend on parameters.
 *
 * - `x0`: `[B, ...I]` to `[B]`
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * // ½·(0.64 - 1 - ln 0.64 + 0.36)/ln 2 at x_0 = 1
 * priorTerm(noising)(ones(1, 4)) // → [0.322]
 */
export const priorTerm = demanding('priorTerm', { noising: discretePart }, (noising: DiscreteNoising) => {
  const last = scalar(noising.schedule.T - 1, 'int32');
  const marginal = qMeanVariance(noising);
  return <B extends Dim, I extends Shape>(x0: Tensor<[B, ...I]>): Tensor<[B]> => {
    const { mean, logVariance } = marginal(forEachSample(x0)(last))(x0);
    const standard = zerosLike(mean);
    return bitsPerDimension(
      gaussianKl({ mean, logVariance: overElements(mean)(logVariance) }, { mean: standard, logVariance: standard }),
    );
  };
});
