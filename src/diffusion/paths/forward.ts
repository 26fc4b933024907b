import { add, type Dim, scaleBy, type Shape, type Tensor } from '../../dsl/index.js';
import type { Channel } from '../channels/channel.js';
import type { Gaussian } from '../channels/gaussians.js';
import type { DiscreteNoising } from './discreteNoising.js';
import { type Noising, pathOf, type TimeOf } from './noising.js';
import type { TimeType } from './path.js';
import { channelsAt, entriesAt } from '../channels/entries.js';

/** Adds noise to a batch, one channel for each sample: `[B, ...I]` to `[B, ...I]`. */
export type Transmission = <B extends Dim, I extends Shape>(
  index: Tensor<[B], 'int32'>,
  noise: Tensor<[NoInfer<B>, ...I]>,
) => (x: NoInfer<Tensor<[B, ...I]>>) => Tensor<[B, ...I]>;

/** Adds the noise of a time to each sample of a batch: `[B, ...I]` to `[B, ...I]`. */
export type Diffusion<T extends TimeType = TimeType> = <B extends Dim, I extends Shape>(
  t: Tensor<[B], T>,
  noise: Tensor<[NoInfer<B>, ...I]>,
) => (x0: NoInfer<Tensor<[B, ...I]>>) => Tensor<[B, ...I]>;

/**
 * Sends each sample through the channel at its index: α·x + σ·ε. The list may contain any q(x_t|x_s).
 *
 * - `index`: `[B]`, the index of each sample's channel in the list
 * - `noise`: ε ~ N(0, I), `[B, ...I]`, like x
 * @example
 * const diffuse = through([identity, { alpha: 0.8, sigma: 0.6 }])
 * const noise = ones(2, 1) // a program draws it: normalLike(x)(key)
 * pipe(ones(2, 1), diffuse(iota(2), noise)) // → [[1], [1.4]]
 */
export const through = (channels: readonly Channel[]): Transmission => {
  const at = channelsAt(channels);
  return (index, noise) => (x) => {
    const { alpha, sigma } = at(index);
    return add(scaleBy(x, alpha), scaleBy(noise, sigma));
  };
};

/**
 * One forward step: samples x_t from q(x_t|x_{t-1}) = N(√(1-β_t)·x_{t-1}, β_t). DDPM (Ho et al. 2020), eq. 2.
 *
 * - `t`: `[B]` from 0, where x_{-1} is the data
 * - `noise`: ε ~ N(0, I), `[B, ...I]`, like x_{t-1}
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * qStep(noising)(iota(2), zeros(2, 1))(ones(2, 1)) // → [[0.8], [0.75]]
 */
export const qStep = ({ schedule }: DiscreteNoising): Transmission => through(schedule.channels);

/**
 * Adds the noise of a time at once: samples x_t from q(x_t|x_0) = N(α_t·x_0, σ_t²), the fold of all steps up to t (DDPM, eq. 4,
 * with α = √ᾱ_t and σ = √(1-ᾱ_t)).
 *
 * - `t`: `[B]`, times of the noising; others give NaN
 * - `noise`: ε ~ N(0, I), `[B, ...I]`, like x_0
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * qSample(noising)(iota(2), zeros(2, 1))(ones(2, 1)) // → [[0.8], [0.6]]
 */
export const qSample = <N extends Noising>(noising: N): Diffusion<TimeOf<N>> => {
  const { levels } = pathOf(noising);
  return (t, noise) => (x0) => {
    const { alpha, sigma } = levels(t);
    return add(scaleBy(x0, alpha), scaleBy(noise, sigma));
  };
};

/**
 * Mean and variance of q(x_t|x_0) for `t: [B]` and `x0: [B, ...I]`: DDPM, eq. 4.
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * qMeanVariance(noising)(iota(2))(ones(2, 1)).variance // → [0.36, 0.64]
 */
export const qMeanVariance = ({ marginals }: DiscreteNoising) => {
  const alphas = entriesAt(marginals.map(({ alpha }) => alpha));
  const variances = entriesAt(marginals.map(({ sigma }) => sigma ** 2));
  const logVariances = entriesAt(marginals.map(({ sigma }) => 2 * Math.log(sigma)));
  return <B extends Dim>(t: Tensor<[B], 'int32'>) =>
    <I extends Shape>(x0: Tensor<[NoInfer<B>, ...I]>): Gaussian<B, I> => ({
      mean: scaleBy(x0, alphas(t)),
      variance: variances(t),
      logVariance: logVariances(t),
    });
};
