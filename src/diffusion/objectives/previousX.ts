import { meanPerSample, mul, scaleBy, type Shape, square, sub } from '../../dsl/index.js';
import { type Denoiser, mapDenoiser } from '../denoiser/denoiser.js';
import { type Losses, predictionErrors } from './loss.js';
import type { LossOptions } from './noisedBatch.js';
import { conversion } from '../denoiser/parameterization.js';
import type { Process } from '../process/process.js';
import { column, entriesAt } from '../process/table.js';

/**
 * A denoiser from a network that predicts x_{t-1}, the mean μ̃ of q(x_{t-1}|x_t, x_0): x̂₀ is what Bayes' rule
 * makes of it, (μ̂ - √α_t·(1-ᾱ_{t-1})/(1-ᾱ_t)·x_t) / (√ᾱ_{t-1}·β_t/(1-ᾱ_t)), from DDPM (Ho et al. 2020), eq. 7.
 * The previous timestep is that of the process the network was trained with; what comes out may be respaced.
 * It learns x_{t-1} by {@link previousLosses}. A `Model`, whose own `predicts`
 * then says nothing, stays one as `{ ...model, ...fromPrevious(process, model) }`.
 *
 * - `network`: as a {@link Denoiser}, but its predictions are μ̂ of `[B, ...I]`; it may learn its variance
 * @example
 * const stays = <B extends Dim>(_: null, x: Tensor<[B]>) => x // x_{t-1} is x_t
 * const process = ddpm(scheduleFromBetas([0.36, 0.4375]))
 * const made = pipe(process, E.map((p) => fromPrevious<null, []>(p, { apply: stays })))
 * pipe(made, E.map(({ apply }) => apply(null, ones(2), { t: iota(2) }))) // → E.right([1, 1.057])
 */
export const fromPrevious = <P, I extends Shape>(
  { posteriors }: Process,
  network: Omit<Denoiser<P, I>, 'predicts'>,
): Denoiser<P, I> => {
  const ofX0 = entriesAt(column(posteriors, ({ x0 }) => 1 / x0));
  const ofXt = entriesAt(column(posteriors, ({ x0, xt }) => xt / x0));
  return mapDenoiser<P, P, I>({
    params: (params) => params,
    said: (t, x) => (mean) => sub(scaleBy(mean, ofX0(t)), scaleBy(x, ofXt(t))),
  })({ ...network, predicts: 'x0' });
};

/**
 * The squared error of the mean of x_{t-1}, ‖μ̃(x_t, x_0) - μ̂‖², of each sample as a mean over its elements: what
 * guided-diffusion descends for a network of x_{t-1}, held against the mean of q(x_{t-1}|x_t, x_0) (DDPM, Ho et al. 2020, eq. 7).
 * μ̂ - μ̃ is √ᾱ_{t-1}·β_t/(1-ᾱ_t) times the error of x̂₀, so that a denoiser of anything has such an error, and
 * {@link fromPrevious} that of its network. An `Objective`; errors as those of `predictionErrors`.
 *
 * @param process - whose x_{t-1} it is: the one that {@link fromPrevious} was given
 * @example
 * const still = <B extends Dim>(_: null, x: Tensor<[B]>) => zerosLike(x) // x_{t-1} is 0
 * const losses = (process: Process) =>
 *   program({ x0: 'B', k: 'key' }, ({ x0, k }) =>
 *     previousLosses(process, fromPrevious<null, []>(process, { apply: still }))(null, x0, k).losses,
 *   )
 * await pipe(
 *   RTE.fromEither(ddpm(scheduleFromBetas([0.36]))), // before x_1 are the data
 *   RTE.flatMap((process) => evaluate(losses(process), { B: 2 })({ x0: Float32Array.of(0.5, 2), k: key(7) })),
 *   using(reference()),
 * )() // → E.right([0.25, 4])
 */
export const previousLosses = <P, I extends Shape>(
  process: Process,
  denoiser: Denoiser<P, I>,
  options: LossOptions = {},
): Losses<P, I> => {
  const errors = predictionErrors(process, denoiser, options);
  const factors = process.posteriors.map(
    ({ x0 }, t) => (x0 * conversion(denoiser.predicts, 'x0')(process.marginals[t]!).prediction) ** 2,
  );
  return (...given) => {
    const { error, t } = errors(...given);
    return { losses: mul(meanPerSample(square(error)), entriesAt(factors)(t)), t };
  };
};
