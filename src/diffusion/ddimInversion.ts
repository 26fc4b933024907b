import { add, mul, table } from '../dsl/index.js';
import { E, F, RA } from '../internal/fp.js';
import { identity } from './channel.js';
import { flowStep } from './lambda.js';
import { type Grid, gridOf } from './grid.js';
import type { Solver } from './solver.js';
import { column, entryAt } from './table.js';

/**
 * The inversion of DDIM (Song et al. 2021, section 4.3; eq. 14 from t = 0 to T): a walk from the data to noise, which
 * `ddim` of the same grid walks back, but for an error of first order in the steps. Its grid rises. A sampler with
 * it `start`s from data in place of noise, and its last state is x_T.
 *
 * Each step is that of DDIM, x̂₀ and ε̂ being those where it begins. The first begins at the data, of which no denoiser
 * knows: it asks at its end, the grid's least noisy timestep, for x = a·x₀.
 *
 * @param steps - how many timesteps, spaced evenly, or a grid, as the decoder has it
 * @example
 * const solver = ddimInversion(5)
 * pipe(ddpm(cosine(1000)), E.flatMap(solver.grid)) // → E.right([0, 250, 500, 749, 999])
 */
export const ddimInversion = (steps: number | Grid): Solver => ({
  grid: (process) => F.pipe(gridOf(steps)(process), E.map(RA.reverse)),
  integrate: (legs) => {
    // leg i begins at the timestep where step i of this walk ends
    const moves = legs.map(({ from: to }, i) => {
      const before = legs[i - 1]?.from;
      // x = a·x₀ at the first level lies where the noise is: x̂₀ there, and ε̂ = (a·x₀ - a·x̂₀)/s
      return before === undefined
        ? { begin: to.scale, x: 2, x0: -to.scale }
        : { begin: identity.scale, ...flowStep(before, to) };
    });
    const timestepAt = entryAt(table(Int32Array.from(legs, ({ t }, i) => legs[i - 1]?.t ?? t)));
    const ofBegin = entryAt(table(column(moves, ({ begin }) => begin)));
    const ofX = entryAt(table(column(moves, ({ x }) => x)));
    const ofX0 = entryAt(table(column(moves, ({ x0 }) => x0)));
    return E.right({
      memory: 0,
      stochastic: false,
      step: ({ x, memory }, { index, predict }) => {
        const from = mul(ofBegin(index))(x);
        return { x: add(mul(ofX0(index))(predict(from, timestepAt(index))))(mul(ofX(index))(from)), memory };
      },
    });
  },
});
