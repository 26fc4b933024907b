import { meanPerSample, mul, scaleBy, type Shape, square, sub } from '../../dsl/index.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { mapDenoiser } from '../denoisers/mapDenoiser.js';
import { objective } from './objective.js';
import { predictionErrors } from './loss.js';
import type { LossOptions } from './lossInputs.js';
import { conversion } from '../denoisers/parameterization.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import type { Posterior } from '../channels/channel.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { requireDiscrete } from '../paths/noising.js';
import { argument } from '../../internal/schema.js';
import { networkPart } from '../parts.js';
import { entriesAt } from '../channels/entries.js';

const networkOf = argument('fromPrevious: network', networkPart);

/**
 * Makes a denoiser from a network that predicts x_{t-1}, the mean μ̃ of q(x_{t-1}|x_t, x_0) (`PREVIOUS_X` of guided-diffusion). Its
 * x̂₀ is (μ̂ - √α_t·(1-ᾱ_{t-1})/(1-ᾱ_t)·x_t) / (√ᾱ_{t-1}·β_t/(1-ᾱ_t)), from DDPM (Ho et al. 2020), eq. 7. Give the process that the
 * network was trained with; the result also works with a respaced process. If you give a respaced process, μ̂ is the mean of the
 * respaced x_{t-1}, as in guided-diffusion. Train the network with {@link previousLosses}. To convert a `Model`, ignoring its
 * `predicts`, write `{ ...model, ...fromPrevious(noising, model) }`.
 *
 * - `network`: like a {@link Denoiser}, but its predictions are μ̂, `[B, ...I]`; it may learn its variance
 * @example
 * const stays = <B extends Dim>(_: null, x: Tensor<[B]>) => x // x_{t-1} is x_t
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const result = fromPrevious<null, []>(noising, { apply: stays })
 * result.apply(null, ones(2), { t: iota(2) }) // → [1, 1.057]
 */
export const fromPrevious = <P, I extends Shape>(
  { posteriors, timesteps }: DiscreteNoising,
  network: Omit<Denoiser<P, I>, 'predicts'>,
): Denoiser<P, I> => {
  networkOf.demand(network);
  /** A table by the timestep that the network gets. */
  const table = (number: (posterior: Posterior) => number) => {
    const entries = new Float64Array(1 + (timesteps.at(-1) ?? -1)).fill(NaN);
    posteriors.forEach((posterior, t) => (entries[timesteps[t]!] = number(posterior)));
    return entriesAt(entries);
  };
  const ofX0 = table(({ x0 }) => 1 / x0);
  const ofXt = table(({ x0, xt }) => xt / x0);
  return mapDenoiser<P, P, I>({
    params: (params) => params,
    prediction: (at, x) => (mean) => {
      const t = wholeTimesteps(at.t);
      return sub(scaleBy(mean, ofX0(t)), scaleBy(x, ofXt(t)));
    },
  })({ ...network, predicts: 'x0' });
};

/**
 * The squared error of the predicted mean of q(x_{t-1}|x_t, x_0), ‖μ̃(x_t, x_0) - μ̂‖² (DDPM, Ho et al. 2020, eq. 7), of each
 * sample as a mean over its elements: the loss of guided-diffusion for a network that predicts x_{t-1}. Since μ̂ - μ̃ is
 * √ᾱ_{t-1}·β_t/(1-ᾱ_t) times the error of x̂₀, it is defined for every parameterization; for {@link fromPrevious} it is
 * the error of its network. An `Objective`, with the errors of `predictionErrors`.
 *
 * @param process - the process of x_{t-1}, the same as for {@link fromPrevious}
 * @example
 * const still = <B extends Dim>(_: null, x: Tensor<[B]>) => zerosLike(x) // x_{t-1} is 0
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36]))) // a single step, from the data
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) =>
 *   previousLosses(noising, fromPrevious<null, []>(noising, { apply: still }))(null, { x0, key: k }).losses,
 * )
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 2 })({ x0: Float32Array.of(0.5, 2), k: key(7) })) // → [0.25, 4]
 */
export const previousLosses = /* @__PURE__ */ objective<LossOptions>('previousLosses', (noising, denoiser, options) => {
  const errors = predictionErrors(noising, denoiser, options);
  const { posteriors, marginals } = requireDiscrete('previousLosses', noising);
  const factors = posteriors.map(
    ({ x0 }, t) => (x0 * conversion(denoiser.predicts, 'x0')(marginals[t]!).prediction) ** 2,
  );
  return (params, inputs) => {
    const { error, t } = errors(params, inputs);
    return { losses: mul(meanPerSample(square(error)), entriesAt(factors)(wholeTimesteps(t))), t };
  };
});
