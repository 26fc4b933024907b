/** How noisy a timestep is: its log-SNR λ or its σ, at fractional timesteps too, and which timestep is so noisy. */
import type { Schedule } from './schedule.js';

/**
 * λ_t = log(ᾱ_t/(1 - ᾱ_t)) at each timestep (Kingma et al. 2021, eq. 3): falling, and -∞ where no signal is left.
 * @example pipe(scheduleFromBetas([0.5, 0.5, 1]), E.map(logSNRs)) // → E.right([0, -1.099, -Infinity])
 */
export const logSNRs = ({ alphaBars }: Schedule): Float64Array =>
  alphaBars.map((alphaBar) => Math.log(alphaBar) - Math.log1p(-alphaBar));

/**
 * σ_t = √((1 - ᾱ_t)/ᾱ_t) at each timestep, the noise beside data of scale 1, as EDM (Karras et al. 2022) counts it:
 * rising, and ∞ where no signal is left.
 * @example pipe(scheduleFromBetas([0.5, 0.6, 1]), E.map(sigmas)) // → E.right([1, 2, Infinity])
 */
export const sigmas = ({ alphaBars }: Schedule): Float64Array =>
  alphaBars.map((alphaBar) => Math.sqrt(1 - alphaBar) / Math.sqrt(alphaBar)); // their ratio may overflow

/**
 * λ at a timestep that need not be whole, linear between those that are; before 0 and after T-1 that of the nearest.
 * It is linear in log σ, the interpolation of k-diffusion.
 * @example
 * const at = pipe(scheduleFromBetas([0.5, 0.6]), E.map(logSNRAt))
 * pipe(at, E.map((logSNR) => [logSNR(0), logSNR(0.5), logSNR(7)])) // → E.right([0, -0.693, -1.386])
 */
export const logSNRAt = (schedule: Schedule): ((t: number) => number) => {
  const table = logSNRs(schedule);
  return (t) => {
    const within = Math.min(Math.max(t, 0), schedule.T - 1);
    const before = Math.floor(within);
    const part = within - before;
    return part === 0 ? table[before]! : table[before]! + part * (table[before + 1]! - table[before]!);
  };
};

/**
 * The timestep, which need not be whole, whose log-SNR is λ: the inverse of {@link logSNRAt}. A λ above that of
 * timestep 0 gives 0, one below that of T-1 gives T-1.
 * @example
 * const of = pipe(scheduleFromBetas([0.5, 0.6]), E.map(timestepOfLogSNR))
 * pipe(of, E.map((timestep) => [timestep(0), timestep(-0.693), timestep(-5)])) // → E.right([0, 0.5, 1])
 */
export const timestepOfLogSNR = (schedule: Schedule): ((logSNR: number) => number) => {
  const table = logSNRs(schedule);
  return (logSNR) => {
    const within = Math.min(Math.max(logSNR, table[schedule.T - 1]!), table[0]!);
    const after = table.findIndex((level) => level <= within);
    if (after === -1) return NaN; // only a NaN is below none
    const [high, low] = [table[after - 1]!, table[after]!];
    return low === within ? after : after - 1 + (high - within) / (high - low);
  };
};

/**
 * σ at a timestep that need not be whole: `t_to_sigma` of k-diffusion, linear in log σ between whole timesteps.
 * @example
 * const at = pipe(scheduleFromBetas([0.5, 0.6]), E.map(sigmaAt))
 * pipe(at, E.map((sigma) => [sigma(0), sigma(0.5), sigma(1)])) // → E.right([1, 1.414, 2])
 */
export const sigmaAt = (schedule: Schedule): ((t: number) => number) => {
  const logSNR = logSNRAt(schedule);
  return (t) => Math.exp(-logSNR(t) / 2);
};

/**
 * The timestep, which need not be whole, whose noise is σ: `sigma_to_t` of k-diffusion, and the inverse of
 * {@link sigmaAt}. Beyond the schedule it is its nearest end.
 * @example
 * const of = pipe(scheduleFromBetas([0.5, 0.6]), E.map(timestepOfSigma))
 * pipe(of, E.map((timestep) => [timestep(1), timestep(1.414), timestep(80)])) // → E.right([0, 0.5, 1])
 */
export const timestepOfSigma = (schedule: Schedule): ((sigma: number) => number) => {
  const timestep = timestepOfLogSNR(schedule);
  return (sigma) => timestep(-2 * Math.log(sigma));
};
