/** Denoisers over a noising: their parameterization and their times. */
import { requireConditions } from '../../conditions/values.js';
import { type Dim, dims, type Shape, type Tensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { F } from '../../internal/fp.js';
import { type Noising, pathOf, type TimeOf } from '../paths/noising.js';
import type { Lookup } from '../paths/path.js';
import { convertedAt } from './atLevel.js';
import type { Denoiser } from './denoiser.js';
import { type DenoiserChange, mapDenoiser } from './mapDenoiser.js';
import type { Parameterization } from './parameterization.js';
import { requireSignal } from './requireSignal.js';
import { ofShapeOf } from './sameShape.js';

/**
 * Converts predictions from one parameterization to another: `[B, ...I]`, with x_t of the same shape, at times `t` of the
 * noising. Raises `ConfigError` for a conversion of ε or the score to x₀ or v at a timestep without signal, and of a velocity on
 * a path without derivatives.
 *
 * @param timesteps - the timesteps to check for signal; all of a discrete noising if left out
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const toNoise = converted(noising, 'x0', 'epsilon')(iota(2), ones(2))
 * toNoise(zeros(2)) // → [1.667, 1.25]
 */
export const converted = <N extends Noising>(
  noising: N,
  from: Parameterization,
  to: Parameterization,
  timesteps?: readonly number[],
) => {
  const path = pathOf(noising);
  return <B extends Dim, I extends Shape>(t: Tensor<[B], TimeOf<N>>, x: Tensor<[NoInfer<B>, ...I]>) =>
    (prediction: NoInfer<Tensor<[B, ...I]>>): Tensor<[B, ...I]> => {
      if (from === to) return prediction;
      if (to === 'x0' || to === 'v') requireSignal('denoiser', path, { predicts: from }, timesteps);
      return convertedAt(from, to, path.levels(t))(x, prediction);
    };
};

/**
 * Converts a denoiser to another parameterization. Its `t` is the time of the noising. Raises the errors of {@link converted}
 * when it is applied.
 *
 * @param timesteps - the timesteps to check for signal; all of a discrete noising if left out
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const noise = reparameterize(noising, 'epsilon')(black)
 * noise.apply(null, ones(2), { t: iota(2) }) // → [1.667, 1.25]
 */
export const reparameterize = (noising: Noising, to: Parameterization, timesteps?: readonly number[]) =>
  reparameterizeOn(pathOf(noising), to, timesteps);

/** {@link reparameterize} on a path. */
export const reparameterizeOn =
  (path: Lookup, to: Parameterization, timesteps?: readonly number[]) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    const { predicts } = denoiser;
    if (predicts === to) return denoiser;
    const prediction: DenoiserChange<P, P, I>['prediction'] =
      ({ t, level = path.levels(t) }, x) =>
      (from) => {
        if (to === 'x0' || to === 'v') requireSignal('denoiser', path, denoiser, timesteps);
        return convertedAt(predicts, to, level)(x, from);
      };
    return { ...mapDenoiser<P, P, I>({ params: F.identity, prediction })(denoiser), predicts: to };
  };

/** Raises `ConfigError` if a noising has timesteps that a network does not know. */
export const requireTimestepsWithin = (where: string, { clock }: Lookup, known = Infinity): void => {
  if (clock.count > known)
    raise('ConfigError', {
      where,
      expected: `a process of at most ${known} timesteps, which it knows`,
      actual: `one of ${clock.count}`,
      hint: 'make the model with as many timesteps',
    });
};

/** Raises `ConfigError` for a network that would misinterpret the time of a path. */
const requireClock = (
  { clock: { isWhole, count } }: Lookup,
  { noiseLabels = false, clock = 'timestep' }: Clocked,
): void => {
  if (noiseLabels ? isWhole || count === Infinity : clock === 'timestep' && count === Infinity)
    raise('ConfigError', {
      where: 'denoiser',
      expected: isWhole ? 'a network of timesteps' : 'a denoiser of noise levels, on a path of σ',
      actual: noiseLabels ? 'one of noise labels' : 'one of timesteps',
      hint: noiseLabels
        ? "wrap it: preconditioned(network, { as: 'edm', sigmaData: 0.5 })"
        : "wrap a network: preconditioned(network, { as: 'edm', sigmaData: 0.5 }); a function of x and σ says clock: 'level'",
    });
};
type Clocked = Pick<Denoiser<never, Shape>, 'noiseLabels' | 'clock'>;

/**
 * A denoiser over a noising: takes times of the noising, and passes the network its own, which differ if the noising is respaced
 * or continuous, and the noise levels. When applied, raises `ConfigError` for timesteps that the network does not know, for a
 * network of timesteps on the path of EDM, whose time is σ, and for a condition that is missing or not expected, and
 * `ShapeError` for a condition or a prediction of another shape.
 * @example
 * const clock: Denoiser<null, []> = { predicts: 'x0', apply: (_, x, { t }) => add(cast(t, 'float32'), x) }
 * const seen = (noising: Noising) => overNoising(noising)(clock).apply(null, zeros(3), { t: iota(3) })
 * seen(unwrap(respace(spaced(3))(unwrap(ddpm(cosine(1000)))))) // → [0, 500, 999]
 */
export const overNoising = (noising: Noising) => overPath(pathOf(noising));

/** {@link overNoising} on a path. */
export const overPath =
  (path: Lookup) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> =>
    mapDenoiser<P, P, I>({
      params: F.identity,
      at: (at) => {
        requireClock(path, denoiser);
        if (denoiser.clock !== 'level') requireTimestepsWithin('denoiser', path, denoiser.timesteps);
        requireConditions('denoiser', denoiser.conditions, at.conditions, dims(at.t)[0]);
        return { ...at, t: path.clock.of(at.t), level: path.levels(at.t) };
      },
      prediction: (_, x) => (prediction) =>
        ofShapeOf(x, prediction, {
          tag: 'ShapeError',
          where: 'denoiser',
          expected: 'a network whose `apply` returns a prediction of the shape of its images',
          hint: 'correct the shape in `apply`, for example by squeeze or reshape',
        }),
    })(denoiser);
