import {
  add,
  cast,
  div,
  fullLike,
  greaterEqual,
  mul,
  reciprocal,
  scaleBy,
  type Shape,
  sqrt,
  square,
  where,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { fail } from '../../internal/errors.js';
import { aboveZero, amount, hinted } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { requireSignal } from '../denoisers/requireSignal.js';
import { x0At } from '../denoisers/atLevel.js';
import { sigmaOf } from '../channels/channel.js';
import { isData, type Level } from '../channels/level.js';
import { type Noising, pathOf } from '../paths/noising.js';
import { plus, solverOf, times } from './algorithm.js';
import { type SolverFrom, withOptions } from './solverOptions.js';

const options = schema('consistency', {
  /**
   * ε of Song et al. 2023, σ_min of their code: the noise left in the results of the consistency function. 0 if left out, as
   * for LCM, whose results are data; 0.002 for the models of the paper.
   */
  sigmaMin: optional(hinted(amount, 'LCM has 0, Song et al. 0.002; consistencyDenoiser has the boundary condition'), 0),
});

/** Options of {@link consistency}. */
export interface ConsistencyOptions extends OptionsOf<typeof options> {}

/**
 * Multistep sampling of a consistency model: each step jumps to the data, then adds new noise to reach the next level. With
 * ε = `sigmaMin` it is Algorithm 1 of Song et al. 2023, x̂_τ = x + √(τ² - ε²)·z in the coordinates x_t/√ᾱ_t and τ = σ_t;
 * with ε = 0 it is Algorithm 3 of LCM (Luo et al. 2023), x_s = √ᾱ_s·x̂₀ + √(1-ᾱ_s)·z. The denoiser must predict the end of
 * the probability flow through x_t, as a distilled model does, with the boundary condition of {@link consistencyDenoiser}.
 * An ordinary denoiser predicts the mean E[x_0|x_t] instead: then more steps give averages, not samples. LCM's timesteps are
 * {@link lcmGrid}. LCM's embedding of the guidance scale (its section 4.2) is not supported.
 *
 * @param options - `sigmaMin`: 0 if left out; a negative number, or a number above the σ of a level on the path, is a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: lcmGrid(4), solver: consistency() }))
 * result.timesteps // → [999, 759, 499, 259]
 */
export const consistency: SolverFrom<ConsistencyOptions> = withOptions(options, ({ sigmaMin }) => ({
  needsEnd: true,
  plan: (levels, noising) => {
    const below = levels.slice(1).find((to) => !isData(to) && Math.fround(sigmaOf(to)) < Math.fround(sigmaMin)); // programs run in float32
    // a jump to the data, then to the level of the end: a·√(σ² - ε²), 0 at the data and for σ equal to ε up to rounding
    const deviation = ({ alpha, sigma }: Level): number => Math.sqrt(Math.max(0, sigma ** 2 - (alpha * sigmaMin) ** 2));
    const jumps = solverOf(({ x, D, noise }, from, to) =>
      plus(times(to.alpha, D(x, from).x0), times(deviation(to), noise())),
    );
    return below === undefined
      ? jumps.plan(levels, noising)
      : fail('ConfigError', {
          where: 'consistency.sigmaMin',
          expected: `at most ${sigmaOf(below)}, the σ at t = ${below.t}`,
          actual: `${sigmaMin}`,
          hint: 'take a smaller sigmaMin, or a grid that ends at a noisier timestep',
        });
  },
}));

const boundaryOf = schema('consistencyDenoiser', {
  /** σ_data, the standard deviation of the data of the distillation; 0.5 if left out. */
  sigmaData: optional(hinted(aboveZero, 'LCM uses 0.5'), 0.5),
  /** The factor of timesteps; 10 if left out, as in LCM. */
  timestepScaling: optional(hinted(aboveZero, 'LCM uses 10'), 10),
});

/** The boundary condition of a consistency function. */
export interface ConsistencyBoundary extends OptionsOf<typeof boundaryOf> {}

/**
 * The consistency function of a distilled network: c_skip(t)·x_t + c_out(t)·x̂₀, which is x itself at t = 0, with
 * c_skip = σ²/(τ² + σ²) and c_out = τ/√(τ² + σ²) for σ = `sigmaData` and τ = timestepScaling·t (LCM, Luo et al. 2023, as in
 * diffusers; the boundary condition is that of Song et al. 2023, eq. 5, with another τ). Raises `ConfigError` for a number
 * of the boundary ≤ 0.
 *
 * @param process - the process that the network was trained with
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const denoiser = consistencyDenoiser(noising, { timestepScaling: 0.5 })(black)
 * denoiser.apply(null, ones(2), { t: iota(2) }) // → [1, 0.5]
 */
export const consistencyDenoiser = <G = unknown>(
  noising: Noising,
  boundary?: Exact<G, keyof ConsistencyBoundary> & ConsistencyBoundary,
) => {
  const { sigmaData, timestepScaling } = boundaryOf.demand(boundary);
  const path = pathOf(noising);
  return <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    requireSignal('denoiser', path, denoiser);
    const { learned: _, predicts, apply, ...others } = denoiser;
    return {
      ...others,
      predicts: 'x0',
      apply: (params, x, at) => {
        const { t, level = path.levels(t) } = at;
        const time = where(greaterEqual(level.sigma, 0), cast(t, 'float32'), fullLike(level.sigma, NaN)); // NaN outside of the path
        const tau = mul(time as typeof level.sigma, timestepScaling);
        const all = add(square(tau), sigmaData ** 2); // τ² + σ²
        const x0 = x0At(predicts, level)(x, apply(params, x, at));
        return add(scaleBy(x, mul(reciprocal(all), sigmaData ** 2)), scaleBy(x0, div(tau, sqrt(all))));
      },
    };
  };
};
