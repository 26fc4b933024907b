import { fail, type NoisefoldError } from '../internal/errors.js';
import type { Shape } from '../dsl/graph/tensor.js';
import { E, type either } from '../internal/fp.js';
import type { Denoiser, ReverseSteps } from './denoiser.js';
import type { Process } from './process.js';
import type { Leg } from './leg.js';
import type { Integrator } from './solver.js';

const equalNumbers = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((number, i) => number === b[i]);

/** What of a walk is not as the steps of a denoiser are. */
const unlike =
  (walked: Process, legs: readonly Leg[], { reverse }: Integrator) =>
  ({ process, variance }: ReverseSteps, isLearned: boolean): string | null => {
    if (reverse === undefined) return 'another solver';
    if (!isLearned && reverse !== variance) return `the variance '${reverse}'`;
    if (!equalNumbers(process.timesteps, walked.timesteps)) return 'timesteps of another process';
    if (!equalNumbers(process.schedule.betas, walked.schedule.betas)) return 'another schedule';
    const skips = legs.find(({ t, next }) => (next ?? -1) !== t - 1);
    return skips === undefined ? null : `a step from t = ${skips.t} to ${skips.next ?? 'the data'}`;
  };

/** Whether a denoiser may be walked along some legs: a `ConfigError` where its prediction is for other steps only. */
export const fitting =
  <P, I extends Shape>({ only = [], learned }: Denoiser<P, I>) =>
  (process: Process, legs: readonly Leg[], integrator: Integrator): either.Either<NoisefoldError, void> => {
    const wrong = only.map((steps) => unlike(process, legs, integrator)(steps, learned !== undefined));
    const at = wrong.findIndex((one) => one !== null);
    return at === -1
      ? E.right(undefined)
      : fail('ConfigError', {
          where: 'sampler',
          expected: `ancestral({ variance: '${only[at]!.variance}' }) over each timestep of the process of meanGuided`,
          actual: wrong[at]!,
          hint: 'respace the process for fewer steps and give it to both; or take classifierGuided, which is for any solver and grid',
        });
  };
