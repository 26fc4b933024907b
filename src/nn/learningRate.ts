import { add, cast, clip, cos, minimum, mul, type Scalar, scalar, sub, type Tensor } from '../dsl/index.js';
import { orRaise } from '../dsl/errors.js';
import { optionsOf } from '../dsl/options.js';
import { exactly, functionOf, share } from '../internal/decode.js';
import { F, t } from '../internal/fp.js';
import { isAmount, type Requirement, requirement } from './requirement.js';

/** How many updates there were before this one: an int32 scalar that stays on the backend. */
export type Step = Tensor<[], 'int32'>;

/** A learning rate: a number, or a function of the step. */
export type LearningRate = number | ((step: Step) => Scalar);

const requireNumber = requirement('a finite number ≥ 0', isAmount, '1e-3 is usual for Adam');

/** Raises `ConfigError` for a rate that is a number below 0 or not finite. What a function gives is a tensor. */
export const requireRate = (where: string, rate: LearningRate): void => {
  if (typeof rate === 'number') requireNumber(where, rate);
};

/** A {@link LearningRate}, from outside. */
export const learningRateOption = t.union(
  [t.number, functionOf<(step: Step) => Scalar>('a function of the step')],
  'a learning rate: a number, or a function of the step',
);

/**
 * The learning rate of a step, whether it is a number or a function of the step. Raises `ConfigError` for a
 * number below 0 or not finite.
 *
 * @example
 * rateAt(0.1)(scalar(3, 'int32')) // → 0.1
 * rateAt(pipe(0.1, warmup(4)))(scalar(1, 'int32')) // → 0.05
 */
export const rateAt =
  (rate: LearningRate) =>
  (step: Step): Scalar => {
    requireRate('learning rate', rate);
    return typeof rate === 'number' ? scalar(rate) : rate(step);
  };

const requireSteps = (least: number): Requirement =>
  requirement(
    `a number of steps ≥ ${least}`,
    (n) => Number.isSafeInteger(n) && n >= least,
    'count updates, from 0',
  );

/**
 * Lets a learning rate grow linearly over the first `steps` updates: the first has 1/steps of it, the
 * last of them all of it. Raises `ConfigError` at once for fewer steps than one.
 *
 * @example
 * const rate = pipe(0.1, warmup(4))
 * const rates = [0, 1, 2, 3, 4].map((n) => rateAt(rate)(scalar(n, 'int32')))
 * rates // → [0.025, 0.05, 0.075, 0.1, 0.1]
 */
export const warmup = (steps: number) => {
  requireSteps(1)('warmup', steps);
  return (rate: LearningRate): LearningRate =>
    (step) => {
      const part = F.pipe(step, cast('float32'), add(1), mul(1 / steps), minimum(1));
      return mul(part)(rateAt(rate)(step));
    };
};

const cosineOptions = optionsOf({
  where: 'cosineDecay',
  options: exactly({ steps: t.number }, { from: t.number, floor: share }),
  hint: 'a floor of 0.1 keeps a tenth of the rate',
});

/**
 * Lets a learning rate fall along half a cosine, from all of it at update `from` (0 if not given) to the
 * fraction `floor` of it (0 if not given) at update `steps`, where it stays. Loshchilov & Hutter 2017, eq. 5.
 * Raises `ConfigError` unless 0 ≤ from < steps, and for a floor outside [0, 1] or a field that is unknown.
 *
 * @example
 * const rate = pipe(0.1, warmup(2), cosineDecay({ from: 2, steps: 6 }))
 * const rates = [0, 1, 2, 4, 6].map((n) => rateAt(rate)(scalar(n, 'int32')))
 * rates // → [0.05, 0.1, 0.1, 0.05, 0]
 */
export const cosineDecay = (options: {
  readonly steps: number;
  readonly from?: number;
  readonly floor?: number;
}) => {
  const { steps, from = 0, floor = 0 } = orRaise(cosineOptions(options));
  requireSteps(0)('cosineDecay.from', from);
  requireSteps(from + 1)('cosineDecay.steps', steps);
  return (rate: LearningRate): LearningRate =>
    (step) => {
      const progress = F.pipe(step, cast('float32'), sub(from), mul(1 / (steps - from)), clip(0, 1));
      const part = F.pipe(progress, mul(Math.PI), cos, mul((1 - floor) / 2), add((1 + floor) / 2));
      return mul(part)(rateAt(rate)(step));
    };
};
