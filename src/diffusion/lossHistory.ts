import { fail, type NoisefoldError } from '../dsl/errors.js';
import { E, type either } from '../internal/fp.js';

/** The last losses at each timestep, the oldest first: on the host, and changed by none. */
export interface LossHistory {
  /** How many are kept of each timestep. */
  readonly size: number;
  readonly losses: readonly (readonly number[])[];
}

/**
 * A history without losses yet.
 *
 * @param T - the number of timesteps
 * @param size - 10 if left out, as in Improved DDPM
 * @example
 * emptyHistory(2) // → { size: 10, losses: [[], []] }
 */
export const emptyHistory = (T: number, size = 10): LossHistory => ({
  size,
  losses: Array.from({ length: T }, () => []),
});

/**
 * The history after a batch: the loss of each sample, at its timestep. Timesteps out of range, or as many of them as
 * there are not losses, are a `ConfigError`; losses that are not finite are `NonFinite`.
 *
 * @example
 * const once = recordLosses(Int32Array.of(1, 1), [3, 4])(emptyHistory(2, 1))
 * pipe(once, E.map(({ losses }) => losses)) // → E.right([[], [4]])
 */
export const recordLosses =
  (t: ArrayLike<number>, losses: ArrayLike<number>) =>
  (history: LossHistory): either.Either<NoisefoldError, LossHistory> => {
    const T = history.losses.length;
    const timesteps = Array.from(t);
    const outside = timesteps.find((one) => !(Number.isInteger(one) && one >= 0 && one < T));
    if (outside !== undefined || timesteps.length !== losses.length)
      return fail('ConfigError', {
        where: 'recordLosses',
        expected: `a timestep of 0 to ${T - 1} for each loss`,
        actual: outside === undefined ? `${timesteps.length} for ${losses.length}` : `${outside}`,
        hint: 'give both as the loss of the samples gave them',
      });
    const wrong = timesteps.findIndex((_, i) => !Number.isFinite(losses[i]));
    if (wrong !== -1)
      return fail('NonFinite', {
        where: 'recordLosses',
        expected: 'finite losses',
        actual: `${losses[wrong]} at t = ${timesteps[wrong]}`,
        hint: 'a training whose loss is not finite is to be stopped: importance cannot be measured by it',
      });
    const added = new Map<number, readonly number[]>();
    timesteps.forEach((at, i) =>
      added.set(at, [...(added.get(at) ?? history.losses[at]!), losses[i]!].slice(-history.size)),
    );
    return E.right({ ...history, losses: history.losses.map((before, at) => added.get(at) ?? before) });
  };

/**
 * The probabilities by which timesteps are to be drawn, p_t ∝ √E[L_t²]: Improved DDPM (Nichol & Dhariwal 2021), eq. 18.
 * Uniform until every timestep has its losses; float64, of the sum 1, to be fed to a program that draws by
 * `timestepsBy`.
 *
 * @param uniform - the share that stays uniform, so that none is forgotten; 0.001 if left out, as in guided-diffusion
 * @example
 * importanceProbabilities({ size: 2, losses: [[1, 1], [3]] }) // → [0.5, 0.5]
 * importanceProbabilities({ size: 2, losses: [[1, 1], [3, 3]] }, 0) // → [0.25, 0.75]
 */
export const importanceProbabilities = ({ size, losses }: LossHistory, uniform = 1e-3): Float64Array => {
  const T = losses.length;
  const full = losses.every((some) => some.length === size);
  const roots = Float64Array.from(losses, (some) =>
    full ? Math.sqrt(some.reduce((sum, loss) => sum + loss ** 2, 0) / size) : 1,
  );
  const total = roots.reduce((a, b) => a + b, 0);
  return roots.map((root) => (total === 0 ? 1 / T : (1 - uniform) * (root / total) + uniform / T));
};
