import { fail, type NoisefoldError, raise } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { leavesSignal } from '../schedules/channel.js';
import type { Parameterization } from './parameterization.js';
import type { Levels } from '../process/process.js';

/** Predictions of the noise. x₀ follows from them only if there is signal. */
const NOISES: readonly Parameterization[] = ['epsilon', 'score'];

/** The first timestep without signal, where x̂₀ and v̂ do not follow from a prediction of ε or the score. */
const firstWithoutSignal = (
  { marginals }: Levels,
  from: Parameterization,
  timesteps: Iterable<number>,
): number | undefined =>
  NOISES.includes(from) ? Array.from(timesteps).find((t) => !leavesSignal(marginals[t]!)) : undefined;

const asFailure = (where: string, t: number) => ({
  where,
  expected: 'some signal at every timestep, for a denoiser that predicts ε',
  actual: `none at t = ${t}`,
  hint: "train with predicts: 'v', or leave that timestep out of the grid",
});

/** Checks that x̂₀ follows from a prediction at each timestep. Otherwise a `ConfigError`. */
export const timestepsWithSignal =
  (where: string, levels: Levels, from: Parameterization) =>
  (timesteps: readonly number[]): either.Either<NoisefoldError, readonly number[]> => {
    const withoutSignal = firstWithoutSignal(levels, from, timesteps);
    return withoutSignal === undefined ? E.right(timesteps) : fail('ConfigError', asFailure(where, withoutSignal));
  };

/** {@link timestepsWithSignal}, raised while a program is traced. Checks all timesteps of the process if none are given. */
export const requireSignal = (
  where: string,
  levels: Levels,
  from: Parameterization,
  timesteps: Iterable<number> = levels.marginals.keys(),
): void => {
  const withoutSignal = firstWithoutSignal(levels, from, timesteps);
  if (withoutSignal !== undefined) raise('ConfigError', asFailure(where, withoutSignal));
};
