import {
  add,
  cast,
  clip,
  div,
  exp,
  expm1,
  isTensor,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  type Scalar,
  scalar,
  sub,
  zipTensors,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { type BothForms, dual } from '../../internal/dual.js';
import { aboveZero, decay, hinted, natural, refined } from '../../internal/decode.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { t } from '../../internal/fp.js';
import type { Step } from './learningRate.js';

/**
 * The decay of the average at step n = 0, 1, …: min(decay, (1 + n)/(10 + n)), which forgets the initial values early.
 * Raises `ConfigError` for a decay outside [0, 1).
 * @example [0, 10, 1000].map((n) => emaDecay(scalar(n, 'int32'), 0.99)) // → [0.1, 0.55, 0.99]
 */
export const emaDecay: BothForms<Step, [decay: number], Scalar> = dual(
  'emaDecay',
  2,
  (step: Step, greatest: number) => {
    const most = argument('emaDecay', decay).demand(greatest);
    const n = cast(step, 'float32');
    return minimum(div(add(1, n), add(10, n)), most);
  },
);

/** average + share·(params − average) in each tensor. */
export const averaged = <P>(average: P, params: P, share: Scalar): P =>
  zipTensors([average, params], (a, p) => add(a, mul(share, sub(p, a))));

/**
 * The exponential moving average of parameters: d·average + (1 − d)·params, for a decay d. Start with the parameters
 * themselves. Raises `ConfigError` for a number outside [0, 1). See {@link emaDecay}.
 * @example
 * ema({ w: zeros(2) }, { w: ones(2) }, 0.9) // → { w: [0.1, 0.1] }
 * ema({ w: zeros(2) }, { w: ones(2) }, emaDecay(scalar(0, 'int32'), 0.9)) // → { w: [0.9, 0.9] }
 * pipe({ w: zeros(2) }, ema({ w: ones(2) }, 0.9)) // → { w: [0.1, 0.1] }
 */
export const ema: {
  <P>(params: P, decay: number | Scalar): (average: NoInfer<P>) => P;
  <P>(average: P, params: NoInfer<P>, decay: number | Scalar): P;
} = dual('ema', 3, <P>(average: P, params: P, d: number | Scalar): P => {
  if (!isTensor(d)) argument('ema', decay).demand(d);
  return averaged(average, params, sub(1, isTensor(d) ? d : scalar(d)));
});

/** A moving average, given by the share of new parameters at each step. */
export interface Averaging {
  /** The settings as JSON, which snapshots store to detect other settings. */
  readonly settings: unknown;
  /** 1 − β, the share of the newest parameters, at a step. (The share is used because a β near 1 would be rounded.) */
  readonly share: (step: Step) => Scalar;
}

/**
 * A constant decay β in [0, 1), without a warm-up. Raises `ConfigError` for other numbers.
 * @example [0, 1000].map((n) => emaConstant(0.75).share(scalar(n, 'int32'))) // → [0.25, 0.25]
 */
export const emaConstant = (beta: number): Averaging => {
  argument('emaConstant', decay).demand(beta);
  return { settings: { emaConstant: beta }, share: () => scalar(1 - beta) };
};

const warmup = schema('emaWarmup', {
  /** The greatest decay, in [0, 1); default 0.9999. */
  decay: optional(decay, 0.9999),
  /** γ, the time scale of the warm-up in updates, above 0; default 1. */
  inverseGamma: optional(aboveZero, 1),
  /** The exponent, above 0; default ⅔, for 10⁶ updates and more; ¾ is usual for fewer. */
  power: optional(aboveZero, 2 / 3),
  /** The number of updates during which the average equals the parameters; default 0. */
  from: optional(natural, 0),
});

/** The options of {@link emaWarmup}. */
export interface EmaWarmup extends OptionsOf<typeof warmup> {}

/**
 * A decay that grows: β = min(decay, 1 − (1 + n/γ)^(−power)) at update n = 0, 1, …, with γ = `inverseGamma`, as in
 * diffusers and `ema-pytorch`. The first average equals the parameters of the first update. Raises `ConfigError` for
 * invalid options.
 * @example [0, 1, 3, 99].map((n) => emaWarmup({ power: 1, decay: 0.9 }).share(scalar(n, 'int32'))) // → [1, 0.5, 0.25, 0.1]
 */
export const emaWarmup = <G = unknown>(options?: Exact<G, keyof EmaWarmup> & EmaWarmup): Averaging => {
  const { decay, inverseGamma, power, from } = warmup.demand(options);
  return {
    settings: { emaWarmup: { decay, inverseGamma, power, from } },
    share: (step) => {
      const n = maximum(sub(cast(step, 'float32'), from), 0);
      return maximum(exp(mul(-power, log1p(div(n, inverseGamma)))), 1 - decay); // (1 + n/γ)^(−power)
    },
  };
};

const halfLife = schema(
  'emaHalfLife',
  {
    /** The number of images after which half of the average comes from new parameters, above 0. */
    images: aboveZero,
    /** The number of images per update. */
    batch: aboveZero,
    /** The greatest half-life, as a fraction of the images so far: 0.05 is usual. Without it there is no ramp-up. */
    rampup: optional(aboveZero),
  },
  'for 500,000 images in batches of 512: { images: 500_000, batch: 512, rampup: 0.05 }',
);

/** The options of {@link emaHalfLife}. */
export interface EmaHalfLife extends OptionsOf<typeof halfLife> {}

/**
 * A decay by a half-life in images: β = ½^(batch/halfLife), with halfLife = min(images, rampup·(images so far)), as in
 * the training of EDM (Karras et al. 2022). Raises `ConfigError` for options that are not above 0.
 * @example [0, 1, 2, 99].map((n) => emaHalfLife({ images: 4, batch: 2, rampup: 1 }).share(scalar(n, 'int32'))) // → [1, 0.5, 0.293, 0.293]
 */
export const emaHalfLife = <G = unknown>(options: Exact<G, keyof EmaHalfLife> & EmaHalfLife): Averaging => {
  const { images, batch, rampup } = halfLife.demand(options);
  return {
    settings: { emaHalfLife: { images, batch, rampup: rampup ?? null } },
    share: (step) => {
      const seen = mul(cast(step, 'float32'), batch);
      const halfLife = rampup === undefined ? scalar(images) : clip(mul(seen, rampup), batch * 1e-2, images);
      return neg(expm1(div(-Math.LN2 * batch, halfLife))); // at the first update ½^100, which is negligible
    },
  };
};

const relativeWidth = hinted(
  refined(t.number, 'a width above 0 and below 0.28', (s) => s > 0 && s < 0.28),
  '0.05 to 0.1 is usual',
);

/**
 * The exponent γ of the average whose relative width is `sigmaRel`, in (0, 0.28): the positive root of
 * σ_rel² = (γ + 1)/((γ + 2)²·(γ + 3)). EDM2 (Karras et al. 2024), appendix C. Raises `ConfigError` for other widths.
 * @example gammaOf(0.1) // → 6.937
 */
export const gammaOf = (sigmaRel: number): number => {
  argument('sigmaRel', relativeWidth).demand(sigmaRel);
  let [low, high] = [0, 1 / sigmaRel]; // the width falls from 0.289 at γ = 0, and is below 1/γ
  for (let i = 0; i < 100; i++) {
    const gamma = (low + high) / 2;
    if ((gamma + 1) / ((gamma + 2) ** 2 * (gamma + 3)) > sigmaRel ** 2) low = gamma;
    else high = gamma;
  }
  return (low + high) / 2;
};

/**
 * An average whose profile is a power function of time, with a width that is a fraction of the training so far: β_γ(t) = (1 −
 * 1/t)^(γ+1) at update t = 1, 2, …. EDM2 (Karras et al. 2024), section 3.1, where γ is that of {@link gammaOf}. `postHocAverage`
 * combines snapshots of such averages into one of another width. Raises `ConfigError` for a width outside (0, 0.28).
 * @example [0, 1, 99].map((n) => emaPower(0.1).share(scalar(n, 'int32'))) // → [1, 0.996, 0.077]
 */
export const emaPower = (sigmaRel: number): Averaging => {
  const gamma = gammaOf(sigmaRel);
  return {
    settings: { emaPower: sigmaRel },
    share: (step) => {
      const t = add(cast(step, 'float32'), 1);
      const exponent = mul(gamma + 1, log1p(div(-1, maximum(t, 2))));
      return maximum(neg(expm1(exponent)), minimum(sub(2, t), 1)); // 1 at t = 1, where the logarithm is infinite
    },
  };
};
