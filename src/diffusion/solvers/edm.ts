import { amount, hinted } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type Level, pairsOf } from '../levels/level.js';
import { pathOf } from '../levels/noising.js';
import { leavesSignal, sigmaOf, transition } from '../levels/channel.js';
import { planning, type Solver, type SolverStep, type Stage } from './plan.js';
import type { Path } from '../levels/path.js';
import { fallFields, type SolverFrom, withOptions } from './solverOptions.js';
import { evaluatesAgain, flowStep, holdX0 } from './steps.js';

/** The options of churn. */
export const churnFields = {
  /** S_churn: the total amount of noise over all steps; 0, the default, adds no noise. */
  churn: optional(hinted(amount, 'a churn of 0 is the deterministic sampler'), 0),
  /** S_tmin: the least σ at which it is added; default 0. */
  sMin: optional(t.number, 0),
  /** S_tmax: the greatest σ at which it is added; by default no limit. */
  sMax: optional(t.number, Infinity),
  /** S_noise: the standard deviation of the noise, 1 (the default) or slightly more. */
  sNoise: optional(hinted(amount, '1 is usual'), 1),
};

/** Churn, the noise added before a step, with the names of EDM (Karras et al. 2022, Algorithm 2); σ is that of {@link sigmaOf}. */
export interface Churn extends OptionsOf<typeof churnFields> {}

const heunFields = { ...churnFields, ...fallFields };

/** Options of {@link heun} and {@link kdpm2}: {@link Churn}, and where a step has two evaluations. */
export interface HeunOptions extends OptionsOf<typeof heunFields> {}

/** A step with noise of deviation `sNoise` before its stages: Algorithm 2, lines 4 and 6, for α = 1: x̂ = x + √(σ̂² - σ²)·ε. */
export const stepUpTo = (from: Level, hat: Level, to: Level, stages: readonly Stage[], sNoise: number): SolverStep => {
  if (hat === from) return { from, to, stages };
  const { alpha, sigma } = transition(from, hat);
  const noise = { alpha, sigma: sNoise * sigma };
  return { from, to, stages: stages.map((stage, i) => (i === 0 ? { ...stage, raise: noise } : stage)) };
};

/** A solver with churn: `stages` go from σ̂, up to which noise leads, to the end of a step. Algorithm 2, lines 3 to 6. */
export const churned = (
  { churn, sMin, sMax, sNoise }: Required<Churn>,
  stages: (hat: Level, to: Level, path: Path) => readonly Stage[],
): Solver =>
  planning((levels, noising) => {
    const path = pathOf(noising);
    return pairsOf(levels).map(([from, to], _, { length: N }) => {
      const sigma = sigmaOf(from);
      const isChurned = sigma >= sMin && sigma <= sMax && leavesSignal(from);
      const gamma = isChurned ? Math.min(churn / N, Math.SQRT2 - 1) : 0;
      const hat = gamma > 0 ? path.levelOfSigma(sigma * (1 + gamma)) : from; // σ̂ = σ + γ·σ
      return stepUpTo(from, hat, to, stages(hat, to, path), sNoise);
    });
  });

/** The rule between the options of churn. */
export const inOrder = ({ sMin, sMax }: Required<Churn>) =>
  sMin <= sMax
    ? null
    : ({
        field: 'sMin',
        expected: 'sMin ≤ sMax',
        actual: `sMin ${sMin}, sMax ${sMax}`,
        hint: 'churn is added where σ is between them',
      } as const);

/** A solver with churn and steps of two evaluations, or of one where σ falls too far for {@link evaluatesAgain}. */
export const twoEvaluations = (
  where: string,
  stages: (hat: Level, to: Level, maxFall: number | undefined, path: Path) => readonly Stage[],
): SolverFrom<HeunOptions> =>
  withOptions(schema(where, heunFields).rule(inOrder), (options) =>
    churned(options, (hat, to, path) => stages(hat, to, options.maxFall, path)),
  );

const churnOptions = /* @__PURE__ */ schema('euler', churnFields).rule(inOrder);

/**
 * Euler's method in σ (EDM, Karras et al. 2022, Algorithm 2 without its lines 9 to 11). Without churn it is DDIM with η = 0.
 * Churn raises x_t to noisier levels between steps, which may lie between timesteps of the process: the denoiser then gets a
 * fractional timestep.
 *
 * @param options - churn: none if left out; if invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(4), solver: euler({ churn: 1 }) }))
 * result.stochastic // → true
 */
export const euler: SolverFrom<Churn> = withOptions(churnOptions, (options) =>
  churned(options, (from, to) => [holdX0(from, to)]),
);

/**
 * The stages of {@link heun} from x̂ at σ̂ to x_s at σ_s: Algorithm 2, lines 7 to 11. For α = 1 the slopes are d = (x̂ - x̂₀)/σ̂ and,
 * where Euler's step ends, x' = x̂ + (σ_s - σ̂)·d, d' = (x' - x̂₀')/σ_s = x̂/σ̂ + (1/σ_s - 1/σ̂)·x̂₀ - x̂₀'/σ_s. So
 *
 *     ½·d + ½·d' = (x̂ - D)/σ̂ for D = (1 - w)·x̂₀ + w·x̂₀' and w = σ̂/(2·σ_s),
 *
 * and the correction is Euler's step from x̂ with D in place of x̂₀.
 */
export const heunStages = (hat: Level, to: Level, maxFall?: number): readonly Stage[] => {
  const { x, x0 } = flowStep(hat, to); // the factors of Euler's step
  const euler: Stage = { at: hat, x, x0 };
  if (!evaluatesAgain(hat, to, maxFall)) return [euler];
  const w = sigmaOf(hat) / sigmaOf(to) / 2;
  return [euler, { at: to, start: x, memory: [x0 * (1 - w)], x0: x0 * w }]; // factors of x̂, x̂₀ and x̂₀'
};

/**
 * Heun's method in σ (EDM, Karras et al. 2022, Algorithm 2): two evaluations a step, and one in the last step, which ends at
 * the data: 2N - 1 for N steps. Unlike in the paper, a step from a σ above 1000 over which it falls more than 100-fold has one evaluation
 * too, such as the first step on a coarse grid of the cosine schedule; the paper's grids begin at 80. Churn works as in {@link euler}.
 *
 * @param options - churn: none if left out. `maxFall`: the most by which σ may fall in a step of two evaluations; Infinity as in published
 *   code, from any σ. If invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(4), solver: heun({ churn: 1, sMin: 0.05, sMax: 50, sNoise: 1.003 }) }))
 * result.steps // → 7
 */
export const heun = twoEvaluations('heun', heunStages);
