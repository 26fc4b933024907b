import {
  add,
  ascribeLike,
  broadcastTo,
  constantOf,
  type Dim,
  dims,
  div,
  log,
  logSumExp,
  mul,
  neg,
  reshape,
  type Shape,
  softmax,
  square,
  sub,
  sum,
  table,
  type Tensor,
} from '../../dsl/index.js';
import { orRaise } from '../../internal/errors.js';
import { sizeOf } from '../../internal/numbers.js';
import type { NoiseLevel } from '../paths/path.js';
import type { Denoiser } from './denoiser.js';
import { type GaussianMixture, gaussianMixture } from './gaussianMixture.js';
import { type Noising, pathOf, type TimeOf } from '../paths/noising.js';

type Flat = Tensor<[Dim, Dim, Dim]>;

/** The components of a mixture in x_t, by sample, component and element: `[B, K, N]`. */
interface Components {
  /** x_t - α·m, the distance from the component's mean in x_t. */
  readonly distance: Flat;
  /** α²·v + σ², the variance of the component in x_t. */
  readonly variance: Flat;
  /** α·v/(α²·v + σ²), the factor from a distance in x_t to the expected distance in x_0. */
  readonly gain: Flat;
  readonly mean: Flat;
  /** ln w + ln p(x_t), `[B, K]`. */
  readonly logDensity: Tensor<[Dim, Dim]>;
}

/** Raises the `ConfigError` of an invalid mixture, which may be a literal. */
const valid = (mixture: GaussianMixture<Shape>): GaussianMixture<Shape> => orRaise(gaussianMixture(mixture));

const componentsOf =
  (mixture: GaussianMixture<Shape>) =>
  (x: Tensor<Shape>, level: NoiseLevel<Dim>): Components => {
    const { weights, means, variances, shape } = valid(mixture);
    const [B, K, N] = [dims(level.alpha)[0], weights.length, sizeOf(shape as readonly number[])]; // a mixture has numbers as extents
    const ofSample = (numbers: Tensor<[Dim]>): Flat => broadcastTo(reshape(numbers, B, 1, 1), B, K, N);
    const ofComponent = (rows: readonly (number | ArrayLike<number>)[]): Flat =>
      broadcastTo(
        constantOf(
          rows.flatMap((row) => (typeof row === 'number' ? Array<number>(N).fill(row) : Array.from(row))),
          K,
          N,
        ),
        B,
        K,
        N,
      );
    const alpha = ofSample(level.alpha);
    const mean = ofComponent(means);
    const spread = ofComponent(variances);
    const variance = add(mul(spread, square(alpha)), ofSample(square(level.sigma)));
    const distance = sub(broadcastTo(reshape(x, B, 1, N), B, K, N), mul(mean, alpha));
    const exponent = sum(add(div(square(distance), variance), log(mul(variance, 2 * Math.PI))), 2);
    const logWeights = broadcastTo(table(weights.map(Math.log)), B, K);
    return {
      distance,
      variance,
      gain: div(mul(spread, alpha), variance),
      mean,
      logDensity: add(logWeights, mul(exponent, -0.5)),
    };
  };

/** The mean over the components, weighted by their posterior probabilities: `[B, K, N]` to the shape of x. */
const averaged = <S extends Shape>(like: Tensor<S>, { logDensity }: Components, values: Flat): Tensor<S> => {
  const [B, K] = dims(logDensity);
  const shares = broadcastTo(reshape(softmax(logDensity), B, K, 1), ...dims(values)) as Tensor<Shape> as Flat;
  const shape: readonly number[] = dims(like);
  return ascribeLike(reshape(sum(mul(values, shares), 1), ...shape) as Tensor<Shape>, like);
};

/**
 * The optimal denoiser of a Gaussian mixture: E[x_0|x_t], the mean over the components of m + α·v/(α²·v + σ²)·(x_t - α·m),
 * weighted by their posterior probabilities given x_t. Stable at all noise levels, for points too. Raises the
 * `ConfigError` of {@link gaussianMixture} for an invalid mixture.
 *
 * @param noising - the path of its times, for a call without noise levels
 * @example
 * const point = { shape: [2] as const, weights: [1], means: [[0.5, -1]], variances: [0] }
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const denoiser = exactDenoiser(noising)(point)
 * denoiser.apply(null, zeros(1, 2), { t: iota(1) }) // → [[0.5, -1]]
 */
export const exactDenoiser =
  (noising: Noising) =>
  <I extends Shape>(mixture: GaussianMixture<I>): Denoiser<null, I> => ({
    predicts: 'x0',
    clock: 'level',
    apply: (_, x, { t, level = pathOf(noising).levels(t) }) => {
      const components = componentsOf(mixture)(x, level);
      const { mean, gain, distance } = components;
      return averaged(x, components, add(mul(distance, gain), mean));
    },
  });

/**
 * The score of a Gaussian mixture, ∇ log q(x_t): the mean of (α·m - x_t)/(α²·v + σ²) over the components, weighted by
 * their posterior probabilities given x_t.
 *
 * - `x`: x_t, `[B, ...I]`
 * - `t`: `[B]`
 * @example
 * const normal = { shape: [1] as const, weights: [1], means: [[0]], variances: [1] }
 * const noising = unwrap(ddpm(cosine(5)))
 * const score = exactScore(noising)(normal)(constantOf([2], 1, 1), iota(1))
 * score // → [[-2]]
 */
export const exactScore =
  <N extends Noising>(noising: N) =>
  <I extends Shape>(mixture: GaussianMixture<I>) =>
  <B extends Dim>(x: Tensor<[B, ...I]>, t: Tensor<[NoInfer<B>], TimeOf<N>>): Tensor<[B, ...I]> => {
    const components = componentsOf(mixture)(x, pathOf(noising).levels(t));
    return averaged(x, components, div(neg(components.distance), components.variance));
  };

/**
 * The log-density of a Gaussian mixture with noise, log q(x_t) in nats, `[B]`.
 *
 * - `x`: x_t, `[B, ...I]`
 * - `t`: `[B]`
 * @example
 * const normal = { shape: [1] as const, weights: [1], means: [[0]], variances: [1] }
 * const noising = unwrap(ddpm(cosine(5)))
 * const density = exactLogDensity(noising)(normal)(zeros(1, 1), iota(1))
 * density // → [-0.9189]
 */
export const exactLogDensity =
  <N extends Noising>(noising: N) =>
  <I extends Shape>(mixture: GaussianMixture<I>) =>
  <B extends Dim>(x: Tensor<[B, ...I]>, t: Tensor<[NoInfer<B>], TimeOf<N>>): Tensor<[B]> =>
    ascribeLike(logSumExp(componentsOf(mixture)(x, pathOf(noising).levels(t)).logDensity, 1) as Tensor<Shape>, t);
