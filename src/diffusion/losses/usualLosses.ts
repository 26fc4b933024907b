import { mul } from '../../dsl/index.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { pathOf } from '../paths/noising.js';
import { objective, simpleLosses } from './loss.js';
import type { LossOptions } from './noisedBatch.js';

/**
 * The usual losses of a denoiser: the simple loss of its prediction (DDPM, Ho et al. 2020, eq. 14; for a velocity flow matching,
 * Lipman et al. 2023), or for a preconditioned network that of the network itself, which is that of x̂₀ with the weight 1/c_out²:
 * (σ² + σ_data²)/(σ·σ_data)² for EDM (Karras et al. 2022, table 1).
 * @example
 * const silent: NoiseNetwork<null, []> = { apply: (_, x) => zerosLike(x) }
 * const denoiser = unwrap(preconditioned(silent, { as: 'edm', sigmaData: 0.5 }))
 * const inputs = { x0: ones(1), t: constantOf([2], 1), noise: zeros(1) }
 * // x̂₀ is c_skip, 1/17
 * usualLosses(edm(), denoiser)(null, inputs).losses // → [((2 ** 2 + 0.5 ** 2) / (2 * 0.5) ** 2) * (16 / 17) ** 2]
 */
export const usualLosses = /* @__PURE__ */ objective<LossOptions>('usualLosses', (noising, denoiser, options) => {
  const { weight } = denoiser;
  if (weight === undefined) return simpleLosses(noising, denoiser, options);
  const { levels } = pathOf(noising);
  const ofX0 = simpleLosses(noising, reparameterize(noising, 'x0')(denoiser), options);
  return (params, inputs) => {
    const { losses, t } = ofX0(params, inputs);
    return { losses: mul(losses, weight(levels(t))), t };
  };
});
