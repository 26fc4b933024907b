import { add, scaleBy, type Shape } from '../../dsl/index.js';
import { fail, orRaise } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { aboveZero, amount, exactly } from '../../internal/decode.js';
import { E } from '../../internal/fp.js';
import { type Denoiser, reparameterize } from '../denoiser/denoiser.js';
import { sigmaOf } from '../schedules/channel.js';
import type { Leg } from '../grids/leg.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Process } from '../process/process.js';
import { withOptions } from './solverOptions.js';
import { entriesAt } from '../process/table.js';

/** Options of {@link consistency}. */
export interface ConsistencyOptions {
  /**
   * ε of Song et al. 2023, σ_min of their code: the noise that the results of the consistency function still have. 0 if
   * left out, as for LCM, whose results are data; 0.002 in the models of the paper.
   */
  readonly sigmaMin?: number;
}

/** One jump to the data, and back to the level where the leg ends: to x̂₀ with noise of √(σ² - ε²). */
const jump =
  (epsilon: number) =>
  ({ to }: Leg): StepCoefficients => ({
    x: 0,
    x0: [to.scale],
    // a·√(σ² - ε²), with a²σ² = 1 - ᾱ; none at the data, nor where σ is ε but for rounding
    noise: Math.sqrt(Math.max(0, to.variance - (to.scale * epsilon) ** 2)),
  });

/**
 * A few steps of a consistency function: each jumps to the data, and back to the next level by new noise. With ε =
 * `sigmaMin` it is Algorithm 1 of Song et al. 2023, x̂_τ = x + √(τ² - ε²)·z in the coordinates x_t/√ᾱ_t and τ = σ_t;
 * with ε = 0 it is Algorithm 3 of LCM (Luo et al. 2023), x_s = √ᾱ_s·x̂₀ + √(1-ᾱ_s)·z. The denoiser gives the end of the
 * flow through x_t, as a distilled one does; its boundary condition is that of {@link consistencyDenoiser}. The mean
 * E[x_0|x_t] is not that end: of it, more steps make averages, not samples. LCM's timesteps are {@link lcmGrid}. The
 * embedding of a guidance scale, by which LCM is distilled for all scales at once (its section 4.2), is not here.
 *
 * @param options - `sigmaMin`: 0 if left out; one that is negative, or above σ of a level on the way, is a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const made = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => sampler({ process, denoiser: white, grid: lcmGrid(4), solver: consistency() })),
 * )
 * pipe(made, E.map(({ timesteps }) => timesteps)) // → E.right([999, 759, 499, 259])
 */
export const consistency = withOptions<ConsistencyOptions>({
  where: 'consistency',
  options: exactly({}, { sigmaMin: amount }),
  hint: '0 is LCM, 0.002 that of Song et al.; the boundary condition is that of consistencyDenoiser',
  solver: ({ sigmaMin = 0 }) => ({
    integrate: (legs) => {
      const below = legs.find(({ to }) => to.variance > 0 && Math.fround(sigmaOf(to)) < Math.fround(sigmaMin)); // programs run in float32
      return below === undefined
        ? E.right(linearIntegrator(legs.map(jump(sigmaMin))))
        : fail('ConfigError', {
            where: 'consistency.sigmaMin',
            expected: `at most ${sigmaOf(below.to)}, σ at t = ${below.next}`,
            actual: `${sigmaMin}`,
            hint: 'take a smaller sigmaMin, or a grid that ends at a noisier timestep',
          });
    },
  }),
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
      skip: entriesAt(taus.map((tau) => sigmaData ** 2 / (tau ** 2 + sigmaData ** 2))),
      out: entriesAt(taus.map((tau) => tau / Math.hypot(tau, sigmaData))),
    };
  })(boundaryOf(boundary));
  return <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    const { learned: _, apply, ...seesX0 } = reparameterize(process, 'x0')(denoiser);
    return {
      ...seesX0,
      apply: (params, x, at) => {
        const { skip, out } = orRaise(coefficients);
        return add(scaleBy(x, skip(at.t)), scaleBy(apply(params, x, at), out(at.t)));
      },
    };
  };
};
