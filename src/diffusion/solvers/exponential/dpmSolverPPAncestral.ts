/** Singlestep DPM-Solver++ with noise, as in k-diffusion: 2S ancestral, and SDE. Two evaluations a step, one in the last. */
import { aboveZero, hinted, refined } from '../../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { plus, solverOf, times } from '../algorithm.js';
import { ancestralFields, ancestrally, fallFields, type SolverFrom, withOptions } from '../solverOptions.js';
import { ancestralLevel, ddimStep, evaluatesAgain, levelBetween } from '../steps.js';

const fields = { ...ancestralFields, ...fallFields };
const ancestralOptions = schema('dpmSolverPP2SAncestral', fields);

interface AncestralOptions extends OptionsOf<typeof ancestralOptions> {}

/**
 * DPM-Solver++ 2S (Lu et al. 2022, Algorithm 1 with r = 1/2) to a noise level below the next level, then new noise up to the next
 * level: `sample_dpmpp_2s_ancestral` of k-diffusion.
 *
 * @param options - `eta`: 0 or more, 1 if left out. `sNoise`: the standard deviation of the noise, 1 if left out. `maxSigmaRatio`: the
 *   most by which σ may fall in a step of two evaluations; if left out, 100 from a σ above 1000, else any. For others, the sampler
 *   returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * const solver = dpmSolverPP2SAncestral({ eta: 0.5 })
 * unwrap(sampler({ noising, denoiser: white, grid: karrasGrid(8), solver })).steps // → 15
 */
export const dpmSolverPP2SAncestral: SolverFrom<AncestralOptions> = withOptions(ancestralOptions, (settings) =>
  solverOf(
    ancestrally(settings, (again) => ({ x, D, path }, from, down) => {
      const { x0 } = D(x, from);
      if (!again) return ddimStep(x, x0, from, down);
      const s = levelBetween(path, from, down, 1 / 2);
      const u = ddimStep(x, x0, from, s);
      return ddimStep(x, D(u, s).x0, from, down);
    }),
  ),
);

const sdeOptions = schema('dpmSolverPPSdeSinglestep', {
  ...fields,
  /** The place of the second evaluation in a step, in λ; 1/2 if left out. */
  r: optional(
    hinted(
      refined(aboveZero, 'a place above 0 and up to 1', (r) => r > 0 && r <= 1),
      '1/2 is usual',
    ),
    1 / 2,
  ),
});

interface SdeOptions extends OptionsOf<typeof sdeOptions> {}

/**
 * DPM-Solver++ (SDE) of k-diffusion (`sample_dpmpp_sde`): both evaluations of a step are followed by noise, and the step uses
 * (1 - 1/2r)·x̂₀ + 1/2r·x̂₀(r).
 *
 * @param options - `eta`: 0 or more, 1 if left out. `sNoise`: the standard deviation of the noise, 1 if left out. `r`: the place of
 *   the second evaluation, 1/2 if left out. `maxSigmaRatio`: as in {@link dpmSolverPP2SAncestral}. For others, the
 *   sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * const solver = dpmSolverPPSdeSinglestep({ r: 0.5 })
 * unwrap(sampler({ noising, denoiser: white, grid: karrasGrid(8), solver })).steps // → 15
 */
export const dpmSolverPPSdeSinglestep: SolverFrom<SdeOptions> = withOptions(
  sdeOptions,
  ({ eta, sNoise, r, maxSigmaRatio }) =>
    solverOf(({ x, D, noise, path }, from, to) => {
      const { down, up } = ancestralLevel(from, to, eta);
      const { x0 } = D(x, from);
      const draw = times(sNoise * up, noise());
      if (!evaluatesAgain(from, to, maxSigmaRatio)) return plus(ddimStep(x, x0, from, down), draw);
      const middle = levelBetween(path, from, to, r);
      const half = ancestralLevel(from, middle, eta);
      const u = plus(ddimStep(x, x0, from, half.down), times(sNoise * half.up, noise()));
      const mean = plus(times(1 - 1 / (2 * r), x0), times(1 / (2 * r), D(u, middle).x0));
      return plus(ddimStep(x, mean, from, down), draw);
    }),
);
