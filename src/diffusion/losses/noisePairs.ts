/** The pairs of noise levels t > r at which a consistency loss compares its network, closer as the training goes on. */
import {
  add,
  cast,
  clip,
  type Dim,
  div,
  floor,
  maximum,
  minimum,
  mul,
  pow,
  type Scalar,
  scalar,
  sigmoid,
  sub,
  type Tensor,
} from '../../dsl/index.js';
import { aboveZero, amount, finite, hinted, positive, refined } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';

/** Two noise levels σ/α of each sample, `[B]`, with t above r; r may be 0. */
export interface NoisePair<B extends Dim> {
  readonly t: Tensor<[B]>;
  readonly r: Tensor<[B]>;
}

/** A rule for the pairs of noise levels of {@link consistencyLosses}. */
export interface NoisePairs {
  /** The settings as JSON, which snapshots store. */
  readonly settings: unknown;
  /** The pairs for drawn noise levels σ/α, `[B]`, before update `step`, or at the end of the training if it is left out. */
  readonly of: <B extends Dim>(sigma: Tensor<[B]>, step?: Tensor<[], 'int32'>) => NoisePair<B>;
}

/** The number of stages of `every` updates before a step, at most `last`. */
const stagesBefore = (step: Tensor<[], 'int32'> | undefined, every: number, last: number): Scalar =>
  step === undefined ? scalar(last) : minimum(floor(div(cast(step, 'float32'), every)), last);

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
  /** b of n(t), the inverse of the noise up to which it acts; 1 if left out, for a σ_data of 0.5. */
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
      const a = add(stagesBefore(step, steps / stages, stages - 1), 1);
      const n = add(mul(sigmoid(mul(t, -b)), k), 1);
      const ratio = sub(1, div(n, pow(q, a)));
      return { t, r: mul(t, maximum(ratio, 0)) };
    },
  };
};

const ict = /* @__PURE__ */ schema('ictPairs', {
  /** K, the number of steps of the training. */
  steps,
  /** s₀, the first number of intervals; 10 if left out. */
  from: optional(hinted(positive, 'the paper uses 10'), 10),
  /** s₁, the last number of intervals, s₀ times a power of 2; 1280 if left out. */
  to: optional(hinted(positive, 'the paper uses 1280'), 1280),
  /** σ_min; 0.002 if left out. */
  min: optional(hinted(aboveZero, 'the paper uses 0.002'), 0.002),
  /** σ_max; 80 if left out. */
  max: optional(hinted(aboveZero, 'the paper uses 80'), 80),
  /** ρ, which makes the intervals short near the data; 7 if left out. */
  rho: optional(hinted(aboveZero, 'the paper uses 7'), 7),
}).rule(({ from, to, min, max }) => {
  if (to < from)
    return { field: 'to', expected: `at least from, ${from}`, hint: 'the paper uses 10 and 1280' };
  return min < max ? null : { field: 'max', expected: `above min, ${min}`, hint: 'the paper uses 0.002 and 80' };
}); // oxfmt-ignore

/** Options of {@link ictPairs}. */
export interface IctOptions extends OptionsOf<typeof ict> {}

/**
 * The pairs of improved consistency training, iCT (Song & Dhariwal 2023, section 3.4): the ends of one of N intervals of σ, with
 * equal steps of σ^{1/ρ} from `min` to `max`, that has the drawn noise level in it. With the times of {@link logNormalTimes} an
 * interval has the probability of the paper. N = min(s₀·2^⌊k/K'⌋, s₁) at step k doubles every K' = ⌊K/(log₂⌊s₁/s₀⌋ + 1)⌋ steps. With
 * `from` equal to `to` the intervals stay, as in consistency distillation (Song et al. 2023). Raises `ConfigError` for invalid
 * options.
 * @example
 * const pairs = ictPairs({ steps: 100, from: 2, to: 4, min: 1, max: 9, rho: 1 })
 * pairs.of(constantOf([2, 8], 2), scalar(0, 'int32')) // → { t: [5, 9], r: [1, 5] }
 * pairs.of(constantOf([2, 8], 2)) // → { t: [3, 9], r: [1, 7] }
 */
export const ictPairs = <G = unknown>(options: Exact<G, keyof IctOptions> & IctOptions): NoisePairs => {
  const { steps, from, to, min, max, rho } = ict.demand(options);
  const doublings = Math.log2(Math.floor(to / from)) + 1;
  const every = Math.max(1, Math.floor(steps / doublings)); // K'
  const [low, high] = [min ** (1 / rho), max ** (1 / rho)];
  return {
    settings: { ictPairs: { steps, from, to, min, max, rho } },
    of: (sigma, step) => {
      const N = minimum(mul(pow(2, stagesBefore(step, every, doublings)), from), to);
      const place = mul(sub(pow(clip(sigma, min, max), 1 / rho), low), 1 / (high - low)); // in [0, 1]
      const i = minimum(floor(mul(place, N)), sub(N, 1));
      const at = (index: typeof sigma): typeof sigma => pow(add(mul(div(index, N), high - low), low), rho);
      return { t: at(add(i, 1)), r: at(i) };
    },
  };
};
