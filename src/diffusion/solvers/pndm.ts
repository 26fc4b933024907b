import { noiseMultistep } from './noiseMultistep.js';
import { pseudoRungeKutta, stagesOf } from './pseudoRungeKutta.js';
import { oneOf } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { integrating, orderOf, type SolverFrom, withOptions } from './solverOptions.js';

/** The Adams-Bashforth weights for equal steps, for 1 to 4 ε̂. The last row is PNDM's eq. 12. */
const adamsBashforth: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];
const weightsOf = (reach: number): readonly number[] => adamsBashforth[reach - 1]!;

const options = schema('pndm', {
  /** The number of ε̂, 1, which is DDIM, to 4; 4 if left out. */
  order: optional(orderOf(1, 2, 3, 4), 4),
  /** 'fewer' ε̂ if left out, or 'rungeKutta' (F-PNDM, Algorithm 2). */
  start: optional(oneOf('fewer', 'rungeKutta'), 'fewer'),
});

interface PndmOptions extends OptionsOf<typeof options> {}

/**
 * PNDM (Liu et al. 2022), the pseudo linear multistep method of its Algorithm 2 (PLMS): DDIM's step, with a mean of the last
 * ε̂ by the Adams-Bashforth weights for equal steps, including the last step, which ends at the data. For steps that are
 * equal or change smoothly it converges with order 2, as the paper states, for any number of ε̂ from two on. For other steps
 * it converges with order 1 (measured on steps that alternate by 1 : 1.7): use {@link lms}, which has weights for the actual
 * step lengths.
 *
 * It begins with fewer ε̂, or with the paper's pseudo Runge-Kutta method, which takes four evaluations for each of the first
 * `order - 1` steps, at the timesteps of the grid and halfway between. A step without a timestep halfway, or over which σ
 * falls more than fourfold, is a plain one.
 *
 * @param options - `order`: the number of ε̂, 1 (which is DDIM) to 4; 4 if left out. For any other, the sampler returns a
 *   `ConfigError`. `start`: 'fewer' ε̂ if left out, or 'rungeKutta' (F-PNDM, Algorithm 2)
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: leading(20), solver: pndm() }))
 * made.memory // → 3
 */
export const pndm: SolverFrom<PndmOptions> = withOptions(options, ({ order, start }) =>
  start === 'fewer'
    ? integrating((legs) => noiseMultistep(legs, order, (_, reach) => weightsOf(reach)))
    : {
        path: stagesOf(order - 1),
        ...integrating((legs) => pseudoRungeKutta(legs, order, weightsOf)),
      },
);
