/** Multistep methods with a predictor and a corrector: UniPC and SA-Solver. */
import { natural } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { optional } from '../../../internal/schema.js';
import type { Level } from '../../channels/level.js';
import { type Algorithm, type Form, minus, type Past, plus, type Prediction, times } from '../algorithm.js';
import { spaceFields } from '../solverOptions.js';
import { evaluatesAgain, hasLength, lengthOf, MAX_SIGMA_RATIO, type OrderAt, recent, type Usable } from '../steps.js';
import { exponentialStep, type MomentRules, type StepKind } from './exponentialStep.js';

/** The settings of a method. */
export interface PredictorCorrector extends MomentRules, Pick<StepKind, 'space'> {
  /** The number of predictions of the predictor, 1 to 4. */
  readonly order: number;
  /** A limit of the order of a step, as a function of the number of remaining steps; none if left out. */
  readonly orderAt?: OrderAt;
  /** The number of predictions of the corrector, including the prediction at the end of the step; 0 for no corrector. */
  readonly corrector: number;
  /** The indices of the steps whose end is not corrected. */
  readonly disableCorrector: readonly number[];
  /** True to evaluate and correct x at the last level too, in a run that ends with noise; false if left out. */
  readonly correctsEnd?: boolean;
  /** The η of each step; 0 if left out. */
  readonly eta?: (from: Level, to: Level) => number;
  /** In ε̂, the most by which σ/α may fall in a step with more than one prediction; 100 if left out, Infinity as in published code. */
  readonly maxSigmaRatio?: number | undefined;
}

/** The options of the multistep methods in x̂₀ or ε̂ with lower orders at the end. */
export const multistepFields = {
  ...spaceFields,
  /** True for lower orders in the last steps, down to 1 in the last; false if left out. */
  lowerOrderFinal: optional(t.boolean, false),
};

/** The option of methods with a corrector. */
export const correctorFields = {
  /** The indices of the steps whose end is not corrected, from 0; none if left out. */
  disableCorrector: optional(t.readonlyArray(natural, 'an array of indices of steps'), []),
};

/** Lower orders in the last steps, down to 1 in the last. */
export const lowering =
  (lowerOrderFinal: boolean): OrderAt =>
  (left) =>
    lowerOrderFinal ? left : Infinity;

/** Tests if a step may use more than one prediction. In ε̂, σ/α must not fall by more than `maxSigmaRatio`. */
export const usableIn = (space: 'x0' | 'epsilon', maxSigmaRatio = MAX_SIGMA_RATIO): Usable =>
  space === 'x0' ? hasLength : (from, to) => evaluatesAgain(from, to, maxSigmaRatio);

/**
 * A predictor through the last predictions, and a corrector, which repeats the step and also uses the prediction at its end: UniPC
 * (Zhao et al. 2023, Algorithms 1 and 2) and SA-Solver (Xue et al. 2023, Algorithm 1). Both have the same x_t and the same noise,
 * so the corrector adds the difference of their integrals to x_s. The next step evaluates the prediction at x_s, and adds the
 * correction. A step to the data or without signal integrates x̂₀ with order 1. So does, in ε̂, a step over which σ/α falls by more
 * than `maxSigmaRatio`.
 */
export const predictorCorrector =
  ({ order, orderAt = () => Infinity, corrector, disableCorrector, ...settings }: PredictorCorrector): Algorithm =>
  ({ x, D, noise, past, index, left }, from, to) => {
    const { space = 'x0', eta = () => 0, maxSigmaRatio, correctsEnd = false, ...rules } = settings;
    const usable = usableIn(space, maxSigmaRatio);
    const stepOf = (begin: Level, end: Level) =>
      exponentialStep(begin, end, { space: usable(begin, end) ? space : 'x0', eta: eta(begin, end) });
    /** The part of the integral of a step from earlier predictions, and for a corrector also from the prediction at its end. */
    const differences = (predictions: readonly Prediction[], end: Level, corrects?: Prediction): Form => {
      const [own, ...earlier] = predictions as readonly [Prediction, ...Prediction[]];
      const others = corrects ? [corrects, ...earlier] : earlier;
      const places = others.map(({ at }) => lengthOf(own.at, at) / lengthOf(own.at, end));
      return stepOf(own.at, end).differences([own, ...others], places, rules);
    };
    const isCorrected = (step: number, begin: Level, end: Level): boolean =>
      corrector > 0 && !disableCorrector.includes(step) && usable(begin, end);
    /** The correction of x at the end of a step, by the index of the step. */
    const correctionOf = (step: number, own: Prediction, before: readonly Past[], end: Prediction): Form => {
      if (!isCorrected(step, own.at, end.at)) return plus();
      const through = (most: number) =>
        recent(own, before, end.at, Math.min(most, orderAt(left + index - step)), usable);
      return minus(differences(through(corrector - 1), end.at, end), differences(through(order), end.at));
    };

    const own = D(x, from);
    const [before, ...earlier] = past;
    const correction = before ? correctionOf(index - 1, before, earlier, own) : plus();
    const step = stepOf(from, to);
    const predictions = recent(own, past, to, Math.min(order, orderAt(left)), usable);
    const next = plus(
      step.constant(own),
      times(step.decay, correction),
      differences(predictions, to),
      times(step.noise, noise()),
    );
    if (!correctsEnd || left > 1 || !isCorrected(index, from, to)) return next;
    const end = D(next, to);
    return plus(end.x, correctionOf(index, own, past, end));
  };
