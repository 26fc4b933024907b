import {
  add,
  type Dim,
  div,
  fullLike,
  minimum,
  mul,
  scaleBy,
  type Shape,
  sqrt,
  square,
  sub,
  sumPerSample,
  type Tensor,
} from '../../dsl/index.js';
import { aboveZero, finite, hinted } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { optional, type OptionsOf } from '../../internal/schema.js';
import { conditionGuidanceOf } from './conditionGuidance.js';
import type { Contrast } from './contrast.js';
import type { ConditionGuidance } from './guidance.js';
import { byScale, type Refinement } from './refinement.js';

const apgFields = {
  /** η, the factor of the part of the difference that is parallel to the prediction; 0 if left out. 1 is plain guidance. */
  eta: optional(hinted(finite, '0 is usual, 1 is plain guidance'), 0),
  /** r, the largest norm of the difference of a sample; no limit if left out. */
  norm: optional(hinted(aboveZero, 'the paper uses 2.5 to 15, by model')),
  /** β, the factor of earlier differences; 0, no momentum, if left out. A negative β subtracts them. */
  momentum: optional(hinted(finite, '-0.5 is usual'), 0),
};

/** Options of {@link apg}. */
export interface ApgOptions extends OptionsOf<typeof apgFields>, Refinement {}

/** Added to norms before a division by them, because a norm may be 0. */
const LEAST = 2 ** -60;

const inner = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>, y: Tensor<[B, ...I]>): Tensor<[B]> =>
  sumPerSample(mul(x, y));

/** The part of v that is parallel to u: (⟨v, u⟩/⟨u, u⟩)·u. */
const along = <B extends Dim, I extends Shape>(v: Tensor<[B, ...I]>, u: Tensor<[B, ...I]>): Tensor<[B, ...I]> =>
  scaleBy(u, div(inner(v, u), add(inner(u, u), LEAST)));

const rule = /* @__PURE__ */ byScale('apg', apgFields, (scale, { eta, norm, momentum }) => ({
  space: 'x0',
  memory: momentum === 0 ? 0 : 1,
  combine: <B extends Dim, I extends Shape>({ positive, negative, memory: [before] }: Contrast<B, I>) => {
    const plain = sub(positive, negative);
    const average = before === undefined ? plain : add(plain, mul(before, momentum));
    const length = sqrt(sumPerSample(square(average)));
    const difference =
      norm === undefined ? average : scaleBy(average, minimum(div(fullLike(length, norm), add(length, LEAST)), 1));
    // Δ_⊥ + η·Δ_∥
    const update = add(difference, mul(along(difference, positive), eta - 1));
    return { prediction: add(positive, mul(update, scale - 1)), memory: momentum === 0 ? [] : [average] };
  },
}));

/**
 * Adaptive projected guidance (Sadat et al. 2024, Algorithm 1), in x̂₀: strong guidance without oversaturation. The guided
 * prediction is x̂₀ + (scale - 1)·(Δ_⊥ + η·Δ_∥), where Δ_∥ is the part of Δ parallel to x̂₀. Δ is the difference of the predictions
 * with and without conditions, plus `momentum` times the earlier Δ, scaled down to a norm of at most `norm`. A scale of 1 gives the
 * prediction with the conditions.
 *
 * Returns and raises the errors of {@link cfg}.
 * @example
 * const denoiser: Denoiser<null, [2]> = { predicts: 'v', conditions: { label: { classes: 10 } }, apply: (_, x) => x }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const guidance = apg(6, { momentum: -0.5, norm: 15 })
 * unwrap(sampler({ noising, denoiser, grid: 25, solver: ddim(), guidance })).memory // → 1
 */
export const apg = <G = unknown>(scale: number, options?: Exact<G, keyof ApgOptions> & ApgOptions): ConditionGuidance =>
  conditionGuidanceOf('apg', rule(scale, options));
