import {
  add,
  cast,
  clip,
  cos,
  div,
  greaterEqual,
  minimum,
  mod,
  mul,
  pow,
  type Scalar,
  scalar,
  sub,
  type Tensor,
  where,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { type BothForms, dual } from '../../internal/dual.js';
import { orRaise, raise } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { aboveZero, amount, exactly, functionOf, positive, share } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { type Requirement, requirement } from '../../internal/requirement.js';

/** The number of previous updates: an int32 scalar that stays on the backend. */
export type Step = Tensor<[], 'int32'>;

/** A function of the step. */
export interface Scheduled {
  (step: Step): Scalar;
  /** The settings as JSON, which snapshots store to detect other settings. */
  readonly settings?: unknown;
}

/** A learning rate: a number, or a function of the step. */
export type LearningRate = number | Scheduled;

/** The settings of a learning rate, as JSON. */
export const rateSettings = (rate: LearningRate): unknown =>
  typeof rate === 'number' ? rate : (rate.settings ?? 'a function of the step');

const requireNumber = requirement('a finite number ≥ 0', amount.is, '1e-3 is usual for Adam');

/** Raises `ConfigError` for a negative or infinite number, or a partially applied function: see `dual`. */
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
  [t.number, functionOf<Scheduled>('a function of the step')],
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

/** The rate times a factor that follows the step, `n` as float32. */
const scaled = (
  rate: LearningRate,
  [name, options]: readonly [name: string, options: unknown],
  factor: (n: Scalar, step: Step) => Scalar,
): Scheduled =>
  Object.assign((step: Step) => mul(rateAt(rate, step), factor(cast(step, 'float32'), step)), {
    settings: { [name]: options, rate: rateSettings(rate) },
  });

const warmedUp = (name: string, first: number): BothForms<LearningRate, [steps: number], LearningRate> =>
  dual(name, 2, (rate: LearningRate, steps: number) => {
    requireRate(name, rate);
    requireSteps(1)(name, steps);
    return scaled(rate, [name, steps], (n) => minimum(mul(add(n, first), 1 / steps), 1));
  });

/**
 * Raises a learning rate linearly over the first `steps` ≥ 1 updates, from rate/steps. Raises `ConfigError` for other steps.
 * @example [0, 1, 2, 3, 4].map((n) => rateAt(warmup(0.1, 4), scalar(n, 'int32'))) // → [0.025, 0.05, 0.075, 0.1, 0.1]
 */
export const warmup = warmedUp('warmup', 1);

/**
 * Raises a learning rate linearly from 0, at update 0, to its full value at update `steps` ≥ 1. Raises `ConfigError`
 * for other steps.
 * @example [0, 1, 2, 3, 4].map((n) => rateAt(warmupFromZero(0.1, 4), scalar(n, 'int32'))) // → [0, 0.025, 0.05, 0.075, 0.1]
 */
export const warmupFromZero = warmedUp('warmupFromZero', 0);

/** Changes a learning rate by options: `cosineDecay(rate, options)`, or `pipe(rate, cosineDecay(options))`. */
interface WithOptions<O> {
  <G = unknown>(rate: LearningRate, options: Exact<G, keyof O> & O): LearningRate;
  <G = unknown>(options: Exact<G, keyof O> & O): (rate: LearningRate) => LearningRate;
}

/** The options of {@link linearDecay} and {@link cosineDecay}. */
export interface Decay {
  /** The update at which the rate reaches its floor. */
  readonly steps: number;
  /** The update at which the rate begins to fall; default 0. */
  readonly from?: number;
  /** The fraction of the rate that remains, in [0, 1]; default 0. */
  readonly floor?: number;
}

/** The options of {@link polynomialDecay}. */
export interface PolynomialDecay extends Decay {
  /** The exponent, above 0. */
  readonly power: number;
}

const floorHint = 'a floor of 0.1 keeps a tenth of the rate';
const decayOptional = { from: t.number, floor: share };

/** Lowers a rate by a factor, which falls from 1 at progress 0 to `floor` at progress 1. */
const decaying = <O extends Decay>(
  name: string,
  required: t.Props,
  factor: (progress: Scalar, floor: number, options: O) => Scalar,
): WithOptions<O> => {
  const fields = exactly({ steps: t.number, ...required }, decayOptional) as t.Type<unknown> as t.Type<O>; // `required` lists what `O` adds
  const checked = optionsOf({ where: name, options: fields, hint: floorHint });
  return dual(name, 2, (rate: LearningRate, given: O) => {
    requireRate(name, rate);
    const options = orRaise(checked(given));
    const { steps, from = 0, floor = 0 } = options;
    requireSteps(0)(`${name}.from`, from);
    requireSteps(from + 1)(`${name}.steps`, steps);
    return scaled(rate, [name, { ...options }], (n) =>
      factor(clip(mul(sub(n, from), 1 / (steps - from)), 0, 1), floor, options),
    );
  });
};

/** floor + ½·(1 − floor)·(1 + cos(π·progress)) */
const halfCosine = (progress: Scalar, floor: number): Scalar =>
  add(mul(cos(mul(progress, Math.PI)), (1 - floor) / 2), (1 + floor) / 2);

/** floor + (1 − floor)·(1 − progress)^power */
const powerOfRest = (progress: Scalar, floor: number, power: number): Scalar =>
  add(mul(power === 1 ? sub(1, progress) : pow(sub(1, progress), power), 1 - floor), floor);

/**
 * Lowers a learning rate along half a cosine, from the rate at update `from` to `floor` times the rate at update `steps`,
 * where it stays. Loshchilov & Hutter 2017, eq. 5. Raises `ConfigError` unless 0 ≤ from < steps and 0 ≤ floor ≤ 1.
 * @example
 * const rate = pipe(0.1, warmup(2), cosineDecay({ from: 2, steps: 6 }))
 * Array.from([0, 1, 2, 4, 6], (n) => rateAt(rate, scalar(n, 'int32'))) // → [0.05, 0.1, 0.1, 0.05, 0]
 */
export const cosineDecay = decaying<Decay>('cosineDecay', {}, halfCosine);

/**
 * Lowers a learning rate along a line, from the rate at update `from` to `floor` times the rate at update `steps`, where it
 * stays. Raises `ConfigError` unless 0 ≤ from < steps and 0 ≤ floor ≤ 1.
 * @example [0, 1, 2, 4, 9].map((n) => rateAt(linearDecay(0.1, { steps: 4 }), scalar(n, 'int32'))) // → [0.1, 0.075, 0.05, 0, 0]
 */
export const linearDecay = decaying<Decay>('linearDecay', {}, (progress, floor) => powerOfRest(progress, floor, 1));

/**
 * Lowers a learning rate by a power of the remaining fraction: floor + (1 − floor)·(1 − progress)^power, from the rate
 * at update `from` to `floor` times the rate at update `steps`, where it stays. Raises `ConfigError` as
 * {@link linearDecay} does, and for a power ≤ 0.
 * @example [0, 1, 2, 4].map((n) => rateAt(polynomialDecay(0.1, { steps: 4, power: 2 }), scalar(n, 'int32'))) // → [0.1, 0.05625, 0.025, 0]
 */
export const polynomialDecay = decaying<PolynomialDecay>(
  'polynomialDecay',
  { power: aboveZero },
  (progress, floor, { power }) => powerOfRest(progress, floor, power),
);

/** Updates at which a learning rate changes, in order, each with the factor of the rate from that update on. */
export type Pieces = readonly (readonly [from: number, factor: number])[];

/**
 * Multiplies a learning rate by a factor that changes at given updates; it is 1 before the first. Raises `ConfigError` unless
 * the updates increase and the factors are finite and ≥ 0.
 * @example [0, 1, 2, 3].map((n) => rateAt(piecewise(0.1, [[1, 0.5], [3, 0.1]]), scalar(n, 'int32'))) // → [0.1, 0.05, 0.05, 0.01]
 */
export const piecewise: BothForms<LearningRate, [pieces: Pieces], LearningRate> = dual(
  'piecewise',
  2,
  (rate: LearningRate, pieces: Pieces) => {
    requireRate('piecewise', rate);
    pieces.forEach(([from, factor], i) => {
      requireSteps((pieces[i - 1]?.[0] ?? -1) + 1)(`piecewise.${i}.0`, from);
      requirement('a factor ≥ 0', amount.is, '0.1 keeps a tenth of the rate')(`piecewise.${i}.1`, factor);
    });
    return scaled(rate, ['piecewise', pieces], (_, step) =>
      pieces.reduce((kept, [from, factor]) => where(greaterEqual(step, from), factor, kept), scalar(1)),
    );
  },
);

/** The options of {@link cosineRestarts}. */
export interface CosineRestarts {
  /** The number of updates to the first restart, T_0. */
  readonly period: number;
  /** The ratio of each period to the previous one, T_mult, an integer ≥ 1; default 1. */
  readonly growth?: number;
  /** The fraction of the rate at the end of a period, in [0, 1]; default 0. */
  readonly floor?: number;
}

const restartOptions = optionsOf({
  where: 'cosineRestarts',
  options: exactly({ period: positive }, { growth: positive, floor: share }),
  hint: floorHint,
});

/** The first updates and the lengths of the periods that begin before 2³¹, which a step cannot exceed. */
const periodsOf = (period: number, growth: number): readonly (readonly [first: number, length: number])[] => {
  const periods: [first: number, length: number][] = [];
  for (let [first, length] = [0, period]; first < 2 ** 31; first += length, length *= growth)
    periods.push([first, length]);
  return periods;
};

/**
 * SGDR: lowers a learning rate along half a cosine in each of many periods, η = floor + ½·(1 − floor)·(1 + cos(π·T_cur/T_i)),
 * and begins again. Loshchilov & Hutter 2017, eq. 5. Raises `ConfigError` for a period or a growth that is not an integer ≥ 1.
 * @example
 * const rate = cosineRestarts(0.1, { period: 2, growth: 2 }) // restarts at updates 2, 6, 14, …
 * Array.from([0, 1, 2, 4, 6], (n) => rateAt(rate, scalar(n, 'int32'))) // → [0.1, 0.05, 0.1, 0.05, 0.1]
 */
export const cosineRestarts: WithOptions<CosineRestarts> = dual(
  'cosineRestarts',
  2,
  (rate: LearningRate, options: CosineRestarts) => {
    requireRate('cosineRestarts', rate);
    const { period, growth = 1, floor = 0 } = orRaise(restartOptions(options));
    const periods = growth === 1 ? [] : periodsOf(period, growth);
    return scaled(rate, ['cosineRestarts', { ...options }], (_, step) => {
      const share = (n: Step, length: number): Scalar => div(cast(n, 'float32'), length); // T_cur/T_i
      const progress = periods.reduce(
        (before, [first, length]) => where(greaterEqual(step, first), share(sub(step, first), length), before),
        share(mod(step, period), period),
      );
      return halfCosine(progress, floor);
    });
  },
);
