import { fail, type NoisefoldError, raise } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { type Level, levelsOf } from '../grids/level.js';
import { leavesSignal } from '../schedules/channel.js';
import type { Parameterization } from './parameterization.js';
import type { Levels } from '../process/process.js';

/** Predictions of the noise. x₀ follows from them only if there is signal. */
const NOISES: readonly Parameterization[] = ['epsilon', 'score'];

/** The first level without signal, where x̂₀ and v̂ do not follow from a prediction of ε or the score. */
const firstWithoutSignal = (levels: readonly Level[], from: Parameterization): Level | undefined =>
  NOISES.includes(from) ? levels.find((level) => !leavesSignal(level)) : undefined;

const asFailure = (where: string, t: number) => ({
  where,
  expected: 'some signal at every timestep, for a denoiser that predicts ε',
  actual: `none at t = ${t}`,
  hint: "train with predicts: 'v', or leave that timestep out of the grid",
});

/** Checks that x̂₀ follows from a prediction at each level. Otherwise a `ConfigError`. */
export const levelsWithSignal = (
  where: string,
  levels: readonly Level[],
  from: Parameterization,
): either.Either<NoisefoldError, readonly Level[]> => {
  const withoutSignal = firstWithoutSignal(levels, from);
  return withoutSignal === undefined ? E.right(levels) : fail('ConfigError', asFailure(where, withoutSignal.t));
};

/** {@link levelsWithSignal}, raised while a program is traced. Checks all timesteps of the process if none are given. */
export const requireSignal = (
  where: string,
  levels: Levels,
  from: Parameterization,
  timesteps: Iterable<number> = levels.marginals.keys(),
): void => {
  const withoutSignal = firstWithoutSignal(levelsOf(levels, Array.from(timesteps)), from);
  if (withoutSignal !== undefined) raise('ConfigError', asFailure(where, withoutSignal.t));
};
