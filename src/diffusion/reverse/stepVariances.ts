/** The variances of reverse steps: of a process, or of the legs of a path. */
import { type Posterior, posteriorOf } from '../schedules/channel.js';
import type { Leg } from '../grids/leg.js';
import { clippedLogVariances } from '../process/posterior.js';
import type { Process } from '../process/process.js';
import type { ReverseVariance } from './reverseVariance.js';

/** Reverse steps, from the data up. */
interface ReverseSteps {
  /** Of each step: β̃ is its variance. */
  readonly posteriors: readonly Posterior[];
  readonly betas: Float64Array;
}

/** The steps of a process, from each timestep to the one before it. */
export const stepsOf = ({ posteriors, schedule: { betas } }: Process): ReverseSteps => ({ posteriors, betas });

/** The steps of legs, which fall. */
export const stepsAlong = (legs: readonly Leg[]): ReverseSteps => {
  const rising = legs.toReversed();
  return {
    posteriors: rising.map(({ from, to, between }) => posteriorOf(to, between, from)),
    betas: Float64Array.from(rising, ({ between }) => between.variance),
  };
};

/** Logarithms of variances, and Σ, of each step: float64. */
interface StepVariances {
  /** log β̃, that of the first step {@link clippedLogVariances}. */
  readonly low: Float64Array;
  /** log β - log β̃: small where they nearly agree, and so a table of its own. */
  readonly spread: Float64Array;
  /** log σ² of a denoiser that does not learn it. */
  readonly fixed: Float64Array;
  /** Its Σ, by which a guide moves the mean: the β̃ of the first step is 0, and nothing moves. */
  readonly sigmaSquared: Float64Array;
}

/** The variances of some steps, σ² being the posterior's β̃ or β. */
export const stepVariances = ({ posteriors, betas }: ReverseSteps, variance: ReverseVariance): StepVariances => {
  const low = clippedLogVariances({ posteriors });
  const spread = low.map((small, t) => Math.log(betas[t]!) - small);
  const isSmall = variance === 'posterior';
  const fixed = low.map((small, t) => (isSmall || t === 0 ? small : Math.log(betas[t]!)));
  const sigmaSquared = isSmall ? Float64Array.from(posteriors, (p) => p.variance) : fixed.map(Math.exp);
  return { low, spread, fixed, sigmaSquared };
};
