import { fail, type NoisefoldError } from '../../internal/errors.js';
import { amount, hinted } from '../../internal/decode.js';
import { E, type either, t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { isData, type Level, levelAt, pairsOf } from '../grids/level.js';
import type { Levels } from '../process/process.js';
import { leavesSignal, sigmaOf, transition } from '../schedules/channel.js';
import type { Stage } from './plan.js';
import { type SolverFrom, withOptions } from './solverOptions.js';
import { flowStep, holdX0, isGradual } from './steps.js';

const fields = {
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
export interface Churn extends OptionsOf<typeof fields> {}

/** The largest γ of a step: σ̂ ≤ √2·σ. */
const MOST = Math.SQRT2 - 1;

const isChurned = (from: Level, { churn, sMin, sMax }: Required<Churn>): boolean => {
  const sigma = sigmaOf(from);
  return churn > 0 && leavesSignal(from) && sigma >= sMin && sigma <= sMax;
};

/** The level of a process nearest to a given log σ, not below that of timestep t, and with signal. */
const nearestLevel = (path: Levels, t: number, logSigma: number): Level => {
  const distance = (level: number): number => Math.abs(Math.log(sigmaOf(path.marginals[level]!)) - logSigma);
  const isNearer = (level: number): boolean =>
    level < path.marginals.length && leavesSignal(path.marginals[level]!) && distance(level) < distance(level - 1);
  let nearest = t;
  while (isNearer(nearest + 1)) nearest++;
  return levelAt(path, nearest);
};

/**
 * The noise level that each step is raised to (Algorithm 2, line 5): the nearest level of the process (`round_sigma`). The
 * rounding error in ln σ̂ is carried over to the next step, so the steps together add as much noise as the paper's, up to half
 * a level. The denoiser always gets the true level of x_t; with a rounded level, Heun's method would have order 1.
 */
const raisedLevels = (levels: readonly Level[], path: Levels, options: Required<Churn>): readonly Level[] => {
  const steps = levels.slice(0, -1);
  const each = Math.log1p(Math.min(options.churn / steps.length, MOST));
  let carried = 0;
  return steps.map((from) => {
    if (!isChurned(from, options)) return from;
    const logSigma = Math.log(sigmaOf(from)) + each + carried;
    const raised = nearestLevel(path, from.t, logSigma);
    carried = logSigma - Math.log(sigmaOf(raised));
    return raised.t === from.t ? from : raised;
  });
};

/** Returns a `ConfigError` for churn that is too small to raise any step in its range to another level. */
const requireRaise = (
  where: string,
  raised: readonly Level[],
  levels: readonly Level[],
  path: Levels,
  options: Required<Churn>,
): either.Either<NoisefoldError, void> => {
  const isRaisable = (level: Level): boolean => isChurned(level, options) && level.t + 1 < path.marginals.length;
  return raised.every((level, i) => level === levels[i]) && levels.slice(0, -1).some(isRaisable)
    ? fail('ConfigError', {
        where,
        expected: 'a churn that raises x_t to another noise level of the process at least once',
        actual: `${options.churn} over ${raised.length} steps, which together do not reach the next level`,
        hint: 'give more churn, or a process with more timesteps; a churn of 0 adds no noise',
      })
    : E.right(undefined);
};

/** A solver with churn before each step, from the stages of a step. */
const churning = (where: string, stages: (from: Level, to: Level) => readonly [Stage, ...Stage[]]): SolverFrom<Churn> =>
  withOptions(
    schema(where, fields).rule(({ sMin, sMax }) =>
      sMin <= sMax
        ? null
        : {
            field: 'sMin',
            expected: 'sMin ≤ sMax',
            actual: `sMin ${sMin}, sMax ${sMax}`,
            hint: 'churn is added where σ is between them',
          },
    ),
    (options) => ({
      plan: (levels, path) => {
        const raised = raisedLevels(levels, path, options);
        return E.map(() =>
          pairsOf(levels).map(([from, to], i) => {
            const hat = raised[i]!;
            const [first, ...others] = stages(hat, to);
            if (hat === from) return { from, to, stages: [first, ...others] };
            const { alpha, sigma } = transition(from, hat); // line 6
            const raise = { alpha, sigma: options.sNoise * sigma };
            return { from, to, stages: [{ ...first, raise }, ...others] };
          }),
        )(requireRaise(where, raised, levels, path, options));
      },
    }),
  );

/**
 * Euler's method in σ (EDM, Karras et al. 2022, Algorithm 2 without its lines 9 to 11). Without churn it is DDIM with η = 0.
 * Churn raises x_t to noisier levels of the process between steps. It rounds the paper's σ̂ to these levels, and adds as much
 * noise in total.
 *
 * @param options - churn: none if left out; if invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: trailing(4), solver: euler({ churn: 1 }) }))
 * made.stochastic // → true
 */
export const euler = churning('euler', (from, to) => [holdX0(from, to)]);

/** Lines 10 and 11 of Algorithm 2, in x̂₀: with r = σ_s/σ̂ the slope is that of x̂₀ + (x̂₀' - x̂₀)/(2r). */
const correct = (from: Level, to: Level): Stage => {
  const { x, x0 } = flowStep(from, to);
  const weight = sigmaOf(from) / sigmaOf(to) / 2;
  return { at: to, start: x, x0: x0 * weight, memory: [x0 * (1 - weight)] };
};

/**
 * Heun's method in σ (EDM, Karras et al. 2022, Algorithm 2): two evaluations a step, and one in the last step, which ends at
 * the data: 2N - 1 for N steps. A step over which σ falls more than 100-fold has one too, such as the first on a coarse grid
 * of the cosine schedule, from a σ of thousands. (The paper's grids begin at 80, and fall gradually.) Churn works as in
 * {@link euler}.
 *
 * @param options - churn: none if left out; if invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(linear(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: trailing(4), solver: heun({ churn: 1, sMin: 0.05, sMax: 50, sNoise: 1.003 }) }))
 * made.steps // → 7
 */
export const heun = churning('heun', (from, to) =>
  isGradual(from, to, 'end') ? [holdX0(from, to), correct(from, to)] : [holdX0(from, to)],
);

/** {@link heun} with two evaluations in every step but the last, however far σ falls, as in diffusers. */
export const heunThroughout = churning('heun', (from, to) =>
  isData(to) ? [holdX0(from, to)] : [holdX0(from, to), correct(from, to)],
);
