import { schema } from '../../internal/schema.js';
import { isData, pairsOf } from '../channels/level.js';
import { pathOf } from '../paths/noising.js';
import { minus, plus, times, traced } from './algorithm.js';
import { planning } from './plan.js';
import { type SolverFrom, withOptions } from './solverOptions.js';
import { ddimStep } from './steps.js';

const options = schema('ddimInversion', {}, 'ddimInversion takes no options; η is 0');

/**
 * DDIM inversion (Song et al. 2021, section 4.3; eq. 14 from t = 0 to T): encodes data as noise, from which `ddim` on the same grid
 * returns to the data, with an error of first order in the steps. It visits the levels of the grid in rising order of noise.
 * `start` of a sampler with this solver takes data in place of noise, and its last state is x_T.
 *
 * Each step is DDIM's step, with x̂₀ and ε̂ at the beginning of the step. The first step begins at the data, where no denoiser is
 * defined. So it evaluates at its end, the least noisy timestep of the grid, with x = α·x₀.
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: 5, solver: ddimInversion() }))
 * result.timesteps // → [199, 199, 399, 599, 799]
 */
export const ddimInversion: SolverFrom<Readonly<Record<string, never>>> = withOptions(options, () =>
  planning((levels, noising) =>
    traced(
      pathOf(noising),
      pairsOf(levels.toReversed()).map(([from, to]) => ({
        from,
        to,
        algorithm: ({ x, D }) => {
          if (!isData(from)) return ddimStep(x, D(x, from).x0, from, to);
          const scaled = times(to.alpha, x); // α·x₀, evaluated where the step ends
          const { x0 } = D(scaled, to);
          return plus(scaled, minus(scaled, times(to.alpha, x0))); // α·x₀ + σ·ε̂
        },
      })),
    ),
  ),
);
