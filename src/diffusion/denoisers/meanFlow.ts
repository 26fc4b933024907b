/** Networks of the mean velocity between two times. */
import { broadcastTo, type Dim, dims, reshape, type Shape, sub, type Tensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { partLike } from '../../internal/parts.js';
import { demanding } from '../../internal/takes.js';
import { forEachSample } from '../levels/batch.js';
import type { Denoiser, Model } from './denoiser.js';

/** A raw network of x_t, its time, and an image of one channel beside it, such as a `unet` with `condition: { channels: 1 }`. */
type TwoTimes<P, I extends Shape> = Pick<Denoiser<P, I>, 'apply' | 'classes' | 'unconditional' | 'timesteps'> &
  Partial<Pick<Model<P, I>, 'params' | 'init'>>;

/** The fields of a network that its denoiser keeps. */
const KEPT = ['classes', 'unconditional', 'timesteps', 'params', 'init'] as const;

/**
 * Makes a denoiser of the mean velocity from a network: MeanFlow (Geng et al. 2025), u(x_t, r, t) = (x_t - x_r)/(t - r), the mean of
 * the velocity of {@link rectifiedFlow} on the way from t to r. The network gets t as its time, and t - r as a condition: an image
 * of one channel, the same at each pixel. Train it with {@link meanFlowLosses}. r is the end of the step of a solver, so that
 * {@link euler} goes in one step where the flow leads: x_r = x_t - (t - r)·u. Sample with the correction {@link uncorrected},
 * because x_t - t·u is x̂₀ only for r = 0.
 *
 * @param network - for images `[height, width, channels]`; if it is a model, with `params` and `init`, the result is a model too
 * @example
 * const network = { apply: <B extends Dim>(_: null, x: Tensor<[B, 1, 1, 1]>, at: Conditioning<B>) => ascribeLike(at.condition!.image, x) }
 * const made = meanFlow<null, [1, 1, 1], typeof network>(network)
 * const [t, end] = [fullOf(0.75, 1), fullOf(0.25, 1)]
 * overNoising(rectifiedFlow())(made).apply(null, ones(1, 1, 1, 1), { t, end }) // → [[[[0.5]]]]
 */
export const meanFlow = demanding(
  'meanFlow',
  { network: partLike('a network { apply }', 'the result of unet with condition: { channels: 1 }', 'apply') },
  <P, I extends Shape, N extends object>(
    network: TwoTimes<P, I> & N,
  ): Denoiser<P, I> & Pick<N, Extract<keyof N, 'params' | 'init'>> => {
    const apply: Denoiser<P, I>['apply'] = (params, x, { end, ...at }) => {
      const t = at.level?.sigma ?? lacking('its level', 'apply overNoising(rectifiedFlow())(denoiser)');
      const r = end ?? forEachSample(x)((at.step ?? lacking('the end of its step', 'give end: r')).to.sigma);
      const [B, height, width] = dims(x) as readonly number[] as readonly [number, number, number]; // of images, known when the program is traced
      const image = broadcastTo(reshape(sub(t, r as typeof t), B, 1, 1, 1), B, height, width, 1);
      return network.apply(params, x, { ...at, condition: { image } } as typeof at); // B is the batch's
    };
    const kept = Object.fromEntries(Object.entries(network).filter(([name]) => KEPT.some((one) => one === name)));
    const denoiser = { ...kept, predicts: 'velocity', apply } as const;
    return denoiser as typeof denoiser & Pick<N, Extract<keyof N, 'params' | 'init'>>; // those of N, if it has them
  },
);

const lacking = (what: string, hint: string): never =>
  raise('ConfigError', { where: 'meanFlow', expected: what, actual: 'none', hint });
