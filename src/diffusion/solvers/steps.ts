/** Steps and levels that several solvers share. */
import type { Level } from '../channels/level.js';
import type { Path } from '../paths/path.js';
import { type Channel, halfLogSNR, leavesSignal, lostSNR, sigmaOf } from '../channels/channel.js';
import { type Form, minus, type Past, plus, type Prediction, times } from './algorithm.js';

/**
 * DDIM's step (Song et al. 2021, eq. 12 with η = 0), the flow from one level to another for a constant x̂₀: √ᾱ_s·x̂₀ + √(1-ᾱ_s)·ε̂ with
 * ε̂ = (x_t - √ᾱ_t·x̂₀)/√(1-ᾱ_t). Euler's step in σ, DPM-Solver and DPM-Solver++ of order 1 are the same. It is defined for any levels.
 * @example
 * const solver = solverOf(({ x, D }, from, to) => ddimStep(x, D(x, from).x0, from, to))
 * const [step] = unwrap(solver.plan(levelsOf(rectifiedFlow(), [0.8, 0.4]), rectifiedFlow()))
 * step!.stages[0] // → { at: step!.from, x: 0.5, x0: 0.5 }
 */
export const ddimStep = (x: Form, x0: Form, from: Channel, to: Channel): Form => {
  const ratio = to.sigma / from.sigma;
  return plus(times(ratio, x), times(to.alpha - ratio * from.alpha, x0));
};

/**
 * Moves x_t along a slope d(x/α)/d(σ/α), such as ε̂: α_s/α_t·x_t + (σ_s - α_s/α_t·σ_t)·slope. It is Euler's step of EDM (Karras et
 * al. 2022), Algorithm 2, line 8, in the scale of any path. `from` must have signal.
 * @example
 * const euler = solverOf(({ x, D }, from, to) => move(x, D(x, from).epsilon, from, to))
 * const [step] = unwrap(euler.plan(levelsOf(rectifiedFlow(), [0.8, 0.4]), rectifiedFlow()))
 * step!.stages[0] // → { at: step!.from, x: 0.5, x0: 0.5 }
 */
export const move = (x: Form, slope: Form, from: Channel, to: Channel): Form => {
  const ratio = to.alpha / from.alpha;
  return plus(times(ratio, x), times(to.sigma - ratio * from.sigma, slope));
};

/**
 * The slope d(x/α)/d(σ/α) = (x - α·x̂₀)/σ of a prediction x̂₀, which equals ε̂: EDM, Algorithm 2, line 7.
 * @example
 * const euler = solverOf(({ x, D }, from, to) => move(x, slope(x, D(x, from).x0, from), from, to))
 * const [step] = unwrap(euler.plan(levelsOf(rectifiedFlow(), [0.8, 0.4]), rectifiedFlow()))
 * step!.stages[0] // → { at: step!.from, x: 0.5, x0: 0.5 }
 */
export const slope = (x: Form, x0: Form, { alpha, sigma }: Channel): Form =>
  times(1 / sigma, minus(x, times(alpha, x0)));

/** The sum of forms with weights. */
export const weighted = (weights: readonly number[], forms: readonly Form[]): Form =>
  plus(...weights.map((weight, k) => times(weight, forms[k]!)));

/**
 * DDIM's step with a weighted mean of the newest ε̂, newest first, in place of the step's own ε̂; the weights sum to 1. It adds the
 * difference between the mean and the step's own ε̂ to DDIM's step, because {@link move} loses digits where x has little signal.
 */
export const meanStep = (
  predictions: readonly Prediction[],
  weights: readonly number[],
  from: Channel,
  to: Channel,
): Form => {
  const [own, ...earlier] = predictions.map(({ epsilon }) => epsilon);
  const { x, x0 } = predictions[0]!;
  const ddim = ddimStep(x, x0, from, to);
  if (earlier.length === 0) return ddim;
  const beyond = weighted(
    weights.slice(1),
    earlier.map((epsilon) => minus(epsilon, own!)),
  );
  return plus(ddim, times(to.sigma - (to.alpha / from.alpha) * from.sigma, beyond));
};

/** The standard deviation of q(x_t|x_s), √β of a step: σ_t·√(1 - SNR_t/SNR_s). */
export const forwardSigma = (from: Channel, to: Channel): number =>
  from.sigma * Math.sqrt(lostSNR(sigmaOf(to), sigmaOf(from)));

/**
 * The step to x_s with new noise, in two parts: `down` to √(σ_s² - σ²), then `up` by new noise of σ. σ is η times the deviation of
 * q(x_s|x_t, x_0), σ_s·√(1 - SNR_t/SNR_s). DDIM (Song et al. 2021), eq. 12 and 16; Euler ancestral of k-diffusion is the same. With
 * η above 1, σ is at most σ_s, as in k-diffusion.
 */
export const ancestralLevel = (
  from: Channel,
  to: Channel,
  eta: number,
): { readonly down: Channel; readonly up: number } => {
  const [s, t] = [sigmaOf(to), sigmaOf(from)];
  const ratio = s === Infinity ? 1 : s / t; // 1 between two levels without signal
  const lost = lostSNR(s, t);
  const left = eta > 1 ? Math.sqrt(Math.max(0, 1 - eta ** 2 * lost)) : Math.hypot(Math.sqrt(1 - eta ** 2), eta * ratio);
  return {
    down: { ...to, sigma: to.sigma * left },
    up: Math.min(to.sigma, eta * to.sigma * Math.sqrt(lost)),
  };
};

/** The length h = λ_s - λ_t of a step in DPM-Solver's λ, half of the log-SNR. */
export const lengthOf = (from: Channel, to: Channel): number => halfLogSNR(to) - halfLogSNR(from);

/** Tests if the length of a step in λ is finite and not 0: x has signal at the beginning of the step, and noise at its end. */
export const hasLength = (from: Channel, to: Channel): boolean =>
  from.alpha > 0 && to.sigma > 0 && (from.alpha !== to.alpha || from.sigma !== to.sigma);

/** Tests if σ/α at the beginning of a step fits float32. At the end of a step σ/α always fits; at the data it is 0. */
export const hasSignal = (from: Channel): boolean => leavesSignal(from);

/**
 * The default of `maxSigmaRatio`: the largest ratio of σ/α at the beginning and at the end of a step with more than one prediction.
 * A coarse grid of the cosine schedule begins at a σ of thousands; a slope at such a σ does not approximate the curve at the end of
 * the step.
 */
export const MAX_SIGMA_RATIO = 100;

/**
 * The default limit of {@link evaluatesAgain} applies only above this σ. EDM's grids begin at 80, or with churn at 80·√2, so that
 * steps from there have no limit.
 */
const HIGH = 1000;

/** Tests if a step evaluates again: its length is finite, and σ/α falls by `maxSigmaRatio` at most. */
export const evaluatesAgain = (from: Channel, to: Channel, maxSigmaRatio?: number): boolean =>
  hasLength(from, to) &&
  sigmaOf(from) <=
    (maxSigmaRatio === undefined ? Math.max(HIGH, MAX_SIGMA_RATIO * sigmaOf(to)) : maxSigmaRatio * sigmaOf(to));

/** The level between two others at the fraction r of the way in ln(σ/α). */
export const levelBetween = ({ levelOfSigma }: Path, from: Channel, to: Channel, r: number): Level =>
  levelOfSigma(Math.exp((1 - r) * Math.log(sigmaOf(from)) + r * Math.log(sigmaOf(to))));

/** The largest order of a step, as a function of the number of remaining steps, this step included. */
export type OrderAt = (left: number) => number;

/** Tests if a multistep formula may use the prediction where a step begins. */
export type Usable = (from: Level, to: Level) => boolean;

/**
 * The predictions that a multistep formula may use in a step, newest first, at most `order`: the step's own prediction and those
 * after the last step that is not `usable`. By default a step is usable if its length in λ is finite.
 */
export const recent = (
  own: Prediction,
  past: readonly Past[],
  to: Level,
  order: number,
  usable: Usable = hasLength,
): readonly Prediction[] => {
  if (!usable(own.at, to)) return [own];
  const newest = past.slice(0, order - 1);
  const end = newest.findIndex((one) => !usable(one.at, one.to));
  return [own, ...(end === -1 ? newest : newest.slice(0, end))];
};
