import { add, gather, scaleBy, type Shape, table } from '../dsl/index.js';
import { orRaise } from '../internal/errors.js';
import { optionsOf } from '../internal/options.js';
import { aboveZero, exactly } from '../internal/decode.js';
import { E } from '../internal/fp.js';
import { type Denoiser, reparameterize } from './denoiser.js';
import { linearIntegrator } from './linearIntegrator.js';
import type { Process } from './process.js';
import { integrating, noOptions, withOptions } from './solverOptions.js';

/**
 * A few steps of a consistency function (Song et al. 2023, Algorithm 1; Luo et al. 2023, LCM, Algorithm 3): each jumps
 * to the data, and back to the next level by new noise, x_s = √ᾱ_s·x̂₀ + √(1-ᾱ_s)·ε. What the denoiser gives is
 * taken for the end of the flow through x_t, as a distilled one gives it; its boundary condition is the denoiser's, by
 * {@link consistencyDenoiser}. The mean E[x_0|x_t] is not that end: of it, more steps make averages, not samples.
 * LCM's timesteps are {@link lcmGrid}. The embedding of a guidance scale, by which LCM is distilled for all scales at
 * once (its section 4.2), is not here: no denoiser of this library hears of a scale.
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const made = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => sampler({ process, denoiser: white, grid: lcmGrid(4), solver: consistency() })),
 * )
 * pipe(made, E.map(({ timesteps }) => timesteps)) // → E.right([999, 759, 499, 259])
 */
export const consistency = withOptions<Readonly<Record<string, undefined>>>({
  where: 'consistency',
  options: noOptions,
  hint: 'it takes no options: the boundary condition is that of consistencyDenoiser',
  solver: () =>
    integrating((legs) =>
      linearIntegrator(legs.map(({ to }) => ({ x: 0, x0: [to.scale], noise: Math.sqrt(to.variance) }))),
    ),
});

/** The boundary condition of a consistency function. */
export interface ConsistencyBoundary {
  /** σ_data of the data that it was distilled on; 0.5 if left out. */
  readonly sigmaData?: number;
  /** What a timestep is multiplied with; 10 if left out, as LCM has it. */
  readonly timestepScaling?: number;
}

const boundaryOf = optionsOf<ConsistencyBoundary>({
  where: 'consistencyDenoiser',
  options: exactly({}, { sigmaData: aboveZero, timestepScaling: aboveZero }),
  hint: '0.5 and 10 are those of LCM',
});

/**
 * A network as the consistency function that it was distilled to: c_skip(t)·x_t + c_out(t)·x̂₀, which is x itself at
 * t = 0, with c_skip = σ²/(τ² + σ²) and c_out = τ/√(τ² + σ²) for τ = timestepScaling·t (Luo et al. 2023, LCM, as diffusers has it;
 * the boundary condition is that of Song et al. 2023, eq. 5, whose τ are others). A number of the boundary that is not
 * above 0 raises `ConfigError` when the denoiser is applied.
 *
 * @param process - the one that it was trained on, whose timesteps it knows
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const made = pipe(ddpm(cosine(1000)), E.map((process) => consistencyDenoiser(process, { timestepScaling: 0.5 })(black)))
 * pipe(made, E.map(({ apply }) => apply(null, ones(2), { t: iota(2) }))) // → E.right([1, 0.5])
 */
export const consistencyDenoiser = (process: Process, boundary: ConsistencyBoundary = {}) => {
  const coefficients = E.map(({ sigmaData = 0.5, timestepScaling = 10 }: ConsistencyBoundary) => {
    const taus = process.marginals.map((_, t) => timestepScaling * t);
    return {
      skip: table(taus.map((tau) => sigmaData ** 2 / (tau ** 2 + sigmaData ** 2))),
      out: table(taus.map((tau) => tau / Math.hypot(tau, sigmaData))),
    };
  })(boundaryOf(boundary));
  return <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    const { learned: _, apply, ...seesX0 } = reparameterize(process, 'x0')(denoiser);
    return {
      ...seesX0,
      apply: (params, x, at) => {
        const { skip, out } = orRaise(coefficients);
        return add(scaleBy(x, gather(skip, at.t)), scaleBy(apply(params, x, at), gather(out, at.t)));
      },
    };
  };
};
