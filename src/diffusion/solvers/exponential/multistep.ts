/** Multistep exponential integrators: DPM-Solver, DPM-Solver++, their SDEs, UniPC and SA-Solver are settings of one formula. */
import { natural } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { sumOf } from '../../../internal/numbers.js';
import { optional } from '../../../internal/schema.js';
import { pairsOf, type Level } from '../../levels/level.js';
import { planning, type Solver, type Stage } from '../plan.js';
import { spaceFields } from '../solverOptions.js';
import { evaluatesAgain, hasLength, holdX0, inX0, lengthOf, MAX_FALL, type OrderAt, reachOf } from '../steps.js';
import {
  type ExponentialStep,
  exponentialStep,
  type MomentRules,
  type PairRule,
  type StepKind,
} from './exponentialStep.js';

/** The settings of a method. */
export interface Multistep extends MomentRules, Pick<StepKind, 'space' | 'sNoise'> {
  /** The number of predictions of the predictor, 1 to 4. */
  readonly order: number;
  /** A limit of the order of a step, from the number of steps that are left, with its own; none if left out. */
  readonly orderAt?: OrderAt;
  /** The number of predictions of the corrector, with the one at the end of the step; 0, no corrector, if left out. */
  readonly corrector?: number;
  /** Tests if the end of a step is corrected, by the index of the step; each is if left out. */
  readonly corrects?: (step: number) => boolean;
  /** True to evaluate once more at the last level and correct it, in a run that ends with noise; false if left out. */
  readonly correctsEnd?: boolean;
  /** The η of each step; 0 if left out. */
  readonly eta?: (from: Level, to: Level) => number;
  /** In ε̂, the most by which σ/α may fall in a step with more than one prediction; 100 if left out, Infinity as in published code. */
  readonly maxFall?: number | undefined;
}

/** The options of the multistep methods in x̂₀ or ε̂ with lower orders at the end. */
export const multistepFields = {
  ...spaceFields,
  /** True for lower orders in the last steps, down to 1 in the last; false if left out. */
  lowerFinal: optional(t.boolean, false),
};

/** The option of methods that choose the steps of their corrector. */
export const correctorFields = {
  /** The indices of the steps whose end is not corrected, from 0; none if left out. */
  disableCorrector: optional(t.readonlyArray(natural, 'an array of indices of steps'), []),
};

/** The steps whose end is corrected. */
export const correcting = (disabled: readonly number[]): Pick<Multistep, 'corrects'> => ({
  corrects: (step) => !disabled.includes(step),
});

/** The rule for two predictions, by its name in published code. */
export const pairOf = (rule: string): PairRule => (rule === 'heun' ? 'exact' : 'bh2');

/** Lower orders in the last steps, down to 1 in the last. */
export const lowering = (lowerFinal: boolean): Pick<Multistep, 'orderAt'> =>
  lowerFinal ? { orderAt: (left) => left } : {};

/** Tests if a step may have more than one prediction. */
type Usable = (from: Level, to: Level) => boolean;

/** The sum of two combinations of predictions. */
const added = (a: readonly number[], b: readonly number[]): readonly number[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, k) => (a[k] ?? 0) + (b[k] ?? 0));

/** The difference of two combinations of predictions. */
const subtracted = (a: readonly number[], b: readonly number[]): readonly number[] =>
  added(
    a,
    b.map((n) => -n),
  );

/** A stage of a method in ε̂: factors of x and x̂₀, and what a combination of ε̂ adds, newest first. */
const withNoises = (at: Level, { x = 0, x0 = 0 }: Partial<Stage>, [own = 0, ...memory]: readonly number[]): Stage => {
  const more = inX0(at, 'epsilon', own);
  return { at, x: x + more.x, x0: x0 + more.x0, memory, remembers: 'epsilon' };
};

/**
 * A step of the grid with its formula. Also in a method of ε̂, a step is in x̂₀ if it ends at the data, begins without signal, or is
 * not usable.
 */
interface GridStep extends ExponentialStep {
  readonly from: Level;
  readonly to: Level;
  readonly space: 'x0' | 'epsilon';
  readonly eta: number;
}

/** The steps of a grid with their formulas. */
const gridSteps = (
  levels: readonly Level[],
  usable: Usable,
  { space = 'x0', eta = () => 0, sNoise = 1 }: Pick<Multistep, 'space' | 'eta' | 'sNoise'>,
): readonly GridStep[] =>
  pairsOf(levels).map(([from, to]): GridStep => {
    const kind = { space: usable(from, to) ? space : 'x0', eta: eta(from, to), sNoise } as const;
    return { from, to, ...kind, ...exponentialStep(from, to, kind) };
  });

/** The factors of the predictions at level i and before, in the step from there: at most `most`, and fewer if some steps are not usable. */
type Factors = (i: number, most: number) => readonly number[];

/**
 * The factors of a predictor, and those of a corrector, which have the prediction at the end of the step first. Both are those
 * of a polynomial through predictions at places before the step, in lengths of the step.
 */
const factorsOf = (
  levels: readonly Level[],
  steps: readonly GridStep[],
  usable: Usable,
  { orderAt = () => Infinity, ...rules }: Pick<Multistep, 'orderAt' | keyof MomentRules>,
): { readonly predictor: Factors; readonly corrector: Factors } => {
  const placesOf = (i: number, most: number): readonly number[] => {
    const { from, to } = steps[i]!;
    const reach = reachOf(levels, i, Math.min(most, orderAt(steps.length - i)), usable);
    return Array.from({ length: reach - 1 }, (_, k) => lengthOf(from, levels[i - k - 1]!) / lengthOf(from, to));
  };
  return {
    predictor: (i, most) => steps[i]!.factors(placesOf(i, most), rules),
    corrector: (i, most) => {
      const [own, end, ...earlier] = steps[i]!.factors([1, ...placesOf(i, most)], rules);
      return [end!, own!, ...earlier];
    },
  };
};

/** A stage of x and a combination of predictions, newest first. */
const combining = (at: Level, x: number, [x0 = 0, ...memory]: readonly number[]): Stage => ({ at, x, x0, memory });

/**
 * The stage of a step. `correction` of the step before is in the predictions of the method. In ε̂ the stage is DDIM's, which keeps its
 * digits at any σ, and what the mean ε̂ adds to it; a step of a method in ε̂ may also be in x̂₀.
 */
const stageOf = (
  { from, to, x, space, eta }: GridStep,
  isInX0: boolean,
  predictor: readonly number[],
  correction: readonly number[],
): Stage => {
  if (isInX0) return combining(from, x, added(predictor, correction));
  if (space === 'x0') return withNoises(from, { x, x0: predictor[0]! }, correction);
  const ofDdim = sumOf(predictor) / (1 + eta); // its factor of ε̂, which `holdX0` has
  return withNoises(from, holdX0(from, to), subtracted(added(predictor, correction), [ofDdim]));
};

/** The stages that add a correction to x: none for an empty one. */
const adding = (at: Level, isInX0: boolean, correction: readonly number[]): readonly Stage[] => {
  if (correction.length === 0) return [];
  return [isInX0 ? combining(at, 1, correction) : withNoises(at, { x: 1 }, correction)];
};

/**
 * A multistep method of {@link exponentialStep}: a polynomial through the last predictions, which are at places before the step. A
 * corrector repeats the step with the prediction at its end. It has the same x_t and ε, so it adds the difference of both sums to
 * x_s, which is joined to the next step. A step to the data or without signal is in x̂₀ and of order 1; in ε̂, also one over which
 * σ/α falls more than `maxFall`.
 */
export const multistep = ({
  order,
  corrector = 0,
  corrects = () => true,
  correctsEnd = false,
  maxFall = MAX_FALL,
  ...settings
}: Multistep): Solver =>
  planning((levels) => {
    const isInX0 = settings.space !== 'epsilon';
    const usable: Usable = isInX0 ? hasLength : (from, to) => evaluatesAgain(from, to, maxFall);
    const steps = gridSteps(levels, usable, settings);
    const factors = factorsOf(levels, steps, usable, settings);
    const isCorrected = (step: number): boolean =>
      corrector > 0 && step >= 0 && corrects(step) && usable(levels[step]!, levels[step + 1]!);
    /** The factors of the predictions, newest first, in what the corrector adds to x at level i: its sum minus the predictor's. */
    const correctionOf = (i: number): readonly number[] => {
      const step = i - 1; // which ends at level i
      if (!isCorrected(step)) return [];
      const predicted = [0, ...factors.predictor(step, order)]; // the predictor has no prediction at the end of its step
      return subtracted(factors.corrector(step, corrector - 1), predicted);
    };
    return steps.map((step, i) => {
      const { from, to, x, noise } = step;
      const correction = correctionOf(i).map((n) => x * n);
      const stage = stageOf(step, isInX0, factors.predictor(i, order), correction);
      const end = correctsEnd && i === steps.length - 1 ? adding(to, isInX0, correctionOf(i + 1)) : [];
      return { from, to, stages: [{ ...stage, noise }, ...end] };
    });
  });
