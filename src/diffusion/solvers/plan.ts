/** The plan of a solver: its steps and stages as numbers, which it computes on the host in float64. */
import { finite, listOfSome, show } from '../../internal/decode.js';
import { isEither } from '../../internal/either.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { argument, optional, record } from '../../internal/schema.js';
import type { Parameterization } from '../denoisers/parameterization.js';
import { isData, type Level } from '../channels/level.js';
import { type Channel, sigmaOf } from '../channels/channel.js';
import { predictsPart } from '../parts.js';
import { type Noising, pathOf } from '../paths/noising.js';
import type { Path } from '../paths/path.js';

/**
 * One evaluation of the denoiser, and the linear combination that follows it:
 *
 * x ← x·x + start·(x at the beginning of the step) + x0·x̂₀ + Σ_k memory[k]·(the memory of the stage k+1 stages earlier) + noise·ε
 *
 * A factor that is left out is 0.
 */
export interface Stage {
  /** The level of x where the denoiser is evaluated. */
  readonly at: Level;
  /** A channel that x goes through before the evaluation, such as the noise of churn: α·x + σ·ε. */
  readonly churn?: Channel;
  readonly x?: number;
  /** The factor of the x that the first stage of the step evaluated. */
  readonly start?: number;
  readonly x0?: number;
  /** The factors of the tensors that earlier stages remember, newest first. */
  readonly memory?: readonly number[];
  /** The prediction that the stage keeps in memory for later ones: x̂₀ if left out. */
  readonly remembers?: Parameterization;
  /** The factor of x̂₀ before its correction, such as a clip. */
  readonly uncorrected?: number;
  /** The factor of x̂₀ without guidance: the prediction from which guidance moves away. */
  readonly unguided?: number;
  /** The standard deviation of the added noise. */
  readonly noise?: number;
  /** The factor of s·∇ log p(y|x_t), for a denoiser with guidance on the mean. */
  readonly gradient?: number;
  /**
   * Logarithms of the two variances between which a denoiser may learn its variance. For such a denoiser, the learned variance
   * replaces `noise`² and is the factor of the gradient too.
   */
  readonly learned?: { readonly low: number; readonly high: number };
}

/** A step from one level to another. Its last stage gives x at the end. */
export interface SolverStep {
  readonly from: Level;
  readonly to: Level;
  readonly stages: readonly Stage[];
}

/** The steps of a solver, in their order. Each step begins at the end of the previous step, except for some schedulers of diffusers. */
export type SolverPlan = readonly SolverStep[];

/** A numerical method for the reverse process. */
export interface Solver {
  /**
   * The standard deviation of the initial x_T, from the level of the first step. If left out, 1 on a path that preserves the
   * variance, and σ_T on others.
   */
  readonly start?: (from: Level) => number;
  /**
   * True if the solver needs an x̂₀ that is the end of the probability flow through x_t, as networks trained by consistency losses
   * predict it.
   */
  readonly needsEnd?: boolean;
  /**
   * Plans the steps on falling levels, the last of which is the data. `noising` has the levels between those of
   * the grid.
   */
  readonly plan: (levels: readonly Level[], noising: Noising) => either.Either<NoisefoldError, SolverPlan>;
}

/** A solver whose plan cannot fail. */
export const planning = (plan: (levels: readonly Level[], noising: Noising) => SolverPlan): Solver => ({
  plan: (levels, noising) => E.right(plan(levels, noising)),
});

/** All stages of a plan, one for each evaluation. */
export const stagesOf = (plan: SolverPlan): readonly Stage[] => plan.flatMap(({ stages }) => stages);

/** The numbers that each level must have. */
export const levelType = t.type(
  { t: finite, alpha: finite, sigma: finite },
  'a level { t, alpha, sigma } of finite numbers',
);

const stageType = record({
  at: levelType,
  churn: optional(t.type({ alpha: finite, sigma: finite }, 'a channel { alpha, sigma } of finite numbers')),
  x: optional(finite),
  start: optional(finite),
  x0: optional(finite),
  memory: optional(t.readonlyArray(finite, 'an array of finite numbers')),
  remembers: optional(predictsPart),
  uncorrected: optional(finite),
  unguided: optional(finite),
  noise: optional(finite),
  gradient: optional(finite),
  learned: optional(t.type({ low: finite, high: finite }, '{ low, high }')),
} satisfies Record<keyof Stage, unknown>);

const stepType = record({
  from: levelType,
  to: levelType,
  stages: listOfSome(stageType, 'an array of one stage or more'),
} satisfies Record<keyof SolverStep, unknown>);

const planType = listOfSome(stepType, 'an array of one step or more');

const PLAN = 'sampler.solver.plan';
const planArgument = argument(PLAN, planType, 'see Stage, which lists the factors');

/** The index of the first stage that uses predictions from before the list; -1 if no stage does. */
const firstLookingBack = (stages: readonly Stage[]): number =>
  stages.findIndex(({ memory = [] }, i) => memory.slice(i).some((n) => n !== 0));

/** α, σ and t. */
const numbersOf = ({ alpha, sigma, t: time }: Level): readonly number[] => [alpha, sigma, time];

/** A fault of a plan: what was expected and received, and a hint. */
type Fault = readonly [expected: string, actual: string, hint?: string];

/** The first fault of the stages of a plan; null if they have none. */
const faultOf = (
  stages: readonly Stage[],
  { last, levelAt, levelOfSigma }: Path,
  known: ReadonlySet<Level>,
): Fault | null => {
  for (const [i, { at }] of stages.entries()) {
    if (isData(at))
      return [
        'evaluations of levels with noise',
        `one at the data, σ = 0, in evaluation ${i}`,
        'end a step to the data with x̂₀ of the level before: { at: from, x0: 1 }',
      ];
    if (known.has(at)) continue; // a level that the path made is valid; to make it again may take as long as the rest of the plan
    const within = ` in evaluation ${i}`;
    if (!(at.t >= 0 && at.t <= last)) return [`times from 0 to ${last}`, at.t + within];
    const numbers = numbersOf(at);
    const isAt = (own: Level): boolean => numbersOf(own).every((n, j) => Math.abs(n - numbers[j]!) <= 1e-9 * n);
    const own = levelAt(at.t);
    // a σ beyond the last timestep has its time
    if (!isAt(own) && !isAt(levelOfSigma(sigmaOf(at))))
      return [`α, σ, t = ${numbersOf(own).join(', ')}`, numbers.join(', ') + within];
  }
  const early = firstLookingBack(stages);
  return early === -1
    ? null
    : ['factors of what earlier stages remember', `memory before the first, in evaluation ${early}`];
};

/**
 * Checks the plan of a solver, which may be a user's own. Returns a `ConfigError` for a plan of another type, with memory before
 * its first evaluation, or with an evaluation whose α and σ differ from the noising's at its time.
 */
export const planOf = (
  solver: Solver,
  levels: readonly Level[],
  noising: Noising,
): either.Either<NoisefoldError, SolverPlan> => {
  const result: either.Either<NoisefoldError, unknown> = solver.plan(levels, noising);
  const refuse = (expected: string, actual: string, hint = 'plan steps for its levels') =>
    fail('ConfigError', { where: PLAN, expected, actual, hint });
  if (!isEither(result))
    return refuse(
      'an Either of an array of steps',
      show(result),
      'return E.right(steps), or write the step: solverOf(({ x, D }, from, to) => …)',
    );
  return F.pipe(
    result,
    E.flatMap((plan) => (planType.is(plan) ? E.right(plan) : planArgument.decode(plan))), // a long plan is only tested
    E.flatMap((plan: SolverPlan) => {
      const fault = faultOf(stagesOf(plan), pathOf(noising), new Set(levels));
      return fault ? refuse(...fault) : E.right(plan);
    }),
  );
};

/** Tests if a plan uses predictions of earlier steps. */
export const looksBack = (plan: SolverPlan): boolean => plan.some(({ stages }) => firstLookingBack(stages) !== -1);
