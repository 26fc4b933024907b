/** Steps with numbers that are not finite. Such a step changes nothing; a run ends when most of its recent steps are such. */
import type { NoisefoldError } from '../../dsl/index.js';
import { failure } from '../../internal/errors.js';

/** The steps of a run since at least half of a series was finite. */
export interface Series {
  readonly steps: number;
  /** The number of those steps that were not finite. */
  readonly nonFinite: number;
  /** True if an earlier step of the run was finite. */
  readonly began: boolean;
  /** The origin of the first one that was not finite, if it was found. */
  readonly origin: string | null;
}

export const noSteps: Series = { steps: 0, nonFinite: 0, began: false, origin: null };

/** Adds a step. A new series begins when at least half of the steps are finite. */
export const counted = ({ steps, nonFinite, began, origin }: Series, isFinite: boolean): Series => {
  const now = { steps: steps + 1, nonFinite: nonFinite + (isFinite ? 0 : 1), began: began || isFinite, origin };
  return 2 * now.nonFinite > now.steps ? now : { ...noSteps, began: now.began };
};

/** A run ends when a series has this many more steps that are not finite than finite steps. */
const MOST = 10;

/** The error that ends a run whose steps are mostly not finite; null for any other run. */
export const divergence = (
  step: number,
  { steps, nonFinite, began, origin }: Series,
  hasOracle: boolean,
): NoisefoldError | null => {
  if (2 * nonFinite - steps < MOST) return null;
  const oracle = hasOracle ? '' : '; oracle: reference() finds the first operation whose result is not finite';
  return failure('NonFinite', {
    where: `training, step ${step}`,
    expected: 'a finite loss, gradient and update',
    actual: `none in ${nonFinite} of ${steps} steps${origin === null ? '' : `, in the first one by ${origin}`}`,
    hint: began
      ? `lower the learning rate, or clip gradients${oracle}`
      : `no step was finite: check the model, the loss and the data${oracle}`,
  });
};
