import { fail, type NoisefoldError } from '../dsl/errors.js';
import { type either } from '../internal/fp.js';
import { checkedBetas, type Schedule } from './schedule.js';

/**
 * A schedule made over so that no signal is left at its last timestep: √ᾱ is shifted to end at 0 and scaled to begin
 * where it did (Lin et al. 2024, algorithm 1). The first ᾱ stays; the last β is 1. No x₀ follows from a noise
 * prediction there: train with `predicts: 'v'`. One timestep alone, or a schedule whose last steps change nothing,
 * cannot be made over: `ConfigError`.
 *
 * @example
 * const schedule = pipe(scheduleFromBetas([0.36, 0.4375, 0.75]), E.flatMap(zeroTerminalSNR))
 * pipe(schedule, E.map(({ alphaBars }) => alphaBars)) // → E.right([0.64, 0.23, 0])
 */
export const zeroTerminalSNR = ({
  T,
  betas,
  alphaBars,
}: Schedule): either.Either<NoisefoldError, Schedule> => {
  const last = Math.sqrt(alphaBars[T - 1]!);
  // of two neighbours the scale cancels, so that α_t is (√ᾱ_t - √ᾱ_{T-1})²/(√ᾱ_{t-1} - √ᾱ_{T-1})²
  const above = alphaBars.map((alphaBar) => Math.sqrt(alphaBar) - last);
  return T > 1
    ? checkedBetas(
        'zeroTerminalSNR',
        betas.map((beta, t) => (t === 0 ? beta : 1 - (above[t]! / above[t - 1]!) ** 2)),
      )
    : fail('ConfigError', {
        where: 'zeroTerminalSNR',
        expected: 'at least two timesteps, the first to keep and the last to take the signal from',
        actual: '1',
        hint: 'make the schedule longer',
      });
};
