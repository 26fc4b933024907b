/** Steps that several solvers take, and the levels between which they take them. */
import { natural } from '../../internal/decode.js';
import { demanding } from '../../internal/takes.js';
import { channelPart, levelsPart } from '../parts.js';
import { conversion, type Parameterization } from '../denoisers/parameterization.js';
import type { Level } from '../levels/level.js';
import type { Path } from '../levels/path.js';
import { type Channel, halfLogSNR, leavesSignal, lostSNR, sigmaOf } from '../levels/channel.js';
import type { Stage } from './plan.js';

/**
 * The coefficients of x_s = x·x_t + x0·x̂₀: the probability flow from one noise level to another, for a constant x̂₀. This is
 * the step of DDIM with η = 0, of Euler in σ, and of DPM-Solver++ of order 1.
 * @example flowStep({ alpha: 0.6, sigma: 0.8 }, { alpha: 0.8, sigma: 0.6 }) // → { x: 0.75, x0: 0.35 }
 */
export const flowStep = demanding(
  'flowStep',
  { from: channelPart, to: channelPart },
  (from: Channel, to: Channel): { readonly x: number; readonly x0: number } => {
    const x = to.sigma / from.sigma;
    return { x, x0: to.alpha - x * from.alpha };
  },
);

/** The stage of {@link flowStep}: DDIM (Song et al. 2021), eq. 12 with η = 0. */
export const holdX0 = (from: Level, to: Channel): Stage => {
  const { x, x0 } = flowStep(from, to);
  return { at: from, x, x0 };
};

/** The coefficients of x_s = x·x_t + noise·ε̂: the step of DDIM with any ε̂. `from` must have signal. */
const noiseStep = (from: Channel, to: Channel): { readonly x: number; readonly noise: number } => {
  const x = to.alpha / from.alpha;
  return { x, noise: to.sigma - x * from.sigma };
};

/** A factor of a prediction at a level as factors of x and x̂₀. */
export const inX0 = (
  at: Level,
  space: Parameterization,
  factor: number,
): { readonly x: number; readonly x0: number } => {
  const { x, prediction } = conversion('x0', space)(at);
  return { x: factor * x, x0: factor * prediction };
};

/**
 * The stage of DDIM's step with a weighted mean of the last ε̂, newest first; the weights sum to 1. It is the step with the
 * newest ε̂, plus the difference of the mean to it, because without signal or to the data the step with any ε̂ loses digits.
 */
export const holdNoise = (from: Level, to: Channel, [own = 1, ...earlier]: readonly number[]): Stage => {
  const { x, x0 } = flowStep(from, to);
  const stage = { at: from, remembers: 'epsilon' } as const;
  if (own === 1) return { ...stage, x, x0 };
  const { noise } = noiseStep(from, to);
  const beyond = inX0(from, 'epsilon', (own - 1) * noise);
  return { ...stage, x: x + beyond.x, x0: x0 + beyond.x0, memory: earlier.map((weight) => weight * noise) };
};

/** A stage at a level that repeats DDIM's step from where it began, with a mean of the ε̂ since, newest first. */
export const holdNoiseFrom = (at: Level, from: Level, to: Channel, [own = 1, ...earlier]: readonly number[]): Stage => {
  const { x: start, noise } = noiseStep(from, to);
  const memory = earlier.map((weight) => weight * noise);
  return { at, remembers: 'epsilon', start, ...inX0(at, 'epsilon', own * noise), memory };
};

/** The standard deviation of q(x_t|x_s), √β of a step: σ_t·√(1 - SNR_t/SNR_s). */
export const forwardSigma = (from: Channel, to: Channel): number =>
  from.sigma * Math.sqrt(lostSNR(sigmaOf(to), sigmaOf(from)));

/**
 * The step to x_s with new noise: down to the part of σ_s that is left, √(σ_s² - σ²), and up by σ, which is η times the
 * deviation of q(x_s|x_t, x_0), σ_s·√(1 - SNR_t/SNR_s). DDIM (Song et al. 2021), eq. 12 and 16; Euler ancestral of k-diffusion is
 * the same. With η above 1, σ is at most σ_s, as in k-diffusion.
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

/** The length of a step in DPM-Solver's λ, half of the log-SNR: h = λ_s - λ_t. */
export const lengthOf = (from: Channel, to: Channel): number => halfLogSNR(to) - halfLogSNR(from);

/** Tests if a step has a length in λ that is finite, with signal at its beginning and noise at its end, and not 0. */
export const hasLength = (from: Channel, to: Channel): boolean =>
  from.alpha > 0 && to.sigma > 0 && (from.alpha !== to.alpha || from.sigma !== to.sigma);

/** Tests if σ/α fits float32 where a step begins. It always does where the step ends; at the data it is 0. */
export const hasSignal = (from: Channel): boolean => leavesSignal(from);

/**
 * The most by which σ/α may fall over a step with more than one prediction, if a solver does not say otherwise. Over the first steps
 * of a coarse grid of the cosine schedule, from a σ of thousands, a slope would mean nothing.
 */
export const MAX_FALL = 100;

/** The σ up to which a step may fall by any factor, if `maxFall` is left out: EDM's grids begin at 80, and its churn at 80·√2. */
const HIGH = 1000;

/** Tests if a step evaluates again: its length is finite, and σ/α falls by `maxFall` at most. */
export const evaluatesAgain = (from: Channel, to: Channel, maxFall?: number): boolean =>
  hasLength(from, to) &&
  sigmaOf(from) <= (maxFall === undefined ? Math.max(HIGH, MAX_FALL * sigmaOf(to)) : maxFall * sigmaOf(to));

/** The level between two others where ln(σ/α) has gone the fraction r of the way. */
export const levelBetween = ({ levelOfSigma }: Path, from: Channel, to: Channel, r: number): Level =>
  levelOfSigma(Math.exp((1 - r) * Math.log(sigmaOf(from)) + r * Math.log(sigmaOf(to))));

/** Stages, the last of which adds noise of a standard deviation. */
export const thenNoise = (stages: readonly Stage[], noise: number): readonly Stage[] => [
  ...stages.slice(0, -1),
  { ...stages.at(-1)!, noise },
];

/** The greatest order of a step, from the number of steps that are left, with its own. */
export type OrderAt = (left: number) => number;

/**
 * The number of predictions that a multistep formula may use in the step from level i, including its own: at most `order`,
 * and only those since the last step that is not `usable`. By default a step is usable if its length in λ is finite.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * const levels = levelsOf(noising, [900, 600, 300])
 * // the last step ends at the data, where λ is ∞
 * ;[0, 1, 2].map((i) => reachOf(levels, i, 2)) // → [1, 2, 1]
 */
export const reachOf = demanding(
  'reachOf',
  { levels: levelsPart, i: natural, order: natural },
  (
    levels: readonly Level[],
    i: number,
    order: number,
    usable: (from: Level, to: Level) => boolean = hasLength,
  ): number => {
    let reach = 0;
    while (reach < order && reach <= i && usable(levels[i - reach]!, levels[i - reach + 1]!)) reach++;
    return Math.max(1, reach);
  },
);
