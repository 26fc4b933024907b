import { E } from '../internal/fp.js';
import { linearIntegrator } from './linearIntegrator.js';
import type { Solver } from './solver.js';

/**
 * A few steps of a consistency function (Song et al. 2023, Algorithm 1; Luo et al. 2023, LCM, Algorithm 3): each jumps
 * to the data, and back to the next level by new noise, x_s = √ᾱ_s·x̂₀ + √(1-ᾱ_s)·ε. What the denoiser gives is
 * taken for the end of the flow through x_t, as a distilled one gives it; its boundary condition, c_skip and c_out, is
 * the denoiser's. The mean E[x_0|x_t] is not that end: of it, more steps make averages, not samples.
 *
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const made = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => sampler({ process, denoiser: white, grid: trailing(4), solver: consistency() })),
 * )
 * pipe(made, E.map(({ timesteps }) => timesteps)) // → E.right([999, 749, 499, 249])
 */
export const consistency = (): Solver => ({
  integrate: (legs) =>
    E.right(
      linearIntegrator(legs.map(({ to }) => ({ x: 0, x0: [to.scale], noise: Math.sqrt(to.variance) }))),
    ),
});
