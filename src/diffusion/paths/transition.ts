import {
  add,
  type Dim,
  exp,
  expm1,
  log,
  mul,
  neg,
  scaleBy,
  type Shape,
  sqrt,
  sub,
  type Tensor,
} from '../../dsl/index.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { type Channel, identity, transition } from '../channels/channel.js';
import type { Gaussian } from '../channels/gaussians.js';
import type { DiscreteNoising } from './discreteNoising.js';
import { entriesAt } from '../channels/entries.js';

/** log ᾱ = -log(1 + σ²), which keeps the digits of a small σ, where ᾱ rounds to 1. */
const logAlphaBar = (alphaBar: number, sigma: number): number =>
  sigma < 1 ? -Math.log1p(sigma ** 2) : Math.log(alphaBar);

/**
 * log ᾱ, beginning with 0 for the data, as the sum of two float32 numbers. A single float32 would leave three digits in the
 * difference of neighbours.
 */
const logAlphaBars = ({ schedule: { alphaBars, sigmas } }: DiscreteNoising) => {
  const logs = Float64Array.of(0, ...alphaBars.map((alphaBar, t) => logAlphaBar(alphaBar, sigmas[t]!)));
  const rounded = logs.map(Math.fround);
  const rest = logs.map((l, i) => (Number.isFinite(l) ? l - rounded[i]! : 0));
  return { rounded: entriesAt(rounded), rest: entriesAt(rest) };
};

/** log ᾱ_t - log ᾱ_s for each sample. */
const logRatio = (noising: DiscreteNoising) => {
  const { rounded, rest } = logAlphaBars(noising);
  return <B extends Dim>(s: Tensor<[B], 'int32'>, t: Tensor<[NoInfer<B>], 'int32'>): Tensor<[B]> => {
    const [from, to] = [add(s, 1), add(t, 1)];
    const difference = (part: typeof rounded) => sub(part(to), part(from));
    return add(difference(rounded), difference(rest));
  };
};

/**
 * Mean and variance of the transition q(x_t|x_s) = N(√(ᾱ_t/ᾱ_s)·x_s, 1 - ᾱ_t/ᾱ_s), with an s and a t for each sample: DDPM
 * (Ho et al. 2020), eq. 2, composed. The variance is -expm1(log ᾱ_t - log ᾱ_s), which keeps its digits, at noise levels down to
 * 10⁻¹⁵. s = t-1 is {@link qStep}; s = -1, the data, is {@link qSample}.
 *
 * - `s`, `t`: `[B]`, -1 ≤ s < t < T. Not checked: others give meaningless numbers. See {@link channelBetween}
 * - `xs`: `[B, ...I]`
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const [s, t] = [constantOf(Int32Array.of(-1, 0), 2), constantOf(Int32Array.of(1, 1), 2)]
 * const between = qBetween(noising)(s, t)(ones(2, 1))
 * between.mean // → [[0.6], [0.75]]
 * between.variance // → [0.64, 0.4375]
 */
export const qBetween = (noising: DiscreteNoising) => {
  const ratio = logRatio(noising);
  return <B extends Dim>(s: Tensor<[B], 'int32'>, t: Tensor<[NoInfer<B>], 'int32'>) =>
    <I extends Shape>(xs: Tensor<[NoInfer<B>, ...I]>): Gaussian<B, I> => {
      const logAlpha = ratio(s, t);
      const variance = neg(expm1(logAlpha));
      return { mean: scaleBy(xs, exp(mul(logAlpha, 0.5))), variance, logVariance: log(variance) };
    };
};

/**
 * Samples x_t from q(x_t|x_s), the forward process from any s to any t. See {@link qBetween}.
 *
 * - `noise`: ε ~ N(0, I), `[B, ...I]`, like x_s
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const [s, t] = [constantOf(Int32Array.of(-1), 1), constantOf(Int32Array.of(1), 1)]
 * qSampleBetween(noising)(s, t, ones(1))(ones(1)) // → [1.4]
 */
export const qSampleBetween = (noising: DiscreteNoising) => {
  const between = qBetween(noising);
  return <B extends Dim, I extends Shape>(
    s: Tensor<[B], 'int32'>,
    t: Tensor<[NoInfer<B>], 'int32'>,
    noise: Tensor<[NoInfer<B>, ...I]>,
  ) =>
    (xs: NoInfer<Tensor<[B, ...I]>>): Tensor<[B, ...I]> => {
      const { mean, variance } = between(s, t)(xs);
      return add(mean, scaleBy(noise, sqrt(variance)));
    };
};

/**
 * q(x_t|x_s) as a channel, on the host; s = -1 is the data. Returns a `ConfigError` for timesteps out of range and s ≥ t.
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * unwrap(channelBetween(noising, 0, 1)) // → { alpha: 0.75, sigma: 0.6614 }
 * isRight(channelBetween(noising, 1, 1)) // → false
 */
export const channelBetween = (
  { schedule: { T }, marginals }: DiscreteNoising,
  s: number,
  t: number,
): either.Either<NoisefoldError, Channel> =>
  Number.isInteger(s) && Number.isInteger(t) && -1 <= s && s < t && t < T
    ? E.right(transition(marginals[s] ?? identity, marginals[t]!))
    : fail('ConfigError', {
        where: 'channelBetween',
        expected: `whole timesteps -1 ≤ s < t ≤ ${T - 1}`,
        actual: `s = ${s}, t = ${t}`,
        hint: 'noise increases with t, so s is the smaller; -1 is the data',
      });
