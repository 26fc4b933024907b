import { noiseMultistep } from './noiseMultistep.js';
import type { Solver } from './solver.js';
import { solverOfOrder } from './solverOfOrder.js';

/** The methods of Adams and Bashforth for steps that are all equal; PNDM's eq. 12 has the last. */
const adamsBashforth: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/**
 * PNDM (Liu et al. 2022), the pseudo linear multistep method of its Algorithm 2 (PLMS): DDIM's step, with a mean of
 * the last ε̂ by the weights for equal steps. It converges with order 2, as the paper says, whatever the number of ε̂
 * beyond two. It begins with fewer of them, as `skip_prk_steps` in diffusers does, and not with the
 * paper's Runge-Kutta; the last step, which ends at the data, is x̂₀.
 *
 * @param options - `order`: how many ε̂, 1 (which is DDIM) to 4; 4 if left out, another is a `ConfigError` of the
 *   sampler
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const made = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => sampler({ process, denoiser: white, grid: leading(20), solver: pndm() })),
 * )
 * pipe(made, E.map(({ memory }) => memory)) // → E.right(3)
 */
export const pndm = ({ order = 4 }: { readonly order?: number } = {}): Solver =>
  solverOfOrder({
    where: 'pndm',
    order,
    most: 4,
    integrator: (n, legs) => noiseMultistep(legs, n, (_, reach) => adamsBashforth[reach - 1]!),
  });
