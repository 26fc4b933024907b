/** DPM-Solver-12 and -23 with error control, as parts of a program: each sample has its own steps in λ = -ln(σ/α). */
import {
  abs,
  add,
  and,
  atan,
  cast,
  type Dim,
  div,
  exp,
  expm1,
  greater,
  greaterEqual,
  less,
  log,
  maximum,
  meanPerSample,
  minimum,
  mul,
  neg,
  reciprocal,
  scaleBy,
  type Shape,
  sqrt,
  square,
  sub,
  type Tensor,
  where,
} from '../../../dsl/index.js';
import { aboveZero, amount, finite, hinted, oneOf, refined } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { type Filled, optional } from '../../../internal/schema.js';
import { overElements } from '../../channels/batch.js';
import { anyEta, noiseFactor, pairRule } from '../solverOptions.js';

export const controlFields = {
  /** 2, DPM-Solver-12, or 3, DPM-Solver-23: its evaluations a step; 3 if left out. */
  order: optional(
    hinted(
      refined(t.number, '2 or 3', (order) => order === 2 || order === 3),
      '3 is usual',
    ),
    3,
  ),
  /** The integrated prediction: 'epsilon' if left out, or 'x0', as in DPM-Solver++. */
  space: optional(oneOf('epsilon', 'x0'), 'epsilon'),
  /** The rule for the predictions of a step: 'midpoint' if left out, or 'heun', which integrates the polynomial through all. */
  rule: pairRule,
  /** The relative tolerance: the allowed error of a step as a fraction of |x/α|; 0.05 if left out. */
  rtol: optional(hinted(amount, '0.05 is usual'), 0.05),
  /** The absolute tolerance: the error that any step may have; 0.0078 if left out, the distance between two of the 256 values of a pixel. */
  atol: optional(hinted(aboveZero, '0.0078 is usual'), 0.0078),
  /** The length in λ of the first attempt; 0.05 if left out. */
  hInit: optional(hinted(aboveZero, '0.05 is usual'), 0.05),
  /** The proportional coefficient of the controller; 0 if left out. */
  pcoeff: optional(hinted(finite, '0 is usual'), 0),
  /** The integral coefficient of the controller; 1 if left out. */
  icoeff: optional(hinted(finite, '1 is usual'), 1),
  /** The derivative coefficient of the controller; 0 if left out. */
  dcoeff: optional(hinted(finite, '0 is usual'), 0),
  /** The least factor of the next length with which a step is accepted; 0.81 if left out. */
  acceptSafety: optional(hinted(aboveZero, '0.81 is usual'), 0.81),
  /**
   * θ of the control of DPM-Solver's code, 0.9 there: a step is accepted if its error, measured in x, is at most 1, and the next
   * length is θ·error^{-1/order} times this one. θ replaces the three coefficients and `acceptSafety`; leave it out to use them.
   */
  theta: optional(hinted(aboveZero, '0.9 is usual')),
  /** η ≥ 0: 0 follows the flow, and above 1 more noise; 0 if left out. */
  eta: optional(anyEta('0 is usual'), 0),
  /** The standard deviation of the noise of η; 1 if left out. */
  sNoise: noiseFactor,
};

/** The state of a batch during sampling. Numbers of each sample are `[B]`. */
export interface AdaptiveState<B extends Dim, I extends Shape> {
  /** x/α, `[B, ...I]`. */
  readonly x: Tensor<[B, ...I]>;
  /** The result of lower order of the last accepted step, `[B, ...I]`. */
  readonly low: Tensor<[B, ...I]>;
  readonly lambda: Tensor<[B]>;
  /** The length in λ of the next attempt. */
  readonly h: Tensor<[B]>;
  /** 1/error of the last two accepted steps. */
  readonly inverses: readonly [Tensor<[B]>, Tensor<[B]>];
  readonly evaluations: Tensor<[B]>;
  /** 1 until the sample is at the end, then 0. */
  readonly isLeft: Tensor<[B]>;
}

/** ε̂ or x̂₀ of x/α at λ. */
type Predict<B extends Dim, I extends Shape> = (x: Tensor<[B, ...I]>, lambda: Tensor<[B]>) => Tensor<[B, ...I]>;

/** Added to errors before a division by them. */
const LEAST = 1e-8;
/** A share of the variance that stands for 0 and has a finite logarithm. */
const NOTHING = 1e-30;
/** The distance in λ within which a sample is at the end. */
const NEAR = 1e-5;

type Control = Filled<typeof controlFields>;
type Numbers<B extends Dim> = Tensor<[B]>;

/** An attempt of a step of each sample, from λ. For a sample at the end, the lengths are 1. */
interface Attempt<B extends Dim> {
  /** True if the sample is not yet at the end. */
  readonly isOnWay: Tensor<[B], 'bool'>;
  /** The length in λ of the step. */
  readonly length: Numbers<B>;
  /** The length in λ to the lower noise level of the solver's step. New noise leads from there back to the end of the step. */
  readonly h: Numbers<B>;
}

/** The lengths of an attempt up to λ = `end`. The lower level of η is not below `end`, as in k-diffusion. */
const attemptOf = <B extends Dim>(lambda: Numbers<B>, longest: Numbers<B>, end: number, eta: number): Attempt<B> => {
  const isOnWay = less(lambda, end - NEAR);
  const length = where(isOnWay, sub(minimum(add(lambda, longest), end), lambda), 1);
  if (eta === 0) return { isOnWay, length, h: length };
  // σ² of the lower level is that of the end times 1 - η²·(1 - e^{-2h}); 0, a λ beyond `end`, if η is large
  const share = maximum(add(mul(expm1(mul(length, -2)), eta ** 2), 1), NOTHING);
  const lower = sub(length, mul(log(share), 1 / 2));
  return { isOnWay, length, h: where(isOnWay, minimum(lower, sub(end, lambda)), 1) };
};

/** x/α - factor·prediction, with a factor for each sample. */
const minus = <B extends Dim, I extends Shape>(
  x: Tensor<[B, ...I]>,
  e: Tensor<[B, ...I]>,
  factor: Numbers<B>,
): Tensor<[B, ...I]> => sub(x, scaleBy(e, factor));

/**
 * The prediction at λ, and the results of a step of the orders `order` - 1 and `order`, in x/α: DPM-Solver-12 or -23 (Lu et al.
 * 2022a, appendix C) for ε̂, and DPM-Solver++ (Lu et al. 2022b), with -h for h, for x̂₀. φ₁, φ₂ and φ₃ are phi_1 to phi_3 of the
 * published code, whose solver_type 'taylor' is the rule 'heun'.
 */
const estimates = <B extends Dim, I extends Shape>(
  predict: Predict<B, I>,
  { order, space, rule }: Control,
  x: Tensor<[B, ...I]>,
  lambda: Numbers<B>,
  h: Numbers<B>,
): { readonly e: Tensor<[B, ...I]>; readonly low: Tensor<[B, ...I]>; readonly high: Tensor<[B, ...I]> } => {
  const [r1, r2] = [1 / order, 2 / 3];
  const ofX0 = space === 'x0';
  // λ where the part r of the step ends; φ₁ = e^{rh} - 1, φ₂ = φ₁/rh - 1 and φ₃ = φ₂/rh - 1/2
  const at = (r: number) => add(lambda, mul(h, r));
  const part = (r: number) => mul(h, ofX0 ? -r : r);
  const phi1 = (r: number) => expm1(part(r));
  const phi2 = (r: number) => sub(div(phi1(r), part(r)), 1);
  // for ε̂ the factor is σ/α at the end of the part
  const scaled = (r: number, phi: Numbers<B>) => (ofX0 ? phi : mul(exp(neg(at(r))), phi));

  const e = predict(x, lambda);
  const first = (r: number) => minus(ofX0 ? scaleBy(x, exp(part(r))) : x, e, scaled(r, phi1(r))); // DPM-Solver-1
  const u1 = first(r1);
  const d1 = sub(predict(u1, at(r1)), e);
  const line = rule === 'heun' ? mul(phi2(1), 1 / r1) : mul(phi1(1), 1 / (2 * r1));
  const second = minus(first(1), d1, scaled(1, line)); // DPM-Solver-2
  if (order === 2) return { e, low: first(1), high: second };
  const u2 = minus(first(r2), d1, mul(scaled(r2, phi2(r2)), r2 / r1));
  const d2 = sub(predict(u2, at(r2)), e);
  const third = minus(first(1), d2, mul(scaled(1, phi2(1)), 1 / r2)); // DPM-Solver-3
  if (rule === 'midpoint') return { e, low: second, high: third };
  const [s1, s2] = [mul(d1, 1 / r1), mul(d2, 1 / r2)];
  const phi3 = sub(div(phi2(1), part(1)), 1 / 2);
  const bend = mul(sub(s2, s1), 1 / (r2 - r1)); // the prediction at r is e + slope·r + bend·r², by those at r1 and r2
  const slope = sub(s1, mul(bend, r1));
  const parabola = minus(minus(first(1), slope, scaled(1, phi2(1))), bend, mul(scaled(1, phi3), 2));
  return { e, low: second, high: parabola };
};

/** 1/error of an attempt, beside `atol` and `rtol`·|x/α|, or `rtol`·|x| with θ. */
const inverseError = <B extends Dim, I extends Shape>(
  { rtol, atol, theta }: Control,
  low: Tensor<[B, ...I]>,
  high: Tensor<[B, ...I]>,
  before: Tensor<[B, ...I]>,
): Numbers<B> => {
  const delta = maximum(mul(maximum(abs(low), abs(before)), rtol), atol);
  return reciprocal(
    add(sqrt(meanPerSample(square(div(sub(low, high), delta)))), theta === undefined ? LEAST : NOTHING),
  );
};

/** The factor of the next length by θ or the PID controller, from 1/error of an attempt and of the two accepted steps before. */
const factorOf = <B extends Dim>(
  { order, pcoeff, icoeff, dcoeff, eta, theta }: Control,
  now: Numbers<B>,
  [one, two]: readonly [Numbers<B>, Numbers<B>],
): Numbers<B> => {
  if (theta !== undefined) return mul(exp(mul(log(now), 1 / order)), theta);
  const power = (base: Numbers<B>, exponent: number) => mul(log(base), exponent / (eta === 0 ? order : 1.5));
  const exponents = add(
    add(power(now, pcoeff + icoeff + dcoeff), power(one, -(pcoeff + 2 * dcoeff))),
    power(two, dcoeff),
  );
  return add(atan(sub(exp(exponents), 1)), 1);
};

/**
 * Error control by the two results of an attempt and the last accepted result of lower order. For each sample: whether it accepts
 * the attempt, the factor of the next length, and the inverse errors for the next attempt. In the first attempt its own error
 * stands for the earlier errors.
 */
const controlled = <B extends Dim, I extends Shape>(
  settings: Control,
  { inverses, evaluations }: AdaptiveState<B, I>,
  isOnWay: Attempt<B>['isOnWay'],
  ...results: readonly [low: Tensor<[B, ...I]>, high: Tensor<[B, ...I]>, before: Tensor<[B, ...I]>]
) => {
  const now = inverseError(settings, ...results);
  const known = (one: Numbers<B>) => where(greater(evaluations, 0), one, now);
  const [one, two] = [known(inverses[0]), known(inverses[1])];
  const factor = factorOf(settings, now, [one, two]);
  const accepts = and(isOnWay, greaterEqual(factor, settings.theta ?? settings.acceptSafety));
  return { accepts, factor, inverses: [where(accepts, now, one), where(accepts, one, two)] as const };
};

/** For each sample, the elements of the first batch where the condition holds, else those of the second. */
const pick = <B extends Dim, I extends Shape>(
  holds: Tensor<[B], 'bool'>,
  yes: Tensor<[B, ...I]>,
  no: Tensor<[B, ...I]>,
): Tensor<[B, ...I]> => where(greater(overElements(yes)(cast(holds, 'float32')), 0), yes, no);

/** Adds the noise that leads from the lower level of the solver's step to the end of the step. */
const withNoise = <B extends Dim, I extends Shape>(
  x: Tensor<[B, ...I]>,
  noise: Tensor<[B, ...I]>,
  end: Numbers<B>,
  { length, h }: Attempt<B>,
  sNoise: number,
): Tensor<[B, ...I]> => {
  const deviation = mul(exp(neg(end)), sqrt(neg(expm1(mul(sub(length, h), 2)))));
  return add(x, scaleBy(noise, mul(deviation, sNoise)));
};

/**
 * An attempt of a step up to λ = `end`, by {@link estimates}, with error and step size as in `dpm_solver_adaptive` of k-diffusion,
 * or with θ as in DPM-Solver's code, where the error is that of x; `alphaAt` gives the α of a λ. With η the solver steps to a noise
 * level below the end of the step, but not below `end`, and new noise leads back up. At λ = `end` the result is x̂₀, if samples end
 * at the data.
 */
export const adaptiveStep =
  (settings: Control, end: number, toData: boolean) =>
  <B extends Dim, I extends Shape>(
    predict: Predict<B, I>,
    alphaAt: (lambda: Numbers<B>) => Numbers<B>,
    state: AdaptiveState<B, I>,
    noise: () => Tensor<[B, ...I]>,
  ): AdaptiveState<B, I> => {
    const { order, eta, sNoise, space, theta } = settings;
    const { x, lambda, evaluations } = state;
    const attempt = attemptOf(lambda, state.h, end, eta);
    const { e, low, high } = estimates(predict, settings, x, lambda, attempt.h);
    const reached = add(lambda, attempt.length);
    const seen = (one: Tensor<[B, ...I]>, at: Numbers<B>) => (theta === undefined ? one : scaleBy(one, alphaAt(at)));
    const results = [seen(low, reached), seen(high, reached), seen(state.low, lambda)] as const;
    const { accepts, factor, inverses } = controlled(settings, state, attempt.isOnWay, ...results);
    const goesOn = cast(attempt.isOnWay, 'float32');
    const atEnd = sub(state.isLeft, goesOn); // 1 for the last evaluation, of x̂₀
    const next = where(accepts, reached, lambda);
    const result = eta === 0 ? high : withNoise(high, noise(), reached, attempt, sNoise);
    return {
      x: pick(accepts, result, pick(greater(atEnd, 0), space === 'x0' ? e : minus(x, e, exp(neg(lambda))), x)),
      low: pick(accepts, low, state.low),
      lambda: next,
      h: where(attempt.isOnWay, mul(theta === undefined ? state.h : attempt.length, factor), state.h),
      inverses,
      evaluations: add(evaluations, add(mul(goesOn, order), atEnd)),
      isLeft: toData ? goesOn : cast(less(next, end - NEAR), 'float32'),
    };
  };
