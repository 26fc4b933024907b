import { add, cast, clip, cos, minimum, mul, type Scalar, scalar, sub, type Tensor } from '../../dsl/index.js';
import { type BothForms, dual } from '../../internal/dual.js';
import { orRaise, raise } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { amount, exactly, functionOf, share } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { type Requirement, requirement } from '../../internal/requirement.js';

/** The number of updates before this one: an int32 scalar that stays on the backend. */
export type Step = Tensor<[], 'int32'>;

/** A learning rate: a number, or a function of the step. */
export type LearningRate = number | ((step: Step) => Scalar);

const requireNumber = requirement('a finite number ≥ 0', amount.is, '1e-3 is usual for Adam');

/** Raises `ConfigError` for a rate that is a negative or infinite number, or half-applied: see `dual`. */
export const requireRate = (where: string, rate: LearningRate): void => {
  if (typeof rate !== 'function') requireNumber(where, rate);
  else if (rate.name.endsWith('(…)'))
    raise('ConfigError', {
      where,
      expected: 'a learning rate: a number, or a function of the step',
      actual: `${rate.name}, which waits for its first operand`,
      hint: `write ${rate.name.replace('(…)', '(rate, …)')} or pipe(rate, ${rate.name})`,
    });
};

/** Decodes a {@link LearningRate}. */
export const learningRateOption = t.union(
  [t.number, functionOf<(step: Step) => Scalar>('a function of the step')],
  'a learning rate: a number, or a function of the step',
);

/**
 * The learning rate at a step. Raises `ConfigError` for a number that is negative or not finite.
 * @example
 * rateAt(0.1, scalar(3, 'int32')) // → 0.1
 * rateAt(warmup(0.1, 4), scalar(1, 'int32')) // → 0.05
 */
export const rateAt: BothForms<LearningRate, [step: Step], Scalar> = dual(
  'rateAt',
  2,
  (rate: LearningRate, step: Step) => {
    requireRate('learning rate', rate);
    return typeof rate === 'number' ? scalar(rate) : rate(step);
  },
);

const requireSteps = (least: number): Requirement =>
  requirement(`a number of steps ≥ ${least}`, (n) => Number.isSafeInteger(n) && n >= least, 'count updates, from 0');

/**
 * Raises a learning rate linearly over the first `steps` ≥ 1 updates, from rate/steps. Raises `ConfigError` for other steps.
 * @example [0, 1, 2, 3, 4].map((n) => rateAt(warmup(0.1, 4), scalar(n, 'int32'))) // → [0.025, 0.05, 0.075, 0.1, 0.1]
 */
export const warmup: BothForms<LearningRate, [steps: number], LearningRate> = dual(
  'warmup',
  2,
  (rate: LearningRate, steps: number) => {
    requireRate('warmup', rate);
    requireSteps(1)('warmup', steps);
    return (step: Step) => mul(rateAt(rate, step), minimum(mul(add(cast(step, 'float32'), 1), 1 / steps), 1));
  },
);

const cosineOptions = optionsOf({
  where: 'cosineDecay',
  options: exactly({ steps: t.number }, { from: t.number, floor: share }),
  hint: 'a floor of 0.1 keeps a tenth of the rate',
});

/** The options of {@link cosineDecay}. */
export interface CosineDecay {
  /** The update at which the rate reaches its floor. */
  readonly steps: number;
  /** The update at which the rate begins to fall; default 0. */
  readonly from?: number;
  /** The fraction of the rate that remains, in [0, 1]; default 0. */
  readonly floor?: number;
}

/**
 * Lowers a learning rate along half a cosine, from the rate at update `from` to `floor` times the rate at update `steps`,
 * where it stays. Loshchilov & Hutter 2017, eq. 5. Raises `ConfigError` unless 0 ≤ from < steps and 0 ≤ floor ≤ 1.
 * @example
 * const rate = pipe(0.1, warmup(2), cosineDecay({ from: 2, steps: 6 }))
 * Array.from([0, 1, 2, 4, 6], (n) => rateAt(rate, scalar(n, 'int32'))) // → [0.05, 0.1, 0.1, 0.05, 0]
 */
export const cosineDecay: BothForms<LearningRate, [options: CosineDecay], LearningRate> = dual(
  'cosineDecay',
  2,
  (rate: LearningRate, options: CosineDecay): LearningRate => {
    requireRate('cosineDecay', rate);
    const { steps, from = 0, floor = 0 } = orRaise(cosineOptions(options));
    requireSteps(0)('cosineDecay.from', from);
    requireSteps(from + 1)('cosineDecay.steps', steps);
    return (step) => {
      const n = cast(step, 'float32');
      const progress = clip(mul(sub(n, from), 1 / (steps - from)), 0, 1);
      // floor + ½·(1 − floor)·(1 + cos(π·progress))
      const part = add(mul(cos(mul(progress, Math.PI)), (1 - floor) / 2), (1 + floor) / 2);
      return mul(rateAt(rate, step), part);
    };
  },
);
