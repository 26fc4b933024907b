/** The variances of reverse steps, for the steps of a process and for the steps between levels. */
import { type Posterior, posteriorOf, transition } from '../channels/channel.js';
import { type Level, pairsOf } from '../channels/level.js';
import { clippedLogVariances } from '../paths/posterior.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import type { ReverseVariance } from './reverseVariance.js';

/** Reverse steps, beginning at the data. */
interface ReverseSteps {
  /** The posterior of each step. Its σ² is β̃. */
  readonly posteriors: readonly Posterior[];
  readonly betas: Float64Array;
}

/** The steps of a process, from each timestep to the previous timestep. */
export const stepsOf = ({ posteriors, schedule: { betas } }: DiscreteNoising): ReverseSteps => ({ posteriors, betas });

/** The steps between falling levels. */
export const stepsAlong = (levels: readonly Level[]): ReverseSteps => {
  const rising = pairsOf(levels)
    .map(([from, to]) => ({ from, to, between: transition(to, from) }))
    .toReversed();
  return {
    posteriors: rising.map(({ from, to, between }) => posteriorOf(to, between, from)),
    betas: Float64Array.from(rising, ({ between }) => between.sigma ** 2),
  };
};

/** Logarithms of variances, and Σ, of each step, in float64. */
interface StepVariances {
  /** log β̃, clipped at the first step: see {@link clippedLogVariances}. */
  readonly low: Float64Array;
  /** log β - log β̃, in a separate table, because in float32 the difference of two tables would be imprecise. */
  readonly spread: Float64Array;
  /** log σ² for a denoiser that does not learn it. */
  readonly fixed: Float64Array;
  /** Its Σ, which scales the guidance of the mean. β̃ of the first step is 0: there the mean does not move. */
  readonly sigmaSquared: Float64Array;
}

/** The variances of steps. A σ² that is not learned is β̃ or β. */
export const stepVariances = ({ posteriors, betas }: ReverseSteps, variance: ReverseVariance): StepVariances => {
  const low = clippedLogVariances({ posteriors });
  const spread = low.map((small, t) => Math.log(betas[t]!) - small);
  const isSmall = variance === 'posterior';
  const fixed = low.map((small, t) => (isSmall || t === 0 ? small : Math.log(betas[t]!)));
  const sigmaSquared = isSmall ? Float64Array.from(posteriors, ({ sigma }) => sigma ** 2) : fixed.map(Math.exp);
  return { low, spread, fixed, sigmaSquared };
};
