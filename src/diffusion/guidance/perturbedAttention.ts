import type { Shape } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { fail } from '../../internal/errors.js';
import { E, F } from '../../internal/fp.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { extrapolated } from './classifierFreeGuidance.js';
import { guidedByPair } from './contrast.js';
import type { Guidance } from './guidance.js';
import { byScale, type Refinement } from './refinement.js';

const rule = /* @__PURE__ */ byScale('pag', {}, (scale) => ({ combine: (contrast) => extrapolated(contrast, scale) }));

/**
 * Perturbed attention guidance (Ahn et al. 2024): ε̂' + scale·(ε̂ - ε̂'), where ε̂' is the prediction of the same network with the
 * identity in place of the attention maps at the bottleneck, so that its pixels do not see each other. It needs neither classes nor
 * a second network. The paper's s is scale - 1; a scale of 1 is unguided. `guidanceMonoid.concat` adds it to {@link cfg}, as in the
 * paper. Two evaluations a step.
 *
 * Returns a `ConfigError` for a scale that is not finite, invalid options, and a network without attention at the bottleneck.
 * @example
 * const seen: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   identityAttention: true,
 *   apply: (_, x, { identityAttention = false }) => (identityAttention ? zerosLike(x) : onesLike(x)),
 * }
 * unwrap(pag(4)(seen)).apply(null, zeros(1), { t: iota(1) }) // → [4]
 */
export const pag =
  <G = unknown>(scale: number, settings?: Exact<G, keyof Refinement> & Refinement): Guidance =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>) =>
    F.pipe(
      rule(scale, settings),
      E.tap(() =>
        denoiser.identityAttention === true
          ? E.right(undefined)
          : fail('ConfigError', {
              where: 'pag',
              expected: 'a network with attention at the bottleneck',
              actual: 'one without it',
              hint: "take unet with middle: 'attention', its default, or cfg",
            }),
      ),
      E.flatMap((checked) =>
        guidedByPair('pag', checked, denoiser, (params, x, at) => [
          denoiser.apply(params, x, at),
          denoiser.apply(params, x, { ...at, identityAttention: true }),
        ]),
      ),
    );
