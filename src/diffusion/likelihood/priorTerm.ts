import { type Dim, fullLike, mul, type Shape, type Tensor, zerosLike } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { noiseScale } from '../channels/channel.js';
import { gaussianKl } from '../channels/gaussians.js';
import { type Noising, pathOf, withoutEnds } from '../paths/noising.js';
import { bitsPerDimension } from './bitsPerDimension.js';

/**
 * The first term of the variational bound, L_T = KL(q(x_T|x_0) ‖ p(x_T)) (DDPM, Ho et al. 2020, eq. 5), of each sample, in bits per
 * dimension: the information about the data in x_T. It does not depend on parameters. p(x_T) is the distribution of the initial
 * noise of samplers: N(0, I), and N(0, σ_T²) on a path that does not preserve the variance.
 *
 * - `x0`: `[B, ...I]` to `[B]`
 *
 * @param t - the time of x_T; the end of the noising if left out. A path of σ has no end, so there it is a `ConfigError`
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * // ½·(0.64 - 1 - ln 0.64 + 0.36)/ln 2 at x_0 = 1
 * priorTerm(noising)(ones(1, 4)) // → [0.322]
 * // ½·x_0²/σ²/ln 2
 * priorTerm(edm(), 80)(ones(1, 4)) // → [0.5 / 80 ** 2 / Math.LN2]
 */
export const priorTerm = (noising: Noising, t?: number) => {
  const { last, levelAt } = pathOf(noising);
  if (t === undefined && last === Infinity)
    raise('ConfigError', withoutEnds('priorTerm', noising, 'give the time where sampling begins, such as 80'));
  const level = levelAt(t ?? last);
  const scale = noiseScale(level);
  return <B extends Dim, I extends Shape>(x0: Tensor<[B, ...I]>): Tensor<[B]> => {
    const standard = { mean: zerosLike(x0), logVariance: zerosLike(x0) };
    const mean = mul(x0, level.alpha / scale);
    return bitsPerDimension(
      gaussianKl({ mean, logVariance: fullLike(x0, 2 * Math.log(level.sigma / scale)) }, standard),
    );
  };
};
