/** Guidance by the class: the predictions with the class and without one. */
import {
  add,
  cast,
  type Dim,
  div,
  greaterEqual,
  mul,
  scaleBy,
  type Shape,
  square,
  sub,
  sumPerSample,
  type Tensor,
} from '../../dsl/index.js';
import { hinted, natural } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { E, F } from '../../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { classGuidanceOf } from './classGuidance.js';
import { type Contrast, guidanceStateOf, requiredStep } from './contrast.js';
import type { ClassGuidance } from './guidance.js';
import { byScale, inOrder, type Refinement, refinedRule, refinementFields, scalePart } from './refinement.js';

/** Options of classifier-free guidance. */
export interface CfgOptions extends Refinement {}

/** negative + scale·(positive - negative), with a scale of the host or of the step. */
export const extrapolated = <B extends Dim, I extends Shape>(
  { positive, negative }: Pick<Contrast<B, I>, 'positive' | 'negative'>,
  scale: number | Tensor<[]>,
): Tensor<[B, ...I]> => {
  const contrast = sub(positive, negative);
  return add(negative, typeof scale === 'number' ? mul(contrast, scale) : mul(contrast, scale));
};

const cfgRule = /* @__PURE__ */ byScale('cfg', {}, (scale) => ({
  combine: (contrast) => extrapolated(contrast, scale),
}));

/**
 * Classifier-free guidance (Ho & Salimans 2022, eq. 6): uncond + scale·(cond - uncond), where uncond is the prediction
 * without a class; the paper's w is scale - 1. A scale of 1 is unguided; 0 ignores the class. Without `rescale`, all
 * parameterizations give the same samples. Both predictions come from one evaluation of a doubled batch, with the same
 * condition. The denoiser must have been trained with label dropout.
 *
 * Returns a `ConfigError` for a denoiser without classes or one trained only with labels, a scale that is not finite,
 * invalid options, and an interval beyond the timesteps of the denoiser. Sampling without labels raises a `ConfigError`.
 * @example
 * const denoiser: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   classes: 1,
 *   apply: (_, x, { label }) => add(cast(label!, 'float32'), x), // 0 for class 0, 1 without a class
 * }
 * const at = { t: iota(1), label: iota(1) }
 * unwrap(cfg(3)(denoiser)).apply(null, zeros(1), at) // → [1 + 3 * (0 - 1)]
 * unwrap(cfg(3, { interval: [5, 9] })(denoiser)).apply(null, zeros(1), at) // → [0]
 */
export const cfg = <G = unknown>(scale: number, options?: Exact<G, keyof CfgOptions> & CfgOptions): ClassGuidance =>
  classGuidanceOf('cfg', cfgRule(scale, options));

const cfgPlusPlusRule = /* @__PURE__ */ byScale('cfgPlusPlus', {}, (scale) => ({
  combine: (contrast) => extrapolated(contrast, scale),
  renoise: ({ negative }) => negative,
}));

/**
 * CFG++ (Chung et al. 2024, Algorithm 2) on the steps of DDIM, Euler, or any solver with one evaluation a step: x̂₀ is
 * guided by a scale λ from 0 to 1 and corrected, and the noise of the next level is that of the prediction without a class,
 * x_s = α_s·x̂₀ + σ_s·ε̂_∅. Without a correction, a step from (α_t, σ_t) to (α_s, σ_s) is that of {@link cfg} with the scale
 * λ·α_s·σ_t/(α_s·σ_t - α_t·σ_s), which is λ for the step to the data.
 *
 * Returns and raises the errors of {@link cfg}. A solver with more evaluations in a step, a likelihood and a loss
 * with a guided teacher return or raise a `ConfigError`. Applied alone, the guided denoiser predicts the guided x̂₀.
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'v', classes: 10, apply: (_, x) => x }
 * isRight(cfgPlusPlus(0.6)(denoiser)) // → true
 */
export const cfgPlusPlus = <G = unknown>(
  scale: number,
  options?: Exact<G, keyof Refinement> & Refinement,
): ClassGuidance => classGuidanceOf('cfgPlusPlus', cfgPlusPlusRule(scale, options));

const cfgZeroOptions = /* @__PURE__ */ schema('cfgZero', {
  ...refinementFields,
  /** The number of steps at the noise with a velocity of 0; 1 if left out, as in the paper. */
  zeroSteps: optional(hinted(natural, '0 begins with guided steps; 1 is usual'), 1),
}).rule(inOrder);

/** Options of {@link cfgZero}. */
export interface CfgZeroOptions extends OptionsOf<typeof cfgZeroOptions> {}

/**
 * CFG-Zero* (Fan et al. 2025, Algorithm 1), for flows: the velocity without a class is scaled by s = ⟨û, û_∅⟩/‖û_∅‖² of each
 * sample, û ← s·û_∅ + scale·(û - s·û_∅), and the first steps have a velocity of 0. At a scale of 1 and `zeroSteps: 0` it is the
 * prediction with the class.
 *
 * The path must have derivatives, as {@link rectifiedFlow}. Returns and raises the errors of {@link cfg}.
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'velocity', classes: 10, apply: (_, x) => x }
 * isRight(cfgZero(4, { zeroSteps: 2 })(denoiser)) // → true
 */
export const cfgZero = <G = unknown>(
  scale: number,
  options?: Exact<G, keyof CfgZeroOptions> & CfgZeroOptions,
): ClassGuidance =>
  classGuidanceOf(
    'cfgZero',
    F.pipe(
      cfgZeroOptions.decode<CfgZeroOptions>(options),
      E.tap(() => argument('cfgZero', scalePart).decode(scale)),
      E.map(({ zeroSteps, ...refinement }) => {
        const rule = refinedRule('cfgZero', refinement, {
          space: 'velocity',
          combine: ({ positive, negative }) => {
            const size = sumPerSample(square(negative));
            const share = div(sumPerSample(mul(positive, negative)), add(size, EPSILON));
            return extrapolated({ positive, negative: scaleBy(negative, share) }, scale);
          },
        });
        return {
          ...rule,
          combine: (contrast) => {
            const result = guidanceStateOf(rule.combine(contrast));
            if (zeroSteps === 0) return result;
            const goes = cast(greaterEqual(requiredStep('cfgZero', contrast.at).index, zeroSteps), 'float32');
            return { ...result, prediction: mul(result.prediction, goes) };
          },
        };
      }),
    ),
  );

/** Added to the squared norm that divides, as in the published code. */
const EPSILON = 1e-8;
