import { gather, scaleBy, type Shape, sub, table } from '../dsl/index.js';
import { type Denoiser, mapDenoiser } from './denoiser.js';
import type { Process } from './process.js';
import { column } from './table.js';

/**
 * A denoiser from a network that predicts x_{t-1}, the mean μ̃ of q(x_{t-1}|x_t, x_0): x̂₀ is what Bayes' rule
 * makes of it, (μ̂ - √α_t·(1-ᾱ_{t-1})/(1-ᾱ_t)·x_t) / (√ᾱ_{t-1}·β_t/(1-ᾱ_t)), from DDPM (Ho et al. 2020), eq. 7.
 * The previous timestep is that of the process the network was trained with; what comes out may be respaced.
 * Its squared error of x_{t-1} is that of x̂₀ times the square of the second factor. A `Model`, whose own `predicts`
 * then says nothing, stays one as `{ ...model, ...fromPrevious(process, model) }`.
 *
 * - `network`: as a {@link Denoiser}, but its predictions are μ̂ of `[B, ...I]`; it may learn its variance
 *
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
  const ofX0 = table(column(posteriors, ({ x0 }) => 1 / x0));
  const ofXt = table(column(posteriors, ({ x0, xt }) => xt / x0));
  return mapDenoiser<P, P, I>({
    params: (params) => params,
    said: (t, x) => (mean) => sub(scaleBy(gather(ofXt)(t))(x))(scaleBy(gather(ofX0)(t))(mean)),
  })({ ...network, predicts: 'x0' });
};
