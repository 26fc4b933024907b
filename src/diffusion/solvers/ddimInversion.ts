import { add, mul } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { schema } from '../../internal/schema.js';
import { identity } from '../schedules/channel.js';
import { flowStep } from './exponentialIntegrator.js';
import { legBetween, type Leg } from '../grids/leg.js';
import type { Levels } from '../process/process.js';
import { type SolverFrom, withOptions } from './solverOptions.js';
import { column, entryAt } from '../process/table.js';

/** The legs of a grid from the data to noise. The first begins at the data, and has the timestep of its end. */
const risingLegs = (process: Levels, falling: readonly number[]): readonly Leg[] => {
  const rising = [...falling].reverse();
  return rising.map((next, i) => {
    const last = rising[i - 1];
    const { from: to, to: from, between } = legBetween(process, next, last ?? null);
    return { t: last ?? next, next, from, to, between };
  });
};

const options = schema('ddimInversion', {}, 'ddimInversion takes no options; η is 0');

/**
 * DDIM inversion (Song et al. 2021, section 4.3; eq. 14 from t = 0 to T): encodes data as noise, from which `ddim` on the
 * same grid returns to the data, with an error of first order in the steps. It visits the grid rising. `start` of a sampler
 * with this solver takes data in place of noise, and its last state is x_T.
 *
 * Each step is that of DDIM, with x̂₀ and ε̂ from where it begins. The first begins at the data, where no denoiser is
 * defined, so it evaluates at its end, the least noisy timestep of the grid, with x = α·x₀.
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: 5, solver: ddimInversion() }))
 * made.timesteps // → [199, 199, 399, 599, 799]
 */
export const ddimInversion: SolverFrom<Readonly<Record<string, never>>> = withOptions(options, () => ({
  path: risingLegs,
  integrate: (legs) => {
    const moves = legs.map(({ from, to }) =>
      // the first step evaluates x = α·x₀ at the level of its end: x̂₀ there, and ε̂ = (α·x₀ - α·x̂₀)/σ
      from.sigma === 0 ? { begin: to.alpha, x: 2, x0: -to.alpha } : { begin: identity.alpha, ...flowStep(from, to) },
    );
    const ofBegin = entryAt(column(moves, ({ begin }) => begin));
    const ofX = entryAt(column(moves, ({ x }) => x));
    const ofX0 = entryAt(column(moves, ({ x0 }) => x0));
    return E.right({
      memory: 0,
      stochastic: false,
      step: ({ x, memory }, { index, t, predict }) => {
        const from = mul(x, ofBegin(index));
        const x0 = predict(from, t);
        return { state: { x: add(mul(from, ofX(index)), mul(x0, ofX0(index))), memory }, x0 };
      },
    });
  },
}));
