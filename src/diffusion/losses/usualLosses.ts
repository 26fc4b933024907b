import { mul } from '../../dsl/index.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { isDiscrete, pathOf } from '../levels/noising.js';
import { demanding } from '../../internal/takes.js';
import { denoiserPart, noisingPart } from '../parts.js';
import { type Objective, simpleLosses } from './loss.js';

/**
 * The usual losses of a noising: the simple loss of a denoiser's prediction (DDPM, Ho et al. 2020, eq. 14; for a velocity flow
 * matching, Lipman et al. 2023), and on the path of `edm()` weighted by (σ² + σ_data²)/(σ·σ_data)² (Karras et al. 2022, table 1).
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', clock: 'level', apply: (_, x) => onesLike(x) }
 * const inputs = { x0: zeros(1), t: constantOf([2], 1), noise: zeros(1) }
 * usualLosses(edm(), white)(null, inputs).losses // → [(2 ** 2 + 0.5 ** 2) / (2 * 0.5) ** 2]
 */
export const usualLosses: Objective = demanding<Objective>(
  'usualLosses',
  { noising: noisingPart, denoiser: denoiserPart },
  (noising, denoiser, options) => {
    const weight = isDiscrete(noising) ? undefined : noising.usual.weight;
    if (weight === undefined) return simpleLosses(noising, denoiser, options);
    const { levels } = pathOf(noising);
    const ofX0 = simpleLosses(noising, reparameterize(noising, 'x0')(denoiser), options);
    return (params, inputs) => {
      const { losses, t } = ofX0(params, inputs);
      return { losses: mul(losses, weight(levels(t))), t };
    };
  },
);
