import { amount, hinted } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Level } from '../channels/level.js';
import { leavesSignal, sigmaOf, transition } from '../channels/channel.js';
import { type Algorithm, type Form, plus, solverOf, type StepParts, times } from './algorithm.js';
import { fallFields, type SolverFrom, withOptions } from './solverOptions.js';
import { ddimStep, evaluatesAgain, move, slope } from './steps.js';

/** The options of churn. */
export const churnFields = {
  /** S_churn: the total amount of noise over all steps; 0, the default, adds no noise. */
  churn: optional(hinted(amount, 'a churn of 0 is the deterministic sampler'), 0),
  /** S_tmin: the least σ at which a step adds noise; default 0. */
  sMin: optional(t.number, 0),
  /** S_tmax: the greatest σ at which a step adds noise; by default no limit. */
  sMax: optional(t.number, Infinity),
  /** S_noise: the standard deviation of the noise, 1 (the default) or slightly more. */
  sNoise: optional(hinted(amount, '1 is usual'), 1),
};

/**
 * Churn, noise that a step adds before its first evaluation, with the names of EDM (Karras et al. 2022, Algorithm 2); σ is that of
 * {@link sigmaOf}.
 */
export interface Churn extends OptionsOf<typeof churnFields> {}

const heunFields = { ...churnFields, ...fallFields };

/** Options of {@link heun} and {@link kdpm2}: {@link Churn}, and the limit up to which a step has two evaluations. */
export interface HeunOptions extends OptionsOf<typeof heunFields> {}

/** Adds noise up to the level `hat`, x̂ ~ q(x̂|x): x + √(σ̂² - σ²)·S_noise·ε for α = 1. EDM, Algorithm 2, lines 4 and 6. */
export const addNoise = ({ x, noise }: StepParts, from: Level, hat: Level, sNoise: number): Form => {
  const { alpha, sigma } = transition(from, hat); // 1 and √(σ̂² - σ²) on EDM's path
  return plus(times(alpha, x), times(sNoise * sigma, noise()));
};

/** A method with churn: adds noise up to σ̂, then steps from σ̂ to the end of the step: EDM, Algorithm 2, lines 3 to 6. */
export const withChurn =
  ({ churn, sMin, sMax, sNoise }: Required<Churn>, method: Algorithm): Algorithm =>
  (parts, from, to) => {
    const N = parts.index + parts.left;
    const sigma = sigmaOf(from);
    const isChurned = sigma >= sMin && sigma <= sMax && leavesSignal(from);
    const gamma = isChurned ? Math.min(churn / N, Math.SQRT2 - 1) : 0; //       line 3
    if (gamma === 0) return method(parts, from, to);
    const hat = parts.path.levelOfSigma(sigma + gamma * sigma); //              line 5: σ̂ = σ + γ·σ
    return method({ ...parts, x: addNoise(parts, from, hat, sNoise) }, hat, to); // line 6
  };

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

/** A solver with churn by a method of two evaluations a step, or of one evaluation if {@link evaluatesAgain} is false. */
export const twoEvaluations = (where: string, method: (maxSigmaRatio?: number) => Algorithm): SolverFrom<HeunOptions> =>
  withOptions(schema(where, heunFields).rule(inOrder), ({ maxSigmaRatio, ...churn }) =>
    solverOf(withChurn(churn, method(maxSigmaRatio))),
  );

const churnOptions = /* @__PURE__ */ schema('euler', churnFields).rule(inOrder);

/**
 * Euler's method in σ (EDM, Karras et al. 2022, Algorithm 2 without its lines 9 to 11). Without churn it is DDIM with η = 0. Churn
 * adds noise to x_t before a step. The noisier level may lie between timesteps of the process: the denoiser then gets a fractional
 * timestep.
 *
 * @param options - churn: none if left out; if invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(4), solver: euler({ churn: 1 }) }))
 * result.stochastic // → true
 */
export const euler: SolverFrom<Churn> = withOptions(churnOptions, (churn) =>
  solverOf(withChurn(churn, ({ x, D }, hat, to) => ddimStep(x, D(x, hat).x0, hat, to))),
);

/** The step of {@link heun} from x̂ at σ̂: EDM, Algorithm 2, lines 7 to 11. */
export const heunStep =
  (maxSigmaRatio?: number): Algorithm =>
  ({ x, D }, hat, to) => {
    const { x0 } = D(x, hat);
    const d = slope(x, x0, hat); //                                 line 7
    const euler = ddimStep(x, x0, hat, to); //                      line 8: move(x, d, hat, to), also from a level without signal
    if (!evaluatesAgain(hat, to, maxSigmaRatio)) return euler; //   line 9: σ_s = 0, or σ falls too far
    const d2 = slope(euler, D(euler, to).x0, to); //                line 10
    return move(x, times(1 / 2, plus(d, d2)), hat, to); //          line 11
  };

/**
 * Heun's method in σ (EDM, Karras et al. 2022, Algorithm 2): two evaluations a step, and one in the last step, which ends at the
 * data: 2N - 1 for N steps. Unlike in the paper, a step from a σ above 1000 has one evaluation too, if σ falls more than 100-fold.
 * An example is the first step on a coarse grid of the cosine schedule; the paper's grids begin at 80. Churn works as in
 * {@link euler}.
 *
 * @param options - churn: none if left out. `maxSigmaRatio`: the largest factor by which σ may fall in a step of two evaluations,
 * from any σ; Infinity as in published code. If invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(4), solver: heun({ churn: 1, sMin: 0.05, sMax: 50, sNoise: 1.003 }) }))
 * result.steps // → 7
 */
export const heun = twoEvaluations('heun', heunStep);
