/** Continuous noising processes: flow matching, EDM, and the schedules of DDPM with infinitely many steps. */
import {
  add,
  atan,
  div,
  type Elementwise,
  exp,
  expm1,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  onesLike,
  normalLike,
  onHost,
  reciprocal,
  sigmoid,
  sin,
  softplus,
  sqrt,
  square,
  sub,
} from '../../dsl/index.js';
import { aboveZero, amount, finite } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { startBeforeEnd } from '../schedules/alphaBarSchedules.js';
import { along } from './curvePath.js';
import { normalDensity } from '../channels/gaussians.js';
import { EDM_RANGE, karras } from '../schedules/spacedSigmas.js';
import type { ContinuousNoising } from './path.js';

/**
 * Rectified flow, x_t = (1 - t)·x₀ + t·ε for t of [0, 1], whose velocity is ε - x₀ (Liu et al. 2023; Lipman et al. 2023; SD3,
 * Esser et al. 2024, eq. 13). A network without preconditioning gets 1000·t, as in SD3.
 * @example
 * const [noisy] = levelsOf(rectifiedFlow(), [0.25])
 * noisy // → { alpha: 0.75, sigma: 0.25, t: 0.25, rates: { alpha: -1, sigma: 1 } }
 */
export const rectifiedFlow = (): ContinuousNoising =>
  along({
    name: 'rectifiedFlow',
    time: 'unit',
    alpha: (t) => sub(1, t),
    sigma: (t) => t,
    timeOf: (sigma) => div(sigma, add(sigma, 1)),
  });

const trigonometricOptions = schema('trigonometric', {
  /** A network without preconditioning gets this number times t: 1000 if left out, and 1 for a network of times in [0, 1]. */
  timeScale: optional(aboveZero, 1000),
});

interface TrigonometricOptions extends OptionsOf<typeof trigonometricOptions> {}

/**
 * The trigonometric path, α = cos(πt/2) and σ = sin(πt/2) for t of [0, 1] (Albergo & Vanden-Eijnden 2023; the continuous cosine
 * schedule of Kingma et al. 2021 and of Simple Diffusion). It preserves the variance; its velocity is π/2 times v.
 * @example
 * const [noisy] = levelsOf(trigonometric(), [0.5])
 * noisy!.alpha // → Math.SQRT1_2
 */
export const trigonometric = <G = unknown>(
  options?: Exact<G, keyof TrigonometricOptions> & TrigonometricOptions,
): ContinuousNoising => {
  const { timeScale } = trigonometricOptions.demand(options);
  return along({
    name: 'trigonometric',
    options: timeScale === 1000 ? {} : { timeScale },
    time: 'unit',
    timeScale,
    alpha: (t) => sin(mul(sub(1, t), Math.PI / 2)), // the cosine of πt/2, and 0 at t = 1
    sigma: (t) => sin(mul(t, Math.PI / 2)),
    timeOf: (sigma) => mul(atan(sigma), 2 / Math.PI),
  });
};

const cosineOptions = schema('continuousCosine', {
  /** The offset s, without which the noise near the data would be too small; 0.008 if left out. */
  offset: optional(amount, 0.008),
});

interface CosineOptions extends OptionsOf<typeof cosineOptions> {}

/**
 * The cosine schedule of Improved DDPM (Nichol & Dhariwal 2021, eq. 17) for t of [0, 1]: √ᾱ = cos(ω(t))/cos(ω(0)) with the angle
 * ω(t) = (t + s)/(1 + s)·π/2. Raises `ConfigError` for a negative s. {@link cosine} has it in T steps.
 * @example
 * const [noisy] = levelsOf(continuousCosine(), [0.5])
 * noisy!.alpha ** 2 // → 0.4938
 */
export const continuousCosine = <G = unknown>(
  options?: Exact<G, keyof CosineOptions> & CosineOptions,
): ContinuousNoising => {
  const { offset } = cosineOptions.demand(options);
  const scale = Math.PI / 2 / (1 + offset);
  const first = Math.max(offset * scale, 2 ** -60); // ω(0), but above 0, because at 0 the level σ/α = 0 has no time
  return along({
    name: 'continuousCosine',
    options: { offset },
    time: 'unit',
    // cos ω(t) as the sine of π/2 - ω(t), which keeps its digits near the noise, and is 0 at t = 1
    alpha: (t) => mul(sin(mul(sub(1, t), scale)), 1 / Math.cos(first)),
    // cos²ω(0) - cos²ω(t) as a product, which keeps its digits near the data
    sigma: (t) => mul(sqrt(mul(sin(mul(t, scale)), sin(add(mul(t, scale), 2 * first)))), 1 / Math.cos(first)),
    // tan(ω(t) - ω(0)) = cos ω(0)/((r + u)·(cos²ω(0)·α/σ + r·sin ω(0))) without a difference, for u = sin ω(0)·α/σ and r = √(1 + u²)
    timeOf: (sigma) => {
      const u = div(Math.sin(first), sigma);
      const r = sqrt(add(square(u), 1));
      const inverse = mul(add(r, u), add(div(Math.cos(first) ** 2, sigma), mul(r, Math.sin(first))));
      return div(atan(div(Math.cos(first), inverse)), scale);
    },
  });
};

const linearOptions = /* @__PURE__ */ schema('continuousLinear', {
  /** β at the data, above 0; 0.1 if left out. */
  betaMin: optional(aboveZero, 0.1),
  /** β at the end; 20 if left out. */
  betaMax: optional(aboveZero, 20),
}).rule(({ betaMin, betaMax }) =>
  betaMin < betaMax
    ? null
    : {
        field: 'betaMin',
        expected: 'betaMin < betaMax',
        actual: `betaMin ${betaMin}, betaMax ${betaMax}`,
        hint: 'the paper uses 0.1 and 20',
      },
);

interface LinearOptions extends OptionsOf<typeof linearOptions> {}

/**
 * The variance-preserving SDE with β(t) = β_min + t·(β_max - β_min) for t of [0, 1] (Song et al. 2021, eq. 33): DDPM's linear
 * schedule in the limit of many steps. With B = ∫β, α = e^{-B/2} and σ² = 1 - e^{-B}. Raises `ConfigError` unless
 * 0 < β_min < β_max.
 * @example
 * const [noisy] = levelsOf(continuousLinear(), [1])
 * noisy!.alpha // → 0.006571
 */
export const continuousLinear = <G = unknown>(
  options?: Exact<G, keyof LinearOptions> & LinearOptions,
): ContinuousNoising => {
  const { betaMin, betaMax } = linearOptions.demand(options);
  const range = betaMax - betaMin;
  const integral: Elementwise = (t) => mul(t, add(mul(t, range / 2), betaMin)); // B
  return along({
    name: 'continuousLinear',
    options: { betaMin, betaMax },
    time: 'unit',
    alpha: (t) => exp(mul(integral(t), -0.5)),
    sigma: (t) => sqrt(neg(expm1(neg(integral(t))))),
    timeOf: (sigma) => {
      // ln(1 + σ²), and for σ above 1, whose square may overflow, 2·ln σ + ln(1 + 1/σ²)
      const B = add(mul(log(maximum(sigma, 1)), 2), log1p(square(minimum(sigma, reciprocal(sigma)))));
      return div(mul(B, 2), add(sqrt(add(mul(B, 2 * range), betaMin ** 2)), betaMin));
    },
  });
};

/** The largest |x/τ|: e^-87 is above the smallest normal number of float32, 2⁻¹²⁶. */
const WIDEST = 87;
/** The least distance between the ends of x/τ, so that fractions of it are normal numbers of float32. */
const NARROWEST = 1e-30;

const sigmoidOptions = /* @__PURE__ */ schema('continuousSigmoid', {
  /** x at the data; -3 if left out. */
  start: optional(finite, -3),
  /** x at the end, above `start`; 3 if left out. */
  end: optional(finite, 3),
  /** τ, above 0; 1 if left out. */
  tau: optional(aboveZero, 1),
})
  .rule(startBeforeEnd)
  .rule(({ start, end, tau }) =>
    Math.max(Math.abs(start), Math.abs(end)) / tau <= WIDEST && (end - start) / tau >= NARROWEST
      ? null
      : {
          field: 'tau',
          expected: `x/τ within ±${WIDEST}, with ends at least ${NARROWEST} apart, which float32 can hold`,
          actual: `x/τ from ${start / tau} to ${end / tau}`,
          hint: 'start -3, end 3 and tau 1 are usual',
        },
  );

interface SigmoidOptions extends OptionsOf<typeof sigmoidOptions> {}

/**
 * The sigmoid schedule (Jabri et al. 2022) for t of [0, 1]: ᾱ falls from 1 to 0 along a sigmoid of x/τ, for x from `start` to
 * `end`. {@link sigmoidAlphaBar} has it in T steps. Raises `ConfigError` unless start < end and τ > 0, and for |x/τ| above 87, whose
 * sigmoid float32 cannot hold.
 * @example
 * const [noisy] = levelsOf(continuousSigmoid(), [0.5])
 * noisy!.alpha ** 2 // → 0.5
 */
export const continuousSigmoid = <G = unknown>(
  options?: Exact<G, keyof SigmoidOptions> & SigmoidOptions,
): ContinuousNoising => {
  const { start, end, tau } = sigmoidOptions.demand(options);
  const [first, last] = [start / tau, end / tau];
  const d = last - first;
  const f = -Math.expm1(-d);
  const [onNumber, softplusOf] = [onHost((x) => sigmoid(x)), onHost((x) => softplus(x))];
  const logK = softplusOf(last) - softplusOf(first); // of k = sigmoid(-first)/sigmoid(-last)
  const at: Elementwise = (t) => add(mul(t, d), first);
  // √((1 - e^{-d·u})/(1 - e^{-d})): the rise of σ from the data, and of α from the end
  const rise: Elementwise = (u) => sqrt(mul(neg(expm1(mul(u, -d))), 1 / f));
  // sigmoid(a) - sigmoid(b) = sigmoid(a)·sigmoid(-b)·(1 - e^{b-a}), without cancellation
  return along({
    name: 'continuousSigmoid',
    options: { start, end, tau },
    time: 'unit',
    alpha: (t) => mul(sqrt(mul(sigmoid(neg(at(t))), 1 / onNumber(-first))), rise(sub(1, t))),
    sigma: (t) => mul(sqrt(mul(sigmoid(at(t)), 1 / onNumber(last))), rise(t)),
    // with x/τ from first to last, e^{x/τ - first} - 1 = (e^d - 1)/(1 + k·α²/σ²): its logarithm does not overflow
    timeOf: (sigma) => {
      const logarithm = sub(d + Math.log(f), softplus(sub(logK, mul(log(sigma), 2))));
      return div(softplus(logarithm), d);
    },
  });
};

/**
 * The noising process of EDM (Karras et al. 2022), x_σ = x₀ + σ·ε: its time is σ itself, without an end. So the grid and the
 * distribution of training times set the range: σ from 80 to 0.002 with ρ = 7, and ln σ ~ N(-1.2, 1.2²) by default (table 1). It is
 * also the variance-exploding process of Song et al. 2021. Networks need preconditioning, which has the σ_data of the data and the
 * weights of the loss: see {@link preconditioned}.
 * @example
 * const [noisy] = levelsOf(edm(), [80])
 * noisy // → { alpha: 1, sigma: 80, t: 80, rates: { alpha: 0, sigma: 1 } }
 */
export const edm = (): ContinuousNoising =>
  along({
    name: 'edm',
    time: 'sigma',
    usual: {
      grid: (steps) => Array.from(karras(steps, EDM_RANGE, 7)),
      times: (like) => (key) => exp(add(mul(normalLike(key, like), 1.2), -1.2)), // ln σ ~ N(-1.2, 1.2²)
      density: (t) => div(normalDensity(-1.2, 1.2)(log(t)), t),
    },
    alpha: (t) => onesLike(t),
    sigma: (t) => t,
    timeOf: (sigma) => sigma,
  });
