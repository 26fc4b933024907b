/**
 * The variational bound along a continuous path: Variational Diffusion Models (VDM, Kingma et al. 2021), section 5. Its diffusion
 * term is an integral over the log-SNR λ, ½·∫ ‖ε - ε̂‖² dλ = ½·∫ ‖x₀ - x̂₀‖² dSNR, and depends on the path only by its ends.
 */
import {
  type Dim,
  div,
  equal,
  exp,
  log,
  meanPerSample,
  mul,
  neg,
  normalLike,
  reciprocal,
  scaleBy,
  type Shape,
  square,
  sub,
  type Tensor,
  uniformLike,
  where,
} from '../../dsl/index.js';
import { F } from '../../internal/fp.js';
import { slopeAt } from '../denoisers/atLevel.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { overNoising } from '../denoisers/overNoising.js';
import type { Parameterization } from '../denoisers/parameterization.js';
import { steered } from '../guidance/steering.js';
import type { Correction } from '../guidance/x0Correction.js';
import { forEachSample, overElements, perSample } from '../channels/batch.js';
import { drawnBy, forkKeys, requiredKeys } from '../channels/batchKeys.js';
import { halfLogSNR } from '../channels/channel.js';
import { qSample } from '../paths/forward.js';
import type { Level } from '../channels/level.js';
import type { ContinuousNoising, NoiseLevel } from '../paths/path.js';
import { entryAt } from '../channels/entries.js';
import { bitsPerDimension } from './bitsPerDimension.js';
import { discretizedLogLikelihood } from './discretizedGaussian.js';
import type { BoundInputs, Measured } from './variationalBound.js';

/**
 * The factor of the squared error of a prediction in the diffusion term, in nats per unit of time: for x₀ -½·dSNR/dt =
 * α·(α·σ̇ - σ·α̇)/σ³ (VDM, eq. 16), and for ε -½·dλ/dt (eq. 17).
 */
export const boundRateAt = <B extends Dim>(predicts: Parameterization, level: NoiseLevel<B>): Tensor<[B]> => {
  const { alpha, sigma } = level;
  const ofX0 = div(alpha, mul(square(sigma), slopeAt('velocity', level))); // ∂x̂₀/∂û = σ/(α·σ̇ - σ·α̇)
  return mul(ofX0, square(slopeAt(predicts, level)));
};

interface Measuring {
  readonly correction: Correction;
  readonly cdf: 'erf' | 'tanh';
}

/**
 * Measures one term of the bound for a batch. The first, at the level of least noise, is -log p(x₀|x_t) for bytes, where p(x₀|x_t)
 * ∝ q(x_t|x₀) (VDM, section 3.3), so a Gaussian around x_t/α. Each other term is the part of the diffusion term between a level and
 * the previous level, estimated at one λ for each sample, uniform between both.
 *
 * @param levels - from the least noise to the most
 */
export const measuredAlong = <P, I extends Shape>(
  noising: ContinuousNoising,
  denoiser: Denoiser<P, I>,
  levels: readonly Level[],
  { correction, cdf }: Measuring,
) => {
  const logs = levels.map((level) => -halfLogSNR(level)); // ln σ/α
  const endAt = entryAt(logs);
  const widthAt = entryAt(logs.map((end, i) => end - logs[Math.max(0, i - 1)]!));
  const { apply } = F.pipe(denoiser, overNoising(noising), steered(noising, { correction }));
  return <B extends Dim>(
    params: P,
    x0: Tensor<[B, ...I]>,
    { t: index, key: drawing, noise: own, ...conditioning }: NoInfer<BoundInputs<B, I>>,
  ): Measured<B> => {
    const key = requiredKeys('boundAt', drawing);
    const each = forEachSample(x0);
    const width = each(widthAt(index)); // half of the width in λ
    const place = drawnBy(forkKeys(key, 'place'), uniformLike)(perSample(x0));
    const t = noising.timesOfSigmas(exp(sub(each(endAt(index)), mul(place, width))));
    const { alpha, sigma } = noising.levels(t);
    const noise = own ?? drawnBy(forkKeys(key, 'noise'), normalLike)(x0);
    const xt = qSample(noising)(t, noise)(x0);
    const x0Error = meanPerSample(square(sub(apply(params, xt, { ...conditioning, t }), x0)));
    const noiseError = mul(x0Error, square(div(alpha, sigma)));
    const decoder = {
      mean: scaleBy(xt, reciprocal(alpha)),
      logVariance: overElements(x0)(mul(log(div(sigma, alpha)), 2)),
    };
    const decoded = neg(discretizedLogLikelihood(decoder, { cdf })(x0));
    const part = mul(mul(noiseError, width), 1 / Math.LN2);
    return { bits: where(each(equal(index, 0)), bitsPerDimension(decoded), part), x0Error, noiseError };
  };
};
