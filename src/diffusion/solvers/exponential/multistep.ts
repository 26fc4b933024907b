/** Multistep exponential integrators: DPM-Solver, DPM-Solver++, their SDEs, UniPC and SA-Solver are settings of one formula. */
import { t } from '../../../internal/fp.js';
import { optional } from '../../../internal/schema.js';
import { pairsOf, type Level } from '../../levels/level.js';
import { planning, type Solver, type Stage } from '../plan.js';
import { spaceFields } from '../solverOptions.js';
import { evaluatesAgain, hasLength, holdX0, inX0, lengthOf, MAX_FALL, type OrderAt, reachOf } from '../steps.js';
import { exponentialStep, type MomentRules, type PairRule, type StepKind } from './exponentialStep.js';

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

/** The rule for two predictions, by its name in published code. */
export const pairOf = (rule: string): PairRule => (rule === 'heun' ? 'exact' : 'bh2');

/** Lower orders in the last steps, down to 1 in the last. */
export const lowering = (lowerFinal: boolean): Pick<Multistep, 'orderAt'> =>
  lowerFinal ? { orderAt: (left) => left } : {};

const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

/** The sum of two combinations of predictions. */
const added = (a: readonly number[], b: readonly number[]): readonly number[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, k) => (a[k] ?? 0) + (b[k] ?? 0));

/** A stage of a method in ε̂: factors of x and x̂₀, and what a combination of ε̂ adds, newest first. */
const withNoises = (at: Level, { x = 0, x0 = 0 }: Partial<Stage>, [own = 0, ...memory]: readonly number[]): Stage => {
  const more = inX0(at, 'epsilon', own);
  return { at, x: x + more.x, x0: x0 + more.x0, memory, remembers: 'epsilon' };
};

/**
 * A multistep method of {@link exponentialStep}: a polynomial through the last predictions, which are at places before the step. A
 * corrector repeats the step with the prediction at its end. It has the same x_t and ε, so it adds the difference of both sums to
 * x_s, which is joined to the next step. A step to the data or without signal is in x̂₀ and of order 1; in ε̂, also one over which
 * σ/α falls more than `maxFall`.
 */
export const multistep = ({
  order,
  orderAt = () => Infinity,
  corrector = 0,
  corrects = () => true,
  space = 'x0',
  eta = () => 0,
  sNoise = 1,
  maxFall = MAX_FALL,
  ...rules
}: Multistep): Solver =>
  planning((levels) => {
    const steps = pairsOf(levels);
    const usable = space === 'x0' ? hasLength : (from: Level, to: Level): boolean => evaluatesAgain(from, to, maxFall);
    const inNoise = steps.map(([from, to]) => space === 'epsilon' && usable(from, to));
    const parts = steps.map(([from, to], i) =>
      exponentialStep(from, to, { space: inNoise[i] ? 'epsilon' : 'x0', eta: eta(from, to), sNoise }),
    );
    /** The factors of the predictions at level i and before, and first of the one at the end of the step, if `ends`. */
    const factorsOf = (i: number, most: number, ends: boolean): readonly number[] => {
      const [from, to] = steps[i]!;
      const reach = reachOf(levels, i, Math.min(most, orderAt(steps.length - i)), usable);
      const earlier = Array.from(
        { length: reach - 1 },
        (_, k) => lengthOf(from, levels[i - k - 1]!) / lengthOf(from, to),
      );
      const [own, ...others] = parts[i]!.factors(ends ? [1, ...earlier] : earlier, rules);
      return ends ? [others[0]!, own!, ...others.slice(1)] : [own!, ...others];
    };
    /** The factors of the predictions at level i and before, in the sum that the corrector of the step before adds to x. */
    const correctionOf = (i: number): readonly number[] =>
      corrector > 0 && i > 0 && corrects(i - 1) && usable(...steps[i - 1]!)
        ? added(factorsOf(i - 1, corrector - 1, true), [0, ...factorsOf(i - 1, order, false).map((n) => -n)])
        : [];
    return steps.map(([from, to], i) => {
      const { x, noise } = parts[i]!;
      const predictor = factorsOf(i, order, false);
      const correction = correctionOf(i).map((n) => x * n);
      const [x0 = 0, ...memory] = space === 'x0' ? added(predictor, correction) : predictor;
      if (space === 'x0') return { from, to, stages: [{ at: from, x, x0, memory, noise }] };
      // in ε̂ DDIM's step, which keeps its digits at any σ, and what the mean ε̂ adds to it
      const stage = inNoise[i]
        ? withNoises(
            from,
            holdX0(from, to),
            added(added(predictor, correction), [-sum(predictor) / (1 + eta(from, to))]),
          )
        : withNoises(from, { x, x0 }, correction);
      return { from, to, stages: [{ ...stage, noise }] };
    });
  });
