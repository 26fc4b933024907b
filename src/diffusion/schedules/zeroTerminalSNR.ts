import { fail, type NoisefoldError } from '../../internal/errors.js';
import type { either } from '../../internal/fp.js';
import { checkedTables, type Schedule, sigmaOfAlphaBar } from './schedule.js';

/**
 * Rescales a schedule so that no signal is left at its last timestep: shifts √ᾱ so that its last value is 0, then scales √ᾱ so that
 * its first value is as before (Lin et al. 2024, algorithm 1). The first ᾱ stays; the last β is 1. At the last timestep x₀ cannot
 * be computed from a noise prediction: train with `predicts: 'v'`. Returns a `ConfigError` for a schedule of one timestep, and if ᾱ
 * would underflow before the last one.
 * @example
 * const schedule = unwrap(zeroTerminalSNR(unwrap(scheduleFromBetas([0.36, 0.4375, 0.75]))))
 * schedule.alphaBars // → [0.64, 0.23, 0]
 */
export const zeroTerminalSNR = ({ T, betas, alphaBars }: Schedule): either.Either<NoisefoldError, Schedule> => {
  // √ᾱ_{t-1} - √ᾱ_t as √ᾱ_{t-1}·β/(1 + √α), because for a small β the difference of the roots rounds to 0
  const falls = betas.map((beta, t) => (Math.sqrt(alphaBars[t - 1] ?? 1) * beta) / (1 + Math.sqrt(1 - beta)));
  // √ᾱ_t - √ᾱ_{T-1}
  const above = new Float64Array(T);
  for (let t = T - 2; t >= 0; t--) above[t] = above[t + 1]! + falls[t + 1]!;
  const products = above.map((root) => alphaBars[0]! * (root / above[0]!) ** 2);
  const alphas = products.map((alphaBar, t) => alphaBar / (products[t - 1] ?? 1));
  return T > 1
    ? checkedTables('zeroTerminalSNR', {
        betas: alphas.map((alpha, t) => (t === 0 ? betas[0]! : 1 - alpha)),
        alphas,
        alphaBars: products,
        sigmas: products.map(sigmaOfAlphaBar),
      })
    : fail('ConfigError', {
        where: 'zeroTerminalSNR',
        expected: 'at least two timesteps: the first keeps its ᾱ, the last loses its signal',
        actual: '1',
        hint: 'make the schedule longer',
      });
};
