import { add, mul } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { identity } from '../schedules/channel.js';
import { flowStep } from './exponentialIntegrator.js';
import { legBetween, type Leg } from '../grids/leg.js';
import { type Levels } from '../process/process.js';
import { noOptions, withOptions } from './solverOptions.js';
import { column, entryAt } from '../process/table.js';

/** The legs of a grid from the data up. The first begins where no timestep is, and takes that of its end. */
const risingLegs = (process: Levels, falling: readonly number[]): readonly Leg[] => {
  const rising = [...falling].reverse();
  return rising.map((next, i) => {
    const last = rising[i - 1];
    const { from: to, to: from, between } = legBetween(process, next, last ?? null);
    return { t: last ?? next, next, from, to, between };
  });
};

/**
 * The inversion of DDIM (Song et al. 2021, section 4.3; eq. 14 from t = 0 to T): a walk from the data to noise, which
 * `ddim` on the same grid walks back, but for an error of first order in the steps. It walks the grid rising. A sampler with
 * it `start`s from data in place of noise, and its last state is x_T.
 *
 * Each step is that of DDIM, x̂₀ and ε̂ being those where it begins. The first begins at the data, of which no denoiser
 * knows: it asks at its end, the grid's least noisy timestep, for x = a·x₀.
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const made = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => sampler({ process, denoiser: white, grid: 5, solver: ddimInversion() })),
 * )
 * pipe(made, E.map(({ timesteps }) => timesteps)) // → E.right([199, 199, 399, 599, 799])
 */
export const ddimInversion = withOptions<Readonly<Record<string, undefined>>>({
  where: 'ddimInversion',
  options: noOptions,
  hint: 'it takes no options: η is 0',
  solver: () => ({
    path: risingLegs,
    integrate: (legs) => {
      const moves = legs.map(({ from, to }) =>
        // x = a·x₀ at the first level lies where the noise is: x̂₀ there, and ε̂ = (a·x₀ - a·x̂₀)/s
        from.variance === 0
          ? { begin: to.scale, x: 2, x0: -to.scale }
          : { begin: identity.scale, ...flowStep(from, to) },
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
  }),
});
