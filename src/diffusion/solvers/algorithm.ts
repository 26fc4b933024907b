/** The step of a solver as its paper writes it, in linear forms, and its trace: the stages of a plan. */
import { hinted, refined, show } from '../../internal/decode.js';
import { attempt, orRaise, raise } from '../../internal/errors.js';
import { t } from '../../internal/fp.js';
import { callback } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { conversion, type Parameterization } from '../denoisers/parameterization.js';
import type { Channel } from '../channels/channel.js';
import { type Level, pairsOf } from '../channels/level.js';
import { pathOf } from '../paths/noising.js';
import type { Path } from '../paths/path.js';
import { levelType, type Solver, type SolverPlan, type SolverStep, type Stage } from './plan.js';

/** A tensor of one evaluation: the evaluated x, a prediction, x̂₀ before its correction, or x̂₀ without guidance. */
type Part = Parameterization | 'x' | 'uncorrected' | 'unguided';

/** Logarithms of the variances between which a denoiser learns its own. */
type Learned = NonNullable<Stage['learned']>;

/** A tensor of a form. Each call of `D` and `noise` makes new tensors. */
type Term =
  | { readonly kind: 'x' }
  | { readonly kind: 'gradient' }
  | { readonly kind: 'noise'; readonly learned: Learned | undefined }
  | { readonly kind: 'part'; readonly evaluation: Evaluation; readonly part: Part };

/**
 * A linear combination of tensors: of x, predictions and noises. Its factors are float64 numbers of the host, so that the algebra of
 * a solver loses no digits on the device.
 */
export type Form = ReadonlyMap<Term, number>;

const formOf = (term: Term): Form => new Map([[term, 1]]);

/** A form, as an argument. */
const formPart = hinted(
  refined(t.unknown, 'a form, such as x', (x) => x instanceof Map),
  'write it by plus, minus and times',
);

const requireForm = (where: string, form: unknown): void => {
  if (!formPart.is(form)) orRaise(argument(where, formPart).decode(form));
};

/**
 * The product of a number and a form.
 * @example
 * const halved = solverOf(({ x, D }, from) => times(1 / 2, D(x, from).x0))
 * const [step] = unwrap(halved.plan(levelsOf(edm(), [80]), edm()))
 * step!.stages[0]!.x0 // → 0.5
 */
export const times = (factor: number, form: Form): Form => new Map([...form].map(([term, n]) => [term, factor * n]));

/**
 * The sum of forms.
 * @example
 * const sum = solverOf(({ x, D }, from) => plus(x, x, D(x, from).x0))
 * const [step] = unwrap(sum.plan(levelsOf(edm(), [80]), edm()))
 * step!.stages[0]!.x // → 2
 */
export const plus = (...forms: readonly Form[]): Form => {
  const sum = new Map<Term, number>();
  for (const form of forms) {
    requireForm('plus', form);
    for (const [term, n] of form) sum.set(term, (sum.get(term) ?? 0) + n);
  }
  return sum;
};

/**
 * The difference of two forms.
 * @example
 * // x_t without its noise is α·x̂₀, here with α = 1
 * const signal = solverOf(({ x, D }, from) => minus(x, times(from.sigma, D(x, from).epsilon)))
 * const [step] = unwrap(signal.plan(levelsOf(edm(), [80]), edm()))
 * step!.stages[0]!.x0 // → 1
 */
export const minus = (a: Form, b: Form): Form => plus(a, times(-1, b));

/** One evaluation of the denoiser, as forms: the evaluated x, the guided and corrected x̂₀, and the predictions that follow from both. */
export interface Prediction extends Readonly<Record<Part, Form>> {
  /** The level of the evaluation. */
  readonly at: Level;
}

/** The first prediction of an earlier step, where that step began. */
export interface Past extends Prediction {
  /** The level where that step ended. */
  readonly to: Level;
}

/** The tensors of a step, the denoiser, and the place of the step in its plan. */
export interface StepParts {
  /** x where the step begins. */
  readonly x: Form;
  /** Evaluates the denoiser for a form of x at a level of the path. */
  readonly D: (x: Form, at: Level) => Prediction;
  /** Draws ε ~ N(0, I), for the first evaluated x or for the x after an evaluation. A denoiser that learns its variance takes `learned`. */
  readonly noise: (learned?: Learned) => Form;
  /** s·∇ log p(y|x_t) of a denoiser with guidance on the mean. */
  readonly gradient: Form;
  /** The first predictions of earlier steps, newest first. */
  readonly past: readonly Past[];
  /** The path, which has levels between those of the grid. */
  readonly path: Path;
  /** The index of the step, and the number of steps from it to the end. */
  readonly index: number;
  readonly left: number;
}

/** One step of a solver, from one level to another: x at its end, as a form. */
export type Algorithm<To = Level> = (parts: StepParts, from: Level, to: To) => Form;

/** One evaluation of a plan. */
interface Evaluation {
  /** Its index in the plan. */
  readonly index: number;
  readonly at: Level;
  /** The x that it evaluates. */
  readonly point: Form;
}

const fault = (expected: string, actual: string, hint: string): never =>
  raise('ConfigError', { where: 'solver', expected, actual, hint });

const predictionOf = (evaluation: Evaluation): Prediction => {
  const part = (name: Part): Form => formOf({ kind: 'part', evaluation, part: name });
  return {
    at: evaluation.at,
    x: part('x'),
    x0: part('x0'),
    epsilon: part('epsilon'),
    v: part('v'),
    score: part('score'),
    velocity: part('velocity'),
    uncorrected: part('uncorrected'),
    unguided: part('unguided'),
  };
};

/** An evaluation and the x after it: the point of the next evaluation, or the end of the step. */
interface Move {
  readonly own: Evaluation;
  /** The first evaluation of the step. */
  readonly first: Evaluation;
  readonly next: Form;
}

/**
 * For each evaluation, the prediction that memory keeps for later stages. If later stages use several predictions of an evaluation,
 * memory keeps x̂₀, because x and x̂₀ determine all predictions.
 */
const remembered = (moves: readonly Move[]): ReadonlyMap<Evaluation, Parameterization> => {
  const memory = new Map<Evaluation, Parameterization>();
  for (const { own, next } of moves)
    for (const [term, n] of next)
      if (term.kind === 'part' && term.evaluation !== own && n !== 0) {
        const { evaluation, part } = term;
        if (part === 'uncorrected' || part === 'unguided')
          return fault(
            'a prediction of an earlier evaluation, such as x0',
            part,
            'only the stage of its evaluation has it',
          );
        if (part !== 'x') memory.set(evaluation, (memory.get(evaluation) ?? part) === part ? part : 'x0');
      }
  return memory;
};

/** The channel by which x goes to the first evaluation of a step, α·x + σ·ε. */
const churnOf = (point: Form): Channel => {
  const parts = [...point].map(([{ kind }, n]) => [kind, n] as const);
  const { x: alpha = 0, noise: sigma = 0 } = Object.fromEntries(parts);
  return alpha !== 0 && parts.length <= 2 && parts.every(([kind]) => kind === 'x' || kind === 'noise')
    ? { alpha, sigma }
    : fault('x or α·x + σ·ε in the first evaluation of a step', 'another form', 'call D(x, from) first');
};

/** The stage of an evaluation: the next x as a combination of the tensors that the integrator has at that stage. */
const stageOf = ({ own, first, next }: Move, memory: ReadonlyMap<Evaluation, Parameterization>): Stage => {
  const churn = churnOf(first.point);
  const isFirst = own === first;
  const start = isFirst ? 'x' : 'start'; // the factor of x in the first evaluation
  const sum: Record<'x' | 'start' | 'x0' | 'uncorrected' | 'unguided' | 'noise', number> = {
    x: 0, start: 0, x0: 0, uncorrected: 0, unguided: 0, noise: 0,
  }; // oxfmt-ignore
  const past: number[] = []; // factors of the memory, newest first
  let gradient: number | undefined;
  let learned: Learned | undefined; // of the noise

  /** Adds a prediction of an evaluation whose x has the factor `x` here: converts it to x and the stage's own prediction. */
  const add = (evaluation: Evaluation, part: Parameterization, n: number): void => {
    const basis = evaluation === own ? 'x0' : memory.get(evaluation)!;
    const { x, prediction } = conversion(basis, part)(evaluation.at);
    if (basis !== part) addX(evaluation, n * x);
    const factor = basis === part ? n : n * prediction;
    if (evaluation === own) return void (sum.x0 += factor);
    const back = own.index - evaluation.index - 1;
    while (past.length <= back) past.push(0);
    past[back]! += factor;
  };
  const addX = (evaluation: Evaluation, n: number): void => {
    if (evaluation === own) sum.x += n;
    else if (evaluation === first) sum.start += n;
    else
      fault(
        'x of this evaluation or of the first one of the step',
        'that of another one',
        'write the step in one prediction',
      );
  };

  for (const [term, n] of next) {
    if (n === 0 && term.kind !== 'noise' && term.kind !== 'gradient') continue;
    if (term.kind === 'x') sum[start] += n / churn.alpha;
    else if (term.kind === 'gradient') gradient = n;
    else if (term.kind === 'noise') {
      if (first.point.has(term)) continue; // a part of the x of the first evaluation
      if (!isFirst && own.point.has(term))
        fault('new noise', 'noise that is in the x evaluated here', 'write D(x, at).x for that x');
      sum.noise += n;
      learned = term.learned ?? learned;
    } else if (term.part === 'x') addX(term.evaluation, n);
    else if (term.part === 'uncorrected' || term.part === 'unguided') sum[term.part] += n;
    else add(term.evaluation, term.part, n);
  }
  const hasChurn = isFirst && (churn.alpha !== 1 || churn.sigma !== 0);
  const remembers = memory.get(own);
  return {
    at: own.at,
    ...(hasChurn && { churn }),
    ...Object.fromEntries(Object.entries(sum).filter(([, n]) => n !== 0)),
    ...(past.length > 0 && { memory: past }),
    ...(gradient !== undefined && { gradient }),
    ...(remembers && { remembers }),
    ...(learned && { learned }),
  };
};

/** A step of a plan before its trace. */
export interface PlannedStep extends Pick<SolverStep, 'from' | 'to'> {
  readonly algorithm: Algorithm;
}

/** Traces steps in their order: each call of D ends a stage and begins the next one. */
export const traced = (path: Path, steps: readonly PlannedStep[]): SolverPlan => {
  let count = 0; // mutable, of evaluations
  const past: Past[] = []; // mutable
  const moves = steps.map(({ from, to, algorithm }, index): readonly Move[] => {
    const evaluations: Evaluation[] = [];
    const parts: StepParts = {
      x: formOf({ kind: 'x' }),
      D: (point, at) => {
        requireForm('solver: the x to evaluate', point);
        if (!levelType.is(at)) fault('D(x, at) at a level of the path, such as from', show(at), 'call D(x, from)');
        const evaluation = { index: count++, at, point };
        evaluations.push(evaluation);
        return predictionOf(evaluation);
      },
      noise: (learned) => formOf({ kind: 'noise', learned }),
      gradient: formOf({ kind: 'gradient' }),
      get past() {
        return past.toReversed(); // of a thousand steps, if the method asks for it
      },
      path,
      index,
      left: steps.length - index,
    };
    const end = algorithm(parts, from, to);
    requireForm('solver: the x where the step ends', end);
    const first = evaluations[0] ?? fault('an evaluation of the denoiser in each step', 'none', 'call D(x, from)');
    past.push({ ...predictionOf(first), to });
    return evaluations.map((own, i) => ({ own, first, next: evaluations[i + 1]?.point ?? end }));
  });
  const memory = remembered(moves.flat());
  return steps.map(({ from, to }, i) => ({ from, to, stages: moves[i]!.map((move) => stageOf(move, memory)) }));
};

const stepOf = argument('solverOf: step', callback('a function ({ x, D }, from, to) => form'));

/**
 * A solver by its step, as a paper writes it: a function from x at the beginning of a step to x at its end, in linear forms of x,
 * predictions and noise. Each call of `D` evaluates the denoiser. The step is traced once, on the host; one integrator runs the
 * stages of all solvers. Each step leads from a level of the grid to the next one; the last ends at the data, where `to.sigma` is 0
 * and no denoiser evaluates.
 * @example
 * // Heun's method: EDM (Karras et al. 2022), Algorithm 2
 * const averaging = solverOf(({ x, D }, from, to) => {
 *   const d = slope(x, D(x, from).x0, from) //                   line 7
 *   const euler = move(x, d, from, to) //                        line 8
 *   if (to.sigma === 0) return euler
 *   const d2 = slope(euler, D(euler, to).x0, to) //              line 10
 *   return move(x, times(1 / 2, plus(d, d2)), from, to) //       line 11
 * })
 * const plan = unwrap(averaging.plan(levelsOf(edm(), [80, 1]), edm()))
 * plan.map(({ stages }) => stages.length) // → [2, 1]
 */
export const solverOf = (step: Algorithm): Solver => {
  stepOf.demand(step);
  return {
    plan: (levels, noising) =>
      attempt(() => {
        const steps = pairsOf(levels).map(([from, to]) => ({ from, to, algorithm: step }));
        return traced(pathOf(noising), steps);
      }),
  };
};
