import type { Shape } from '../../dsl/index.js';
import type { NamesIn, TakesConditions } from '../../conditions/marks.js';
import type { Exact } from '../../internal/exact.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { extrapolated } from './classifierFreeGuidance.js';
import type { ClassifierGuidance } from './classifierGuidance.js';
import { pairGuidanceOf } from './pairGuidance.js';
import { byScale, type Refinement } from './refinement.js';

const rule = /* @__PURE__ */ byScale('autoguidance', {}, (scale) => ({
  combine: (contrast) => extrapolated(contrast, scale),
}));

/**
 * Autoguidance (Karras et al. 2024, "Guiding a diffusion model with a bad version of itself", eq. 5): worse + scale·(better -
 * worse), where `worse` is a smaller or less trained version of the denoiser. It needs no conditions; both networks get
 * those that they take. A scale of 1 is unguided. Give the parameters of `worse` as the option `guide` of `sample`, or as the field
 * `guide` beside the denoiser's parameters.
 *
 * Returns a `ConfigError` for a scale that is not finite, invalid options, and a network `worse` that takes other times than the
 * denoiser.
 * @example
 * const better: Denoiser<{ guide: null }, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const worse: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * unwrap(autoguidance(worse, 3)(better)).apply({ guide: null }, zeros(1), { t: iota(1) }) // → [3]
 */
export const autoguidance = <Q, J extends Shape, G = unknown, C = unknown>(
  worse: Denoiser<Q, J> & TakesConditions<C>,
  scale: number,
  settings?: Exact<G, keyof Refinement> & Refinement,
): ClassifierGuidance<Q, J, NamesIn<C>> => pairGuidanceOf('autoguidance', worse, rule(scale, settings));
