/** DPM-Solver-12 and -23 with error control, in programs: each sample has its own steps in λ = -ln(σ/α). */
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
import { aboveZero, amount, finite, hinted, refined } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { type FilledOf, optional, record } from '../../../internal/schema.js';
import { overElements } from '../../levels/batch.js';
import { etaOf, noiseFactor } from '../solverOptions.js';

export const controlFields = {
  /** 2, DPM-Solver-12, or 3, DPM-Solver-23: its evaluations a step; 3 if left out. */
  order: optional(
    hinted(
      refined(t.number, '2 or 3', (order) => order === 2 || order === 3),
      '3 is usual',
    ),
    3,
  ),
  /** The error that a step may have beside |x/α|; 0.05 if left out. */
  rtol: optional(hinted(amount, '0.05 is usual'), 0.05),
  /** The error that a step may always have; 0.0078 if left out, two of the 256 values of a pixel. */
  atol: optional(hinted(aboveZero, '0.0078 is usual'), 0.0078),
  /** The length in λ of the first attempt; 0.05 if left out. */
  hInit: optional(hinted(aboveZero, '0.05 is usual'), 0.05),
  /** The proportional coefficient of the controller; 0 if left out. */
  pcoeff: optional(hinted(finite, '0 is usual'), 0),
  /** Its integral coefficient; 1 if left out. */
  icoeff: optional(hinted(finite, '1 is usual'), 1),
  /** Its derivative coefficient; 0 if left out. */
  dcoeff: optional(hinted(finite, '0 is usual'), 0),
  /** The least factor of the next length with which a step is accepted; 0.81 if left out. */
  acceptSafety: optional(hinted(aboveZero, '0.81 is usual'), 0.81),
  /** η from 0, which follows the flow, to 1; 0 if left out. */
  eta: optional(etaOf('0 is usual'), 0),
  /** The standard deviation of the noise of η; 1 if left out. */
  sNoise: noiseFactor,
};
const control = record(controlFields);

/** A batch on its way. Numbers of each sample are `[B]`. */
export interface AdaptiveState<B extends Dim, I extends Shape> {
  /** x/α, `[B, ...I]`. */
  readonly x: Tensor<[B, ...I]>;
  /** The result of lower order of the last accepted step, `[B, ...I]`. */
  readonly low: Tensor<[B, ...I]>;
  readonly lambda: Tensor<[B]>;
  /** The length of the next attempt. */
  readonly h: Tensor<[B]>;
  /** 1/error of the last two accepted steps. */
  readonly inverses: readonly [Tensor<[B]>, Tensor<[B]>];
  readonly evaluations: Tensor<[B]>;
  /** 1 while the sample is on its way, then 0. */
  readonly isLeft: Tensor<[B]>;
}

/** ε̂ of x/α at λ. */
type Epsilon<B extends Dim, I extends Shape> = (x: Tensor<[B, ...I]>, lambda: Tensor<[B]>) => Tensor<[B, ...I]>;

/** Added to errors that divide. */
const LEAST = 1e-8;
/** The distance to the end at which a sample is there. */
const NEAR = 1e-5;

/**
 * An attempt of a step up to λ = `end`: DPM-Solver-12 or -23 (Lu et al. 2022a, appendix C), with error and step size as in
 * `dpm_solver_adaptive` of k-diffusion. With η it goes to a lower noise level than that where it ends, though not below `end`, and
 * noise leads back up. At λ = `end`, x̂₀, if samples go to the data.
 */
export const adaptiveStep =
  (
    { order, rtol, atol, pcoeff, icoeff, dcoeff, acceptSafety, eta, sNoise }: FilledOf<typeof control>,
    end: number,
    toData: boolean,
  ) =>
  <B extends Dim, I extends Shape>(
    epsilon: Epsilon<B, I>,
    state: AdaptiveState<B, I>,
    noise: () => Tensor<[B, ...I]>,
  ): AdaptiveState<B, I> => {
    const { x, lambda, inverses, evaluations } = state;
    const pick = (holds: Tensor<[B], 'bool'>, yes: typeof x, no: typeof x) =>
      where(greater(overElements(x)(cast(holds, 'float32')), 0), yes, no);
    const isOnWay = less(lambda, end - NEAR);
    const length = where(isOnWay, sub(minimum(add(lambda, state.h), end), lambda), 1);
    // σ² of the lower level is that of the end times 1 - η²·(1 - e^{-2h})
    const lower = () => sub(length, mul(log(add(mul(expm1(mul(length, -2)), eta ** 2), 1)), 1 / 2));
    const h = eta === 0 ? length : where(isOnWay, minimum(lower(), sub(end, lambda)), 1);
    const at = (r: number) => add(lambda, mul(h, r));
    // where the part r of the step ends: σ·(e^{rh} - 1), and σ·((e^{rh} - 1)/rh - 1)
    const whole = (r: number) => mul(exp(neg(at(r))), expm1(mul(h, r)));
    const rising = (r: number) => mul(exp(neg(at(r))), sub(div(expm1(mul(h, r)), mul(h, r)), 1));
    const minus = (from: typeof x, e: typeof x, factor: typeof lambda) => sub(from, scaleBy(e, factor));

    const e = epsilon(x, lambda);
    const first = (r: number) => minus(x, e, whole(r)); // DPM-Solver-1
    const r1 = 1 / order;
    const d1 = sub(epsilon(first(r1), at(r1)), e);
    const second = minus(first(1), d1, mul(whole(1), 1 / (2 * r1))); // DPM-Solver-2
    const third = () => {
      const u = minus(first(2 / 3), d1, mul(rising(2 / 3), 2));
      return minus(first(1), sub(epsilon(u, at(2 / 3)), e), mul(rising(1), 3 / 2)); // DPM-Solver-3
    };
    const [low, high] = order === 2 ? [first(1), second] : [second, third()];

    const delta = maximum(mul(maximum(abs(low), abs(state.low)), rtol), atol);
    const inverse = reciprocal(add(sqrt(meanPerSample(square(div(sub(low, high), delta)))), LEAST));
    const before = inverses.map((one) => where(greater(evaluations, 0), one, inverse));
    const [one, two] = before as [typeof lambda, typeof lambda];
    const power = (base: typeof lambda, exponent: number) => mul(log(base), exponent / (eta === 0 ? order : 1.5));
    const proposal = exp(
      add(add(power(inverse, pcoeff + icoeff + dcoeff), power(one, -(pcoeff + 2 * dcoeff))), power(two, dcoeff)),
    );
    const factor = add(atan(sub(proposal, 1)), 1);
    const accepts = and(isOnWay, greaterEqual(factor, acceptSafety));
    const step = (yes: typeof lambda, no: typeof lambda) => where(accepts, yes, no);

    const goesOn = cast(isOnWay, 'float32');
    const atEnd = sub(state.isLeft, goesOn); // 1 for the last evaluation, of x̂₀
    const x0 = minus(x, e, exp(neg(lambda)));
    const next = step(add(lambda, length), lambda);
    const deviation = () => mul(exp(neg(add(lambda, length))), sqrt(neg(expm1(mul(sub(length, h), 2)))));
    const noisy = eta === 0 ? high : add(high, scaleBy(noise(), mul(deviation(), sNoise)));
    return {
      x: pick(accepts, noisy, pick(greater(atEnd, 0), x0, x)),
      low: pick(accepts, low, state.low),
      lambda: next,
      h: where(isOnWay, mul(state.h, factor), state.h),
      inverses: [step(inverse, one), step(one, two)],
      evaluations: add(evaluations, add(mul(goesOn, order), atEnd)),
      isLeft: toData ? goesOn : cast(less(next, end - NEAR), 'float32'),
    };
  };
