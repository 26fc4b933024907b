import {
  add,
  cast,
  clip,
  cos,
  div,
  greaterEqual,
  isTensor,
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
import { nodeOf } from '../../dsl/graph/tensor.js';
import type { Exact } from '../../internal/exact.js';
import { type BothForms, dual } from '../../internal/dual.js';
import {
  aboveZero,
  amount,
  exactTuple,
  hinted,
  natural,
  positive,
  refined,
  refuseValue,
  share,
  show,
} from '../../internal/decode.js';
import { raise, showType } from '../../internal/errors.js';
import { F, t } from '../../internal/fp.js';
import { argument, type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';

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

/** The name of a partially applied function without its first operand: see `dual`. */
const waiting = (rate: unknown): string | undefined =>
  typeof rate === 'function' && rate.name.endsWith('(…)') ? rate.name : undefined;

const isRate = (rate: unknown): rate is LearningRate =>
  typeof rate === 'function' ? waiting(rate) === undefined : amount.is(rate);

/** A {@link LearningRate}. */
export const learningRate: t.Type<LearningRate> = new t.Type<LearningRate>(
  'a learning rate: a number, or a function of the step',
  isRate,
  (rate, context) => {
    if (isRate(rate)) return t.success(rate);
    const name = waiting(rate);
    return name !== undefined
      ? refuseValue(rate, context, {
          expected: 'a learning rate: a number, or a function of the step',
          actual: `${name}, which waits for its first operand`,
          hint: `write ${name.replace('(…)', '(rate, …)')} or pipe(rate, ${name})`,
        })
      : refuseValue(rate, context, {
          expected: typeof rate === 'number' ? amount.name : 'a learning rate: a number, or a function of the step',
          hint: '1e-3 is usual for Adam',
        });
  },
  F.identity,
);

/** The argument of a function that changes a rate. */
const rateOf = (where: string) => argument(where, learningRate).demand;

/** The result of a function of the step, which in JavaScript may be anything. */
const scalarRate = (rate: unknown): Scalar => {
  const actual = isTensor(rate) ? showType(nodeOf(rate)) : show(rate);
  return actual === 'float32 []'
    ? (rate as Scalar) // a tensor of this type
    : raise('ConfigError', {
        where: 'learning rate',
        expected: 'a function of the step that returns a float32 scalar',
        actual: `one that returns ${actual}`,
        hint: 'the step is a tensor: write operations, such as (step) => mul(1e-3, exp(mul(cast(step, "float32"), -0.01)))',
      });
};

/**
 * The learning rate at a step. Raises `ConfigError` for a number that is negative or not finite, and for a function that
 * returns no scalar tensor.
 * @example
 * rateAt(0.1, scalar(3, 'int32')) // → 0.1
 * rateAt(warmup(0.1, 4), scalar(1, 'int32')) // → 0.05
 */
export const rateAt: BothForms<LearningRate, [step: Step], Scalar> = dual(
  'rateAt',
  2,
  (rate: LearningRate, step: Step) => {
    const known = rateOf('learning rate')(rate);
    return typeof known === 'number' ? scalar(known) : scalarRate(known(step));
  },
);

/** A number of updates. */
/* @__NO_SIDE_EFFECTS__ */
const updates = (least: number): t.Type<number> =>
  hinted(
    refined(natural, `a number of steps ≥ ${least}`, (n) => n >= least),
    'count updates, from 0',
  );

/** The rate times a factor that follows the step, `n` as float32. */
const scaled = (
  rate: LearningRate,
  [name, options]: readonly [name: string, options: unknown],
  factor: (n: Scalar, step: Step) => Scalar,
): Scheduled =>
  Object.assign((step: Step) => mul(rateAt(rate, step), factor(cast(step, 'float32'), step)), {
    settings: { [name]: options, rate: rateSettings(rate) },
  });

/* @__NO_SIDE_EFFECTS__ */
const warmedUp = (name: string, first: number): BothForms<LearningRate, [steps: number], LearningRate> =>
  dual(name, 2, (rate: LearningRate, steps: number) => {
    argument(name, updates(1)).demand(steps);
    return scaled(rateOf(name)(rate), [name, steps], (n) => minimum(mul(add(n, first), 1 / steps), 1));
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

/** The fraction of the rate that remains. */
const floor = hinted(share, 'a floor of 0.1 keeps a tenth of the rate');

const decayFields = {
  /** The update at which the rate reaches its floor. */
  steps: updates(1),
  /** The update at which the rate begins to fall; default 0. */
  from: optional(updates(0), 0),
  /** The fraction of the rate that remains, in [0, 1]; default 0. */
  floor: optional(floor, 0),
};

/** The options of {@link linearDecay} and {@link cosineDecay}. */
export interface Decay extends OptionsOf<typeof decayFields> {}

const polynomialFields = {
  ...decayFields,
  /** The exponent, above 0. */
  power: aboveZero,
};

/** The options of {@link polynomialDecay}. */
export interface PolynomialDecay extends OptionsOf<typeof polynomialFields> {}

/** Multiplies a rate by a factor that falls from 1 at progress 0 to `floor` at progress 1. */
/* @__NO_SIDE_EFFECTS__ */
const decaying = <Fs extends typeof decayFields>(
  name: string,
  fields: Fs,
  factor: (progress: Scalar, options: Filled<Fs> & Filled<typeof decayFields>) => Scalar,
): WithOptions<OptionsOf<Fs>> => {
  const options = schema<typeof decayFields>(name, fields).rule(({ from, steps }) =>
    steps > from
      ? null
      : { field: 'steps', expected: `a number of steps ≥ ${from + 1}`, hint: 'count updates, from 0' },
  );
  return dual(name, 2, (rate: LearningRate, settings: OptionsOf<Fs>) => {
    const known = options.demand<Filled<Fs>>(settings);
    const { steps, from } = known;
    return scaled(rateOf(name)(rate), [name, known], (n) =>
      factor(clip(mul(sub(n, from), 1 / (steps - from)), 0, 1), known),
    );
  });
};

/** floor + ½·(1 − floor)·(1 + cos(π·progress)) */
const halfCosine = (progress: Scalar, { floor }: { readonly floor: number }): Scalar =>
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
export const cosineDecay: WithOptions<Decay> = decaying('cosineDecay', decayFields, halfCosine);

/**
 * Lowers a learning rate along a line, from the rate at update `from` to `floor` times the rate at update `steps`, where it
 * stays. Raises `ConfigError` unless 0 ≤ from < steps and 0 ≤ floor ≤ 1.
 * @example [0, 1, 2, 4, 9].map((n) => rateAt(linearDecay(0.1, { steps: 4 }), scalar(n, 'int32'))) // → [0.1, 0.075, 0.05, 0, 0]
 */
export const linearDecay: WithOptions<Decay> = decaying('linearDecay', decayFields, (progress, { floor }) =>
  powerOfRest(progress, floor, 1),
);

/**
 * Lowers a learning rate by a power of the remaining fraction: floor + (1 − floor)·(1 − progress)^power, from the rate
 * at update `from` to `floor` times the rate at update `steps`, where it stays. Raises `ConfigError` as
 * {@link linearDecay} does, and for a power ≤ 0.
 * @example [0, 1, 2, 4].map((n) => rateAt(polynomialDecay(0.1, { steps: 4, power: 2 }), scalar(n, 'int32'))) // → [0.1, 0.05625, 0.025, 0]
 */
export const polynomialDecay: WithOptions<PolynomialDecay> = decaying(
  'polynomialDecay',
  polynomialFields,
  (progress, { floor, power }) => powerOfRest(progress, floor, power),
);

const piece = exactTuple(
  [updates(0), hinted(refined(amount, 'a factor ≥ 0', amount.is), '0.1 keeps a tenth of the rate')],
  '[update, factor]',
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
    argument('piecewise', t.array(piece, 'a list of [update, factor]')).demand(pieces);
    pieces.forEach(([from], i) => argument(`piecewise.${i}.0`, updates((pieces[i - 1]?.[0] ?? -1) + 1)).demand(from));
    return scaled(rateOf('piecewise')(rate), ['piecewise', pieces], (_, step) =>
      pieces.reduce((value, [from, factor]) => where(greaterEqual(step, from), factor, value), scalar(1)),
    );
  },
);

const restarts = schema('cosineRestarts', {
  /** The number of updates to the first restart, T_0. */
  period: positive,
  /** The ratio of each period to the previous one, T_mult, an integer ≥ 1; default 1. */
  growth: optional(positive, 1),
  /** The fraction of the rate at the end of a period, in [0, 1]; default 0. */
  floor: optional(floor, 0),
});

/** The options of {@link cosineRestarts}. */
export interface CosineRestarts extends OptionsOf<typeof restarts> {}

/** The first updates and the lengths of the periods that begin before 2³¹, which a step cannot exceed. */
const periodsOf = (period: number, growth: number): readonly (readonly [first: number, length: number])[] => {
  const periods: [first: number, length: number][] = [];
  for (let [first, length] = [0, period]; first < 2 ** 31; first += length, length *= growth)
    periods.push([first, length]);
  return periods;
};

/** T_cur/T_i: the updates since the last restart, divided by the length of the period. */
const progressBy = (period: number, growth: number): ((step: Step) => Scalar) => {
  const ratio = (n: Step, length: number): Scalar => div(cast(n, 'float32'), length);
  const periods = growth === 1 ? [] : periodsOf(period, growth);
  return (step) =>
    periods.reduce(
      (before, [first, length]) => where(greaterEqual(step, first), ratio(sub(step, first), length), before),
      ratio(mod(step, period), period),
    );
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
    const known = restarts.demand(options);
    const progress = progressBy(known.period, known.growth);
    return scaled(rateOf('cosineRestarts')(rate), ['cosineRestarts', known], (_, step) =>
      halfCosine(progress(step), known),
    );
  },
);
