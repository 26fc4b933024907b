import { noiseMultistep } from './noiseMultistep.js';
import { pseudoRungeKutta, stagesOf } from './pseudoRungeKutta.js';
import { exactly } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { integrating, ORDER_HINT, orderTo, withOptions } from './solverOptions.js';

/** The methods of Adams and Bashforth for steps that are all equal, by how many ε̂; PNDM's eq. 12 has the last. */
const adamsBashforth: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];
const weightsOf = (reach: number): readonly number[] => adamsBashforth[reach - 1]!;

/**
 * PNDM (Liu et al. 2022), the pseudo linear multistep method of its Algorithm 2 (PLMS): DDIM's step, with a mean of
 * the last ε̂ by the weights for equal steps, to the last one, which ends at the data. Where steps are equal, or change
 * smoothly, it converges with order 2, as the paper says, whatever the number of ε̂ beyond two. Over others it does with
 * order 1, as measured on steps that alternate by 1 : 1.7: there {@link lms} has the weights of the steps as they are.
 * It begins with fewer ε̂, or with the paper's Runge-Kutta,
 * which takes four evaluations for each of the first `order - 1` steps, at the timesteps of the grid and half-way
 * between; a step that has no timestep there, or over which σ falls more than fourfold, is a plain one.
 * (`skip_prk_steps` in diffusers begins with fewer, but for two evaluations of the first step.)
 *
 * @param options - `order`: how many ε̂, 1 (which is DDIM) to 4; 4 if left out, another is a `ConfigError` of the
 *   sampler; `start`: 'fewer' ε̂ if left out, or 'rungeKutta' (F-PNDM, Algorithm 2)
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const made = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => sampler({ process, denoiser: white, grid: leading(20), solver: pndm() })),
 * )
 * pipe(made, E.map(({ memory }) => memory)) // → E.right(3)
 */
export const pndm = withOptions<{ readonly order?: number; readonly start?: 'fewer' | 'rungeKutta' }>({
  where: 'pndm',
  options: exactly(
    {},
    {
      order: orderTo(4),
      start: t.keyof({ fewer: null, rungeKutta: null }, "a start, 'fewer' or 'rungeKutta'"),
    },
  ),
  hint: ORDER_HINT,
  solver: ({ order = 4, start = 'fewer' }) =>
    start === 'fewer'
      ? integrating((legs) => noiseMultistep(legs, order, (_, reach) => weightsOf(reach)))
      : {
          path: stagesOf(order - 1),
          ...integrating((legs) => pseudoRungeKutta(legs, order, weightsOf)),
        },
});
