import type { Shape } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { fail } from '../../internal/errors.js';
import { E, F } from '../../internal/fp.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { extrapolated } from './classifierFreeGuidance.js';
import { guidedByPair } from './contrast.js';
import type { ConditionGuidance } from './guidance.js';
import { byScale, type Refinement } from './refinement.js';

const rule = /* @__PURE__ */ byScale('pag', {}, (scale) => ({ combine: (contrast) => extrapolated(contrast, scale) }));

/**
 * Perturbed attention guidance (Ahn et al. 2024): ε̂' + scale·(ε̂ - ε̂'), where ε̂' is the prediction of the same network with the
 * identity in place of the attention maps at the bottleneck, so that a pixel attends only to itself. It needs neither conditions nor a
 * second network. The paper's s is scale - 1; a scale of 1 is unguided. `guidanceMonoid.concat` adds it to {@link cfg}, as in the
 * paper. Two evaluations a step.
 *
 * Returns a `ConfigError` for a scale that is not finite, invalid options, and a network without attention at the bottleneck.
 * @example
 * const seen: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   apply: (_, x) => onesLike(x),
 *   perturbed: (_, x) => zerosLike(x),
 * }
 * unwrap(pag(4)(seen)).apply(null, zeros(1), { t: iota(1) }) // → [4]
 */
export const pag =
  <G = unknown>(scale: number, settings?: Exact<G, keyof Refinement> & Refinement): ConditionGuidance<never> =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>) =>
    F.pipe(
      rule(scale, settings),
      E.bindTo('checked'),
      E.bind('perturbed', () =>
        denoiser.perturbed === undefined
          ? fail('ConfigError', {
              where: 'pag',
              expected: 'a network with attention at the bottleneck',
              actual: 'a network without this attention',
              hint: "take unet with middle: 'attention', its default, or cfg",
            })
          : E.right(denoiser.perturbed),
      ),
      E.flatMap(({ checked, perturbed }) =>
        guidedByPair('pag', checked, denoiser, ({ apply }) => (params, x, at) => [
          perturbed(params, x, at),
          apply(params, x, at),
        ]),
      ),
    );
