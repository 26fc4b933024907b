/** Denoisers in the coordinates of EDM (Karras et al. 2022), y = x/α and σ/α, in which every path is y_t = x₀ + t·ε. */
import { type Dim, greater, onesLike, scaleBy, type Shape, type Tensor, where } from '../../dsl/index.js';
import type { Conditioning, Denoiser } from '../denoisers/denoiser.js';
import { overNoising, reparameterize } from '../denoisers/overNoising.js';
import { overElements } from '../channels/batch.js';
import type { ContinuousNoising } from '../paths/path.js';

/** x̂₀ from `params`, y of `[B, ...I]`, the noise level σ/α of each sample, and the conditioning. Without noise the result is y. */
export type DenoiserOfSigma<P, I extends Shape> = <B extends Dim>(
  params: P,
  y: Tensor<[B, ...I]>,
  sigma: Tensor<[NoInfer<B>]>,
  at: Omit<Conditioning<NoInfer<B>>, 't' | 'level'>,
) => Tensor<[B, ...I]>;

/** The prediction x̂₀ of a denoiser of any parameterization on a path, in these coordinates. */
export const ofSigma = <P, I extends Shape>(
  path: ContinuousNoising,
  denoiser: Denoiser<P, I>,
): DenoiserOfSigma<P, I> => {
  const { apply } = overNoising(path)(reparameterize(path, 'x0')(denoiser));
  return (params, y, sigma, at) => {
    // networks are not defined without noise: there they are evaluated at σ = 1, and the result is not used
    const t = path.timesOfSigmas(where(greater(sigma, 0), sigma, onesLike(sigma)) as typeof sigma);
    const x0 = apply(params, scaleBy(y, path.levels(t).alpha), { ...at, t });
    return where(greater(overElements(y)(sigma), 0), x0, y);
  };
};
