import { add, mul, table } from '../dsl/index.js';
import { E } from '../internal/fp.js';
import { identity } from './channel.js';
import { flowStep } from './lambda.js';
import { legsOf } from './solver.js';
import { noOptions, withOptions } from './solverOptions.js';
import { column, entryAt } from './table.js';

/**
 * The inversion of DDIM (Song et al. 2021, section 4.3; eq. 14 from t = 0 to T): a walk from the data to noise, which
 * `ddim` on the same grid walks back, but for an error of first order in the steps. It walks the grid rising. A sampler with
 * it `start`s from data in place of noise, and its last state is x_T.
 *
 * Each step is that of DDIM, x̂₀ and ε̂ being those where it begins. The first begins at the data, of which no denoiser
 * knows: it asks at its end, the grid's least noisy timestep, for x = a·x₀.
 *
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const made = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => sampler({ process, denoiser: white, grid: 5, solver: ddimInversion() })),
 * )
 * pipe(made, E.map(({ timesteps }) => timesteps)) // → E.right([0, 250, 500, 749, 999])
 */
export const ddimInversion = withOptions<Readonly<Record<string, undefined>>>({
  where: 'ddimInversion',
  options: noOptions,
  hint: 'it takes no options: η is 0',
  solver: () => ({
    path: (process, timesteps) => legsOf(process, [...timesteps].reverse()),
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
          const x0 = predict(from, timestepAt(index));
          return { state: { x: add(mul(ofX0(index))(x0))(mul(ofX(index))(from)), memory }, x0 };
        },
      });
    },
  }),
});
