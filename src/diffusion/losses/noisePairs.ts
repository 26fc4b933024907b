/** The pairs of noise levels t > r at which a consistency loss compares its network; r comes closer to t during training. */
import {
  add,
  cast,
  clip,
  type Dim,
  div,
  expandDims,
  floor,
  maximum,
  minimum,
  mul,
  pow,
  type Scalar,
  scalar,
  sigmoid,
  squeeze,
  sub,
  table,
  type Tensor,
  uniformLike,
} from '../../dsl/index.js';
import { aboveZero, amount, decay, finite, hinted, positive, refined } from '../../internal/decode.js';
import { withName } from '../../internal/dual.js';
import type { Exact } from '../../internal/exact.js';
import { t } from '../../internal/fp.js';
import { partLike } from '../../internal/parts.js';
import { argument, type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { perSample } from '../channels/batch.js';
import { requirePath } from '../paths/noising.js';
import { EDM_RANGE } from '../schedules/spacedSigmas.js';
import { entriesAt } from '../channels/entries.js';
import type { TargetAverage } from './objective.js';
import { DRAW, requireCalled } from './requireCalled.js';
import type { TimeDraw } from './timeDraw.js';
import { cellAmong } from './timestepsBy.js';

/** Two noise levels σ/α of each sample, `[B]`, with t above r; r may be 0. */
export interface NoisePair<B extends Dim> {
  readonly t: Tensor<[B]>;
  readonly r: Tensor<[B]>;
}

/** A rule for the pairs of noise levels of {@link consistencyLosses}. */
export interface NoisePairs {
  /** The settings as JSON, which snapshots store. */
  readonly settings: unknown;
  /** The pairs for drawn noise levels σ/α, `[B]`, before update `step`; if `step` is left out, those at the end of the training. */
  readonly of: <B extends Dim>(sigma: Tensor<[B]>, step?: Tensor<[], 'int32'>) => NoisePair<B>;
}

const steps = hinted(positive, 'give the number of steps of the training');

const ect = schema('ectPairs', {
  /** The number of steps of the training. */
  steps,
  /** The number of its stages; 8 if left out. */
  stages: optional(hinted(positive, 'the paper uses 8'), 8),
  /** q, the factor by which t - r shrinks at each stage; 2 if left out. */
  q: optional(hinted(refined(finite, 'a number above 1', (q) => q > 1), 'the paper uses 2, or 4 to be faster'), 2),
  /** k of n(t), which brings r closer to 0 for small t; 8 if left out. */
  k: optional(hinted(amount, 'the paper uses 8'), 8),
  /** b of n(t), which is large only for t up to about 1/b; 1 if left out, for a σ_data of 0.5. */
  b: optional(hinted(aboveZero, 'the paper uses 1'), 1),
}); // oxfmt-ignore

/** Options of {@link ectPairs}. */
export interface EctOptions extends OptionsOf<typeof ect> {}

/**
 * The pairs of easy consistency tuning, ECT (Geng et al. 2024): r/t = 1 - n(t)/q^a, not below 0, in stage a = 1, 2, …, with
 * n(t) = 1 + k·sigmoid(-b·t). In the first stage most r are 0, which is the training of a diffusion model; so it begins with a
 * trained one. Each stage brings t and r q times closer. Raises `ConfigError` for invalid options.
 * @example
 * const pairs = ectPairs({ steps: 800, k: 0 })
 * pairs.of(constantOf([1, 8], 2), scalar(0, 'int32')) // → { t: [1, 8], r: [0.5, 4] }
 * pairs.of(constantOf([1, 8], 2), scalar(100, 'int32')) // → { t: [1, 8], r: [0.75, 6] }
 */
export const ectPairs = <G = unknown>(options: Exact<G, keyof EctOptions> & EctOptions): NoisePairs => {
  const { steps, stages, q, k, b } = ect.demand(options);
  return {
    settings: { ectPairs: { steps, stages, q, k, b } },
    of: (t, step) => {
      const before = step === undefined ? scalar(stages) : floor(div(cast(step, 'float32'), steps / stages));
      const a = add(minimum(before, stages - 1), 1);
      const n = add(mul(sigmoid(mul(t, -b)), k), 1);
      const ratio = sub(1, div(n, pow(q, a)));
      return { t, r: mul(t, maximum(ratio, 0)) };
    },
  };
};

/** The number of intervals between noise levels during a training, which rises: {@link rootIntervals}, {@link doublingIntervals}. */
export interface Intervals {
  /** The settings as JSON, which snapshots store. */
  readonly settings: unknown;
  /** s₀ of the paper, which the exponent of {@link emaByIntervals} contains. */
  readonly from: number;
  /** K, the number of steps of the training. */
  readonly steps: number;
  /** The number before update k = 0…K. It never falls. */
  readonly at: (k: number) => number;
}

/** A value that depends on the number of intervals before an update; if the update is left out, the value at the end of the training. */
const byIntervals = ({ steps, at }: Intervals, valueOf: (intervals: number) => number) => {
  const rises = (low: number, high: number): readonly number[] => {
    if (at(low) === at(high)) return [];
    const middle = Math.floor((low + high) / 2);
    return middle === low ? [high] : [...rises(low, middle), ...rises(middle, high)];
  };
  const starts = rises(0, steps); // of the stages after the first one
  const values = [0, ...starts].map((k) => valueOf(at(k)));
  const last = scalar(values.at(-1)!);
  return (step?: Tensor<[], 'int32'>): Scalar =>
    step === undefined || starts.length === 0
      ? last
      : squeeze(entriesAt(values)(cellAmong(table(starts))(expandDims(cast(step, 'float32'), 0))), 0);
};

const root = /* @__PURE__ */ schema('rootIntervals', {
  /** K, the number of steps of the training. */
  steps,
  /** s₀, the first number of levels, which is the number of intervals plus 1; 2 if left out. */
  from: optional(hinted(positive, 'the paper uses 2'), 2),
  /** s₁, the last number of intervals; 150 if left out. */
  to: optional(hinted(positive, 'the paper uses 150, and 200 for large images'), 150),
}).rule(({ from, to }) =>
  to < from ? { field: 'to', expected: `at least from, ${from}`, hint: 'the paper uses 2 and 150' } : null,
); // oxfmt-ignore

/** Options of {@link rootIntervals}. */
export interface RootIntervalsOptions extends OptionsOf<typeof root> {}

/**
 * The numbers of intervals of consistency training (Song et al. 2023, appendix C), N(k) - 1 = ⌈√(k/K·((s₁ + 1)² - s₀²) + s₀²) - 1⌉ before
 * update k, and at least 1. N of the paper is the number of levels. Raises `ConfigError` for invalid options.
 * @example [0, 1, 500, 1000].map(rootIntervals({ steps: 1000, from: 2, to: 150 }).at) // → [1, 5, 106, 150]
 */
export const rootIntervals = <G = unknown>(
  options: Exact<G, keyof RootIntervalsOptions> & RootIntervalsOptions,
): Intervals => {
  const { steps, from, to } = root.demand(options);
  return {
    settings: { rootIntervals: { steps, from, to } },
    from,
    steps,
    at: (k) => Math.max(Math.ceil(Math.sqrt((k / steps) * ((to + 1) ** 2 - from ** 2) + from ** 2) - 1), 1),
  };
};

const doubling = /* @__PURE__ */ schema('doublingIntervals', {
  /** K, the number of steps of the training. */
  steps,
  /** s₀, the first number of intervals; 10 if left out. */
  from: optional(hinted(positive, 'the paper uses 10'), 10),
  /** s₁, the last number of intervals, s₀ times a power of 2; 1280 if left out. */
  to: optional(hinted(positive, 'the paper uses 1280'), 1280),
}).rule(({ from, to }) =>
  to < from ? { field: 'to', expected: `at least from, ${from}`, hint: 'the paper uses 10 and 1280' } : null,
); // oxfmt-ignore

/** Options of {@link doublingIntervals}. */
export interface DoublingIntervalsOptions extends OptionsOf<typeof doubling> {}

/**
 * The numbers of intervals of improved consistency training, iCT (Song & Dhariwal 2023, section 3.4): min(s₀·2^⌊k/K'⌋, s₁) before update
 * k doubles every K' = ⌊K/(log₂⌊s₁/s₀⌋ + 1)⌋ updates. Raises `ConfigError` for invalid options.
 * @example [0, 333, 666, 1000].map(doublingIntervals({ steps: 1000, from: 10, to: 40 }).at) // → [10, 20, 40, 40]
 */
export const doublingIntervals = <G = unknown>(
  options: Exact<G, keyof DoublingIntervalsOptions> & DoublingIntervalsOptions,
): Intervals => {
  const { steps, from, to } = doubling.demand(options);
  const every = Math.max(1, Math.floor(steps / (Math.log2(Math.floor(to / from)) + 1))); // K'
  return {
    settings: { doublingIntervals: { steps, from, to } },
    from,
    steps,
    at: (k) => Math.min(from * 2 ** Math.floor(k / every), to),
  };
};

const intervalsPart = partLike<Intervals>('intervals', 'rootIntervals({ steps })', 'settings', 'from', 'steps', 'at');
const averagedIntervals = argument('emaByIntervals: intervals', intervalsPart);
const firstDecay = argument('emaByIntervals: decay', decay);

/**
 * The average of consistency training (Song et al. 2023, appendix C) for its target network, whose decay comes closer to 1 as the
 * intervals become short: μ₀^(s₀/n) for n intervals, as in the published code. The paper has N(k), the number of levels, in place of n.
 * Raises `ConfigError` for a decay outside [0, 1).
 *
 * @param decay - μ₀, such as 0.9 or 0.95
 * @example
 * // 1 interval at first, and 150 at the end
 * [0, 1000].map((k) => emaByIntervals(rootIntervals({ steps: 1000 }), 0.9).share(scalar(k, 'int32'))) // → [1 - 0.9 ** 2, 1 - 0.9 ** (2 / 150)]
 */
export const emaByIntervals = (intervals: Intervals, decay: number): TargetAverage => {
  const { settings, from } = averagedIntervals.demand(intervals);
  const mu0 = firstDecay.demand(decay);
  return {
    settings: { emaByIntervals: { intervals: settings, decay: mu0 } },
    share: byIntervals(intervals, (n) => -Math.expm1((from / n) * Math.log(mu0))),
  };
};

const curve = {
  /** σ_min; 0.002 if left out. */
  min: optional(hinted(aboveZero, 'the paper uses 0.002'), EDM_RANGE.min),
  /** σ_max; 80 if left out. */
  max: optional(hinted(aboveZero, 'the paper uses 80'), EDM_RANGE.max),
  /** ρ, which makes the intervals short near the data; 7 if left out. */
  rho: optional(hinted(aboveZero, 'the paper uses 7'), 7),
};

/** A rule of the ends of a curve. */
const minBelowMax = ({ min, max }: { readonly min: number; readonly max: number }) =>
  min < max ? null : ({ field: 'max', expected: `above min, ${min}`, hint: 'the paper uses 0.002 and 80' } as const);

/** The curve σ = (σ_min^{1/ρ} + u·(σ_max^{1/ρ} - σ_min^{1/ρ}))^ρ for u of [0, 1] (EDM, Karras et al. 2022, eq. 5), and its inverse. */
const karrasCurve = ({ min, max, rho }: Filled<typeof curve>) => {
  const [low, high] = [min ** (1 / rho), max ** (1 / rho)];
  return {
    sigmaAt: <B extends Dim>(u: Tensor<[B]>): Tensor<[B]> => pow(add(mul(u, high - low), low), rho),
    placeOf: <B extends Dim>(sigma: Tensor<[B]>): Tensor<[B]> =>
      mul(sub(pow(clip(sigma, min, max), 1 / rho), low), 1 / (high - low)),
  };
};

const karras = /* @__PURE__ */ schema('karrasPairs', {
  /** The number of intervals, such as 17 between 18 levels; or a number that rises during training, such as `rootIntervals({ steps })`. */
  intervals: t.union([positive, intervalsPart], 'a number of intervals, or intervals such as rootIntervals({ steps })'),
  ...curve,
}).rule(minBelowMax);

/** Options of {@link karrasPairs}. */
export interface KarrasPairsOptions extends OptionsOf<typeof karras> {}

/**
 * The pairs of neighbouring noise levels of EDM (Karras et al. 2022, eq. 5), with equal steps of σ^{1/ρ} from `min` to `max`: the ends
 * of the interval that has the drawn noise level in it. By the times of {@link karrasTimes} each interval is equally probable, as in
 * consistency training and distillation (Song et al. 2023), with {@link rootIntervals} or 17 intervals. By those of
 * {@link logNormalTimes} it has the probability of improved consistency training, iCT (Song & Dhariwal 2023), with
 * {@link doublingIntervals}. Raises `ConfigError` for invalid options.
 * @example
 * const pairs = karrasPairs({ intervals: doublingIntervals({ steps: 100, from: 2, to: 4 }), min: 1, max: 9, rho: 1 })
 * pairs.of(constantOf([2, 8], 2), scalar(0, 'int32')) // → { t: [5, 9], r: [1, 5] }
 * pairs.of(constantOf([2, 8], 2)) // → { t: [3, 9], r: [1, 7] }
 */
export const karrasPairs = <G = unknown>(
  options: Exact<G, keyof KarrasPairsOptions> & KarrasPairsOptions,
): NoisePairs => {
  const { intervals, ...ends } = karras.demand(options);
  const { sigmaAt, placeOf } = karrasCurve(ends);
  const rising =
    typeof intervals === 'number' ? { settings: intervals, from: intervals, steps: 0, at: () => intervals } : intervals;
  const countAt = byIntervals(rising, (n) => n);
  return {
    settings: { karrasPairs: { intervals: rising.settings, ...ends } },
    of: (sigma, step) => {
      const n = countAt(step);
      const i = minimum(floor(mul(placeOf(sigma), n)), sub(n, 1));
      return { t: sigmaAt(div(add(i, 1), n)), r: sigmaAt(div(i, n)) };
    },
  };
};

const karrasDraw = /* @__PURE__ */ schema('karrasTimes', curve).rule(minBelowMax);

/** Options of {@link karrasTimes}. */
export interface KarrasTimesOptions extends OptionsOf<typeof karrasDraw> {}

/**
 * Draws the times with a uniform σ^{1/ρ} from `min` to `max`, where σ is the noise σ/α, so that each interval of {@link karrasPairs} is
 * equally probable: n ~ U[1, N - 1] of Song et al. 2023. Raises `ConfigError` for invalid options, and for a schedule.
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => karrasTimes()(edm())(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [47.639, 15.851, 11.552, 0.362]
 */
export const karrasTimes = <G = unknown>(
  options?: Exact<G, keyof KarrasTimesOptions> & KarrasTimesOptions,
): TimeDraw => {
  requireCalled(DRAW, 'karrasTimes()', options);
  const ends = karrasDraw.demand(options);
  const { sigmaAt } = karrasCurve(ends);
  const about = { expected: 'a continuous path', hint: 'take uniformTimes, or edm()' };
  return withName(`karrasTimes of ${JSON.stringify(ends)}`, (noising) => {
    const path = requirePath('karrasTimes', noising, about);
    return (batch) => (key) => path.inside(path.timesOfSigmas(sigmaAt(uniformLike(key, perSample(batch)))));
  });
};
