import { fail, type NoisefoldError, raise } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { leavesSignal } from '../channels/channel.js';
import type { Level } from '../channels/level.js';
import type { Lookup } from '../paths/path.js';
import type { Parameterization } from './parameterization.js';

/** The fields of a denoiser that decide if it is defined without signal. */
interface Predicting {
  readonly predicts: Parameterization;
  readonly needsSignal?: boolean;
}

/** Predictions of the noise. x₀ follows from them only if there is signal. */
const NOISES: readonly Parameterization[] = ['epsilon', 'score'];

/** The first level without signal, where x̂₀ and v̂ do not follow from a prediction of ε or the score. */
const firstWithoutSignal = (levels: readonly Level[], { predicts, needsSignal = false }: Predicting) =>
  needsSignal || NOISES.includes(predicts) ? levels.find((level) => !leavesSignal(level)) : undefined;

const asFailure = (where: string, t: number, { needsSignal = false }: Predicting) => ({
  where,
  expected: `some signal at every timestep, for a ${needsSignal ? 'preconditioned denoiser' : 'denoiser that predicts ε'}`,
  actual: `none at t = ${t}`,
  hint: `${needsSignal ? '' : "train with predicts: 'v' or 'velocity', or "}leave that timestep out of the grid`,
});

/** Returns a `ConfigError` unless x̂₀ follows from a prediction at each level. */
export const levelsWithSignal = (
  where: string,
  levels: readonly Level[],
  denoiser: Predicting,
): either.Either<NoisefoldError, readonly Level[]> => {
  const withoutSignal = firstWithoutSignal(levels, denoiser);
  return withoutSignal === undefined
    ? E.right(levels)
    : fail('ConfigError', asFailure(where, withoutSignal.t, denoiser));
};

/**
 * Raises the error of {@link levelsWithSignal}. Checks all levels of a discrete path if no timesteps are given. A continuous path
 * is not checked, because its times without signal have probability 0.
 */
export const requireSignal = (
  where: string,
  { list = [], levelAt }: Lookup,
  denoiser: Predicting,
  timesteps?: readonly number[],
): void => {
  const withoutSignal = firstWithoutSignal(timesteps?.map(levelAt) ?? list, denoiser);
  if (withoutSignal !== undefined) raise('ConfigError', asFailure(where, withoutSignal.t, denoiser));
};
