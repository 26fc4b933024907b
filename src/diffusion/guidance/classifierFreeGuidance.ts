/** Guidance by conditions: the predictions with them and without them. */
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
import { E, F, t } from '../../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { conditionGuidanceOf } from './conditionGuidance.js';
import { type Contrast, guidanceStateOf, requiredStep } from './contrast.js';
import type { ConditionGuidance } from './guidance.js';
import { byScale, inOrder, type Refinement, refinedRule, refinementFields, scalePart } from './refinement.js';

/** Options of classifier-free guidance. */
export interface CfgOptions extends Refinement {}

/** negative + scale·(positive - negative), with a scale that is a number of the host or a tensor of the step. */
export const extrapolated = <B extends Dim, I extends Shape>(
  { positive, negative }: Pick<Contrast<B, I>, 'positive' | 'negative'>,
  scale: number | Tensor<[]>,
): Tensor<[B, ...I]> => {
  const contrast = sub(positive, negative);
  return add(negative, typeof scale === 'number' ? mul(contrast, scale) : mul(contrast, scale));
};

/** A guidance scale, or the scale of each condition. */
export type Scales = number | Readonly<Record<string, number>>;

const scales = hinted(
  t.union([scalePart, t.record(t.string, scalePart)], 'a finite guidance scale, or the scale of each condition'),
  '1 is unguided; try 2, or { image: 1.5, text: 7.5 }',
);

/** negative + s₁·(p₁ - negative) + s₂·(p₂ - p₁) + …, over predictions with more and more conditions. */
const cfgRule = /* @__PURE__ */ byScale(
  'cfg',
  {},
  (scale: Scales) => ({
    combine: ({ chain: [negative, ...others] }) =>
      others.reduce(
        (sum, prediction, k) =>
          add(sum, mul(sub(prediction, k === 0 ? negative! : others[k - 1]!), scalesOf(scale)[k]!)),
        negative!,
      ),
  }),
  scales,
);

const scalesOf = (scale: Scales): readonly number[] => (typeof scale === 'number' ? [scale] : Object.values(scale));

/**
 * Classifier-free guidance (Ho & Salimans 2022, eq. 6): uncond + scale·(cond - uncond), where uncond is the prediction
 * without conditions; the paper's w is scale - 1. A scale of 1 is unguided; 0 ignores the conditions. Without `rescale`, all
 * parameterizations give the same samples. Both predictions come from one evaluation of a doubled batch; conditions that are
 * required stay in both. The denoiser must have been trained with dropout of its conditions.
 *
 * A record has the scale of each condition by name, as in InstructPix2Pix (Brooks et al. 2023, eq. 3): { image: s_I, text: s_T } is
 * ε(∅, ∅) + s_I·(ε(c_I, ∅) - ε(∅, ∅)) + s_T·(ε(c_I, c_T) - ε(c_I, ∅)), from one evaluation of a batch three times as large. It keeps
 * conditions that it does not name.
 *
 * Returns a `ConfigError` for a denoiser without conditions or one that requires all of them, a scale that is not finite, a name that
 * is not a condition, invalid options, and an interval beyond the timesteps of the denoiser. Sampling without values of these
 * conditions raises a `ConfigError`.
 * @example
 * const denoiser: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   conditions: { label: { classes: 1 } },
 *   apply: (_, x, at) => add(cast(labelOf(at)!, 'float32'), x), // 0 for class 0, 1 without a class
 * }
 * const at = { t: iota(1), conditions: { label: iota(1) } }
 * unwrap(cfg(3)(denoiser)).apply(null, zeros(1), at) // → [1 + 3 * (0 - 1)]
 * unwrap(cfg(3, { interval: [5, 9] })(denoiser)).apply(null, zeros(1), at) // → [0]
 */
export const cfg = <const S extends Scales, G = unknown>(
  scale: S,
  options?: Exact<G, keyof CfgOptions> & CfgOptions,
): ConditionGuidance<S extends number ? true : keyof S> =>
  conditionGuidanceOf(
    'cfg',
    cfgRule(scale, options),
    typeof scale === 'number' ? undefined : Object.keys(Object(scale)),
  );

const cfgPlusPlusRule = /* @__PURE__ */ byScale('cfgPlusPlus', {}, (scale) => ({
  combine: (contrast) => extrapolated(contrast, scale),
  renoise: ({ negative }) => negative,
}));

/**
 * CFG++ (Chung et al. 2024, Algorithm 2) on the steps of DDIM, Euler, or any solver with one evaluation a step: x̂₀ is guided by a
 * scale λ from 0 to 1 and corrected, and the next level takes its noise ε̂_∅ from the unconditional prediction, x_s = α_s·x̂₀ +
 * σ_s·ε̂_∅. Without a correction, a step from (α_t, σ_t) to (α_s, σ_s) is that of {@link cfg} with the scale λ·α_s·σ_t/(α_s·σ_t -
 * α_t·σ_s), which is λ for the step to the data.
 *
 * Returns and raises the errors of {@link cfg}. Solvers with several evaluations a step, likelihoods, and losses with a guided
 * teacher return or raise a `ConfigError`. Outside of a sampler, the guided denoiser predicts the guided x̂₀.
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'v', conditions: { label: { classes: 10 } }, apply: (_, x) => x }
 * isRight(cfgPlusPlus(0.6)(denoiser)) // → true
 */
export const cfgPlusPlus = <G = unknown>(
  scale: number,
  options?: Exact<G, keyof Refinement> & Refinement,
): ConditionGuidance => conditionGuidanceOf('cfgPlusPlus', cfgPlusPlusRule(scale, options));

const cfgZeroOptions = /* @__PURE__ */ schema('cfgZero', {
  ...refinementFields,
  /** The number of first steps with a velocity of 0; 1 if left out, as in the paper. */
  zeroSteps: optional(hinted(natural, '0 begins with guided steps; 1 is usual'), 1),
}).rule(inOrder);

/** Options of {@link cfgZero}. */
export interface CfgZeroOptions extends OptionsOf<typeof cfgZeroOptions> {}

/**
 * CFG-Zero* (Fan et al. 2025, Algorithm 1), for flows: the unconditional velocity is scaled by s = ⟨û, û_∅⟩/‖û_∅‖² of each
 * sample, û ← s·û_∅ + scale·(û - s·û_∅), and the first steps have a velocity of 0. A scale of 1 with `zeroSteps: 0` gives the
 * prediction with the conditions.
 *
 * The path must have derivatives, such as {@link rectifiedFlow}. Returns and raises the errors of {@link cfg}.
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'velocity', conditions: { label: { classes: 10 } }, apply: (_, x) => x }
 * isRight(cfgZero(4, { zeroSteps: 2 })(denoiser)) // → true
 */
export const cfgZero = <G = unknown>(
  scale: number,
  options?: Exact<G, keyof CfgZeroOptions> & CfgZeroOptions,
): ConditionGuidance =>
  conditionGuidanceOf(
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

/** Added to the squared norm before a division by it, as in the published code. */
const EPSILON = 1e-8;
