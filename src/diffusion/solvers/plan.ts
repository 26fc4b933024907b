/** The plan of a solver: its steps and stages as numbers, which it computes on the host in float64. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { callback } from '../../internal/parts.js';
import { demanding } from '../../internal/takes.js';
import type { Parameterization } from '../denoiser/parameterization.js';
import { type Level, pairsOf } from '../grids/level.js';
import type { Channel } from '../schedules/channel.js';
import type { Levels } from '../process/process.js';

/**
 * One evaluation of the denoiser, and the linear combination that follows it:
 *
 *     x ← x·x + start·(x where its step began) + x0·x̂₀ + Σ_k memory[k]·(what the stage k+1 before remembers) + noise·ε
 *
 * A factor that is left out is 0.
 */
export interface Stage {
  /** The level of x where the denoiser is evaluated. */
  readonly at: Level;
  /** A channel that x goes through before the evaluation, such as the noise of churn: α·x + σ·ε. */
  readonly raise?: Channel;
  readonly x?: number;
  /** The factor of the x that the first stage of the step evaluated. */
  readonly start?: number;
  readonly x0?: number;
  /** The factors of what earlier stages remember, newest first. */
  readonly memory?: readonly number[];
  /** What the stage remembers for later ones: x̂₀ if left out. */
  readonly remembers?: Parameterization;
  /** The factor of x̂₀ before its correction, such as a clip. */
  readonly uncorrected?: number;
  /** The standard deviation of the noise that is added. */
  readonly noise?: number;
  /** The factor of s·∇ log p(y|x_t), for a denoiser that is guided on the mean. */
  readonly gradient?: number;
  /**
   * Logarithms of the variances between which the denoiser learns its own. If it does, the noise of the stage has the
   * learned variance, which is the factor of the gradient too.
   */
  readonly learned?: { readonly low: number; readonly high: number };
}

/** A step from one level to another. Its last stage gives x at the end. */
export interface SolverStep {
  readonly from: Level;
  readonly to: Level;
  readonly stages: readonly Stage[];
}

/** The steps of a solver, in their order. Each begins at the level where the one before it ends. */
export type SolverPlan = readonly SolverStep[];

/** A numerical method for the reverse process. */
export interface Solver {
  /**
   * Plans the steps on falling levels, the last of which is the data. `path` has the levels of every timestep, for stages
   * between those of the grid.
   */
  readonly plan: (levels: readonly Level[], path: Levels) => either.Either<NoisefoldError, SolverPlan>;
}

/** A solver whose plan cannot fail. */
export const planning = (plan: (levels: readonly Level[], path: Levels) => SolverPlan): Solver => ({
  plan: (levels, path) => E.right(plan(levels, path)),
});

/**
 * A solver whose steps depend only on the levels where they begin and end.
 * @example
 * const euler = solverOf((from, to) => [
 *   { at: from, x: to.sigma / from.sigma, x0: to.alpha - (to.sigma / from.sigma) * from.alpha },
 * ])
 * const process = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const plan = unwrap(euler.plan(levelsOf(process, [1, 0]), process))
 * plan.map(({ stages }) => stages[0]!.x) // → [0.75, 0]
 */
export const solverOf = demanding(
  'solverOf',
  { stages: callback('a function from two levels to stages') },
  (stages: (from: Level, to: Level) => readonly Stage[]): Solver =>
    planning((levels) => pairsOf(levels).map(([from, to]) => ({ from, to, stages: stages(from, to) }))),
);

/** All stages of a plan, one for each evaluation. */
export const stagesOf = (plan: SolverPlan): readonly Stage[] => plan.flatMap(({ stages }) => stages);

const numbersOf = ({ at, raise, x, start, x0, memory = [], uncorrected, noise, gradient, learned }: Stage) =>
  [
    at.alpha,
    at.sigma,
    raise?.alpha,
    raise?.sigma,
    x,
    start,
    x0,
    uncorrected,
    noise,
    gradient,
    learned?.low,
    learned?.high,
  ]
    .map((n) => n ?? 0)
    .concat(memory);

/** Checks the plan of a solver, which anyone may write. Otherwise a `ConfigError`. */
export const checkedPlan = (plan: SolverPlan, { marginals }: Levels): either.Either<NoisefoldError, SolverPlan> => {
  const wrong = (actual: string): either.Either<NoisefoldError, never> =>
    fail('ConfigError', {
      where: 'sampler.solver',
      expected: `steps with stages of finite factors, at timesteps from 0 to ${marginals.length - 1}`,
      actual,
      hint: 'see Stage; a solver of noisefold plans such steps for levels of the process',
    });
  const empty = plan.findIndex(({ stages }) => stages.length === 0);
  if (plan.length === 0 || empty !== -1) return wrong(plan.length === 0 ? 'no step' : `no stage in step ${empty}`);
  const stages = stagesOf(plan);
  const outside = stages.find(({ at: { t } }) => !(t >= 0 && t <= marginals.length - 1));
  if (outside !== undefined) return wrong(`a stage at timestep ${outside.at.t}`);
  const infinite = stages.findIndex((stage) => !numbersOf(stage).every(Number.isFinite));
  return infinite === -1 ? E.right(plan) : wrong(`a factor that is not finite in evaluation ${infinite}`);
};

/** Tests if a plan uses predictions of earlier steps. */
export const looksBack = (plan: SolverPlan): boolean =>
  plan.some(({ stages }) => stages.some(({ memory = [] }, i) => memory.slice(i).some((n) => n !== 0)));
