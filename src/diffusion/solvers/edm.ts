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

/** The greatest γ: σ̂ ≤ √2·σ. */
const MAX_GAMMA = Math.SQRT2 - 1;

/** γ of a step: Algorithm 2, line 4. */
const gammaOf = (sigma: number, steps: number, { churn, sMin, sMax }: Required<Churn>): number =>
  sigma >= sMin && sigma <= sMax ? Math.min(churn / steps, MAX_GAMMA) : 0;

/** σ̂ = σ + γ·σ of a step: Algorithm 2, line 5. The same level where no noise is added. */
const raisedLevel = (
  levelOf: (sigma: number) => Level,
  from: Level,
  steps: number,
  options: Required<Churn>,
): Level => {
  const sigma = sigmaOf(from);
  const gamma = leavesSignal(from) ? gammaOf(sigma, steps, options) : 0;
  return gamma > 0 ? levelOf(sigma * (1 + gamma)) : from;
};

/** A step whose stages begin at `hat`, up to which noise leads, of deviation `sNoise`: Algorithm 2, line 6. */
export const stepUpTo = (
  from: Level,
  hat: Level,
  to: Level,
  [first, ...others]: readonly [Stage, ...Stage[]],
  sNoise: number,
): SolverStep => {
  if (hat === from) return { from, to, stages: [first, ...others] };
  const { alpha, sigma } = transition(from, hat);
  return { from, to, stages: [{ ...first, raise: { alpha, sigma: sNoise * sigma } }, ...others] };
};

/** The stages of a step from the level that churn leads to. */
type StagesFrom = (from: Level, to: Level, path: Path) => readonly [Stage, ...Stage[]];

/** A solver whose stages follow the noise of churn: Algorithm 2, lines 4 to 6. */
export const churned = (options: Required<Churn>, stages: StagesFrom): Solver =>
  planning((levels, noising) => {
    const path = pathOf(noising);
    return pairsOf(levels).map(([from, to], _, { length }) => {
      const hat = raisedLevel(path.levelOfSigma, from, length, options);
      return stepUpTo(from, hat, to, stages(hat, to, path), options.sNoise);
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

/** A solver of two evaluations a step, with churn before each step. */
export const twoEvaluations = (where: string, stages: (maxFall: number) => StagesFrom): SolverFrom<HeunOptions> =>
  withOptions(schema(where, heunFields).rule(inOrder), (options) => churned(options, stages(options.maxFall)));

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
 * Lines 10 and 11 of Algorithm 2. With the slopes d = (x̂ - x̂₀)/σ̂ and d' = (x' - x̂₀')/σ_s, where Euler's x' = x̂ + (σ_s - σ̂)·d,
 *
 *     (d + d')/2 = (x̂ - D)/σ̂ for D = (1 - w)·x̂₀ + w·x̂₀' and w = σ̂/(2·σ_s),
 *
 * so the step is Euler's from x̂ with D in place of x̂₀.
 */
const heunCorrection = (hat: Level, to: Level): Stage => {
  const euler = flowStep(hat, to); // x_s = euler.x·x̂ + euler.x0·x̂₀
  const w = sigmaOf(hat) / sigmaOf(to) / 2;
  // the factors of x̂, where the step began, of x̂₀', the new prediction, and of x̂₀, the one before
  return { at: to, start: euler.x, x0: euler.x0 * w, memory: [euler.x0 * (1 - w)] };
};

/** The stages of a step of {@link heun}: Algorithm 2, lines 7 to 11. */
export const heunStages = (hat: Level, to: Level, maxFall: number): readonly [Stage, ...Stage[]] =>
  evaluatesAgain(hat, to, maxFall) ? [holdX0(hat, to), heunCorrection(hat, to)] : [holdX0(hat, to)];

/**
 * Heun's method in σ (EDM, Karras et al. 2022, Algorithm 2): two evaluations a step, and one in the last step, which ends at
 * the data: 2N - 1 for N steps. Unlike in the paper, a step in which σ falls by a factor above `maxFall` (default 100) has one evaluation
 * too, such as the first step on a coarse grid of the cosine schedule, from a σ of thousands. (The paper's grids begin at 80, and fall
 * gradually if they have 5 levels or more.) Churn works as in {@link euler}.
 *
 * @param options - churn: none if left out. `maxFall`: the most by which σ may fall in a step of two evaluations; 100 if left out,
 *   Infinity as in published code. If invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(4), solver: heun({ churn: 1, sMin: 0.05, sMax: 50, sNoise: 1.003 }) }))
 * result.steps // → 7
 */
export const heun = twoEvaluations('heun', (maxFall) => (hat, to) => heunStages(hat, to, maxFall));
