import { E } from '../internal/fp.js';
import { posteriorOf } from './channel.js';
import { everyStep, type Grid, gridOf } from './grid.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Leg, Solver } from './solver.js';

/** σ_t² of the reverse steps: β̃_t, or β_t; DDPM (Ho et al. 2020), section 3.2, found them equally good. */
export type ReverseVariance = 'posterior' | 'beta';

/**
 * The coefficients of one step of DDPM's Algorithm 2: μ̃ as a combination of x_t and x̂₀, and σ_t.
 *
 * @example
 * const legs = pipe(ddpm(scheduleFromBetas([0.36, 0.4375])), E.map((process) => legsOf(process, [1, 0])))
 * const steps = pipe(legs, E.map((all) => all.map(ancestralStep('posterior'))))
 * pipe(steps, E.map(([first]) => first)) // → E.right({ x: 0.422, x0: [0.547], noise: 0.496 })
 * pipe(steps, E.map(([, last]) => last)) // → E.right({ x: 0, x0: [1], noise: 0 })
 */
export const ancestralStep =
  (variance: ReverseVariance) =>
  ({ from, to, between }: Leg): StepCoefficients => {
    const posterior = posteriorOf(to, between, from);
    const sigma = Math.sqrt(variance === 'posterior' ? posterior.variance : between.variance);
    // line 3: no noise at the last step
    return { x: posterior.xt, x0: [posterior.x0], noise: to.variance === 0 ? 0 : sigma };
  };

/**
 * Ancestral sampling: Algorithm 2 of DDPM (Ho et al. 2020), x_{t-1} = μ̃(x_t, x̂₀) + σ_t·z, without noise at
 * the last step. μ̃ is the mean of q(x_{t-1}|x_t, x_0) (eq. 7); with the x̂₀ of a noise prediction it is
 * (x_t - β_t/√(1-ᾱ_t)·ε̂)/√α_t, the algorithm's line 4.
 *
 * @param steps - how many timesteps, spaced evenly, or a grid; every timestep if left out
 * @param options - `variance`: σ_t², the posterior's β̃_t if left out
 * @example
 * const every = ancestral()
 * const fewer = ancestral(3, { variance: 'beta' })
 * pipe(ddpm(cosine(5)), E.flatMap(every.grid)) // → E.right([4, 3, 2, 1, 0])
 * pipe(ddpm(cosine(5)), E.flatMap(fewer.grid)) // → E.right([4, 2, 0])
 */
export const ancestral = (
  steps: number | Grid = everyStep,
  { variance = 'posterior' }: { readonly variance?: ReverseVariance } = {},
): Solver => ({
  grid: gridOf(steps),
  integrate: (legs) => E.right(linearIntegrator(legs.map(ancestralStep(variance)))),
});
