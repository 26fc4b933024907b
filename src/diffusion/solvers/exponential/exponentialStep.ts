/** One step of an exponential integrator, for multistep and singlestep methods. */
import { sumOf } from '../../../internal/numbers.js';
import { solved } from '../../../internal/numerics/linearSystem.js';
import { power } from '../../../internal/numerics/power.js';
import type { Channel } from '../../channels/channel.js';
import { type Form, minus, plus, type Prediction, times } from '../algorithm.js';
import { ddimStep, lengthOf, weighted } from '../steps.js';
import { exponentialWeights } from './exponentialIntegrator.js';

/**
 * The first moment of a step with two predictions: 'exact' integrates the line through both, 'bh2' is half of the integral of 1, as
 * in Algorithm 2 of DPM-Solver++ (`midpoint` in published code), and 'bh1' half of the length of the step. These are B(h)/2 of
 * UniPC (Zhao et al. 2023).
 */
export type PairRule = 'exact' | 'bh1' | 'bh2';

/** The rule for two predictions, by its name in published code. */
export const pairOf = (rule: string): PairRule => (rule === 'heun' ? 'exact' : 'bh2');

/** Rules by which a method changes the exact moments. */
export interface MomentRules {
  readonly pair?: PairRule;
  /**
   * The factor of the second moment 2φ₃; 1 if left out. In steps with three predictions, the code of DPM-Solver, diffusers and
   * k-diffusion has the factor 1/2, so φ₃.
   */
  readonly phi3?: number;
}

/**
 * The weights of the predictions in the integral of a polynomial through all of them: the step's own prediction first, then those
 * at the places r, where 1 is the end of the step. Σ_m w_m·r_m^k is the k-th moment of the step.
 */
const weightsAt = (
  h: number,
  places: readonly number[],
  { pair = 'bh2', phi3 = 1 }: MomentRules,
): readonly number[] => {
  const [whole, slope = 0, ...rest] = exponentialWeights(h, places.length + 1) as readonly [number, ...number[]];
  const first = places.length > 1 || pair === 'exact' ? slope : (pair === 'bh1' ? h : whole) / 2;
  const moments = [first, ...rest.map((moment, k) => (k === 0 ? phi3 * moment : moment))];
  const weights = solved(
    places.map((_, k) => places.map((r) => power(r, k + 1))),
    moments.slice(0, places.length),
  );
  return [whole - sumOf(weights), ...weights];
};

/** The prediction that a step integrates, and the amount of its noise. */
export interface StepKind {
  /** The integrated prediction; 'x0' if left out. */
  readonly space?: 'x0' | 'epsilon';
  /** The noise: 0, if left out, follows the flow, 1 is the reverse SDE. η of DPM-Solver++ SDE, τ² of SA-Solver. */
  readonly eta?: number;
  /** The factor of the noise; 1 if left out. */
  readonly sNoise?: number;
}

/** x_s = decay·x_t + (the integral of the prediction over the step) + noise·ε. */
export interface ExponentialStep {
  readonly decay: number;
  /** The prediction that it integrates. */
  readonly space: 'x0' | 'epsilon';
  /** The integrals of u^k over the step, for k < count and u from 0 at its beginning to 1 at its end. */
  readonly moments: (count: number) => readonly number[];
  /** x_s without noise, for a constant prediction: that of the evaluation at the beginning of the step. */
  readonly constant: (own: Prediction) => Form;
  /**
   * The integral of the difference between the polynomial through the predictions and the constant p: Σ_k w_k·(p_k - p), for
   * predictions p_k at places u.
   */
  readonly differences: (predictions: readonly Prediction[], places: readonly number[], rules?: MomentRules) => Form;
  readonly noise: number;
}

/** The integrals of a prediction over a step. */
const integrals = (space: 'x0' | 'epsilon', h: number, scale: number) => ({
  space,
  moments: (count: number) => exponentialWeights(h, count).map((moment) => scale * moment),
  differences: (predictions: readonly Prediction[], places: readonly number[], rules: MomentRules = {}): Form => {
    const [own, ...others] = predictions.map((one) => one[space]);
    const weights = weightsAt(h, places, rules).slice(1);
    return weighted(
      weights.map((w) => scale * w),
      others.map((one) => minus(one, own!)),
    );
  },
});

/**
 * A step of the length h in λ = ln(α/σ). In x̂₀, with moments of e^{(1+η)·h·(u-1)},
 *
 *     x_s = σ_s/σ_t·e^{-η·h}·x_t + α_s·Σ_m w_m·x̂₀(r_m) + σ_s·√(1 - e^{-2·η·h})·ε
 *
 * (DPM-Solver++, Lu et al. 2022, Proposition 4.1; SA-Solver, Xue et al. 2023, eq. 14 and 17), and in ε̂, with moments of
 * e^{h·(1-u)},
 *
 *     x_s = α_s/α_t·x_t - (1+η)·σ_s·Σ_m w_m·ε̂(r_m) + σ_s·√(η·(e^{2·h} - 1))·ε
 *
 * (DPM-Solver, and its SDE). In ε̂ the length must be finite. A polynomial p(r) through the predictions gives Σ_m w_m·p(r_m).
 */
export const exponentialStep = (
  from: Channel,
  to: Channel,
  { space = 'x0', eta = 0, sNoise = 1 }: StepKind = {},
): ExponentialStep => {
  const h = from.alpha === 0 ? Infinity : lengthOf(from, to);
  if (space === 'epsilon')
    return {
      ...integrals(space, -h, (1 + eta) * to.sigma),
      decay: to.alpha / from.alpha,
      // DDIM's step keeps the digits that the sum with x loses where it has little signal
      constant: ({ x, x0, epsilon }) =>
        plus(ddimStep(x, x0, from, to), times(-eta * to.sigma * Math.expm1(h), epsilon)),
      noise: sNoise * to.sigma * Math.sqrt(eta * Math.expm1(2 * h)),
    };
  const decay = eta === 0 || to.alpha === 0 ? 0 : eta * h;
  const x = to.sigma === 0 ? 0 : (to.sigma / from.sigma) * Math.exp(-decay);
  return {
    ...integrals(space, h + decay, to.alpha),
    decay: x,
    constant: (own) => plus(times(x, own.x), times(-to.alpha * Math.expm1(-h - decay), own.x0)),
    noise: to.sigma === 0 ? 0 : sNoise * to.sigma * Math.sqrt(-Math.expm1(-2 * decay)),
  };
};
