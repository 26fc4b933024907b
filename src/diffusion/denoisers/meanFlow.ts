/** Networks of the mean velocity between two times. */
import { broadcastTo, dims, reshape, type Shape, sub } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { partLike } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { forEachSample } from '../channels/batch.js';
import type { Denoiser } from './denoiser.js';
import type { NoiseNetwork } from './preconditioned.js';

const NETWORK = "the result of unet with timesteps: 'continuous' and condition: { channels: 1 }";

/** The fields of a network that its denoiser keeps. */
const FIELDS = ['classes', 'unconditional', 'params', 'init'] as const;

const networkOf = argument('meanFlow: network', partLike('a network { apply }', NETWORK, 'apply'));

/**
 * Makes a denoiser of the mean velocity from a network: MeanFlow (Geng et al. 2025), u(x_t, r, t) = (x_t - x_r)/(t - r), the mean of
 * the velocity of {@link rectifiedFlow} on the way from t to r. The network gets t in [0, 1] as its time, because the derivative by t would
 * be noise at 1000·t, and t - r as a condition: an image of one channel, the same at each pixel. Train it with {@link meanFlowLosses}. r is the end of the step of a solver, so that
 * {@link euler} goes in one step where the flow leads: x_r = x_t - (t - r)·u. Sample with the correction {@link uncorrected},
 * because x_t - t·u is x̂₀ only for r = 0.
 *
 * @param network - one of times of any size and images `[height, width, channels]`; if it is a model, with `params` and `init`, the result is a model too
 * @example
 * const network = { apply: <B extends Dim>(_: null, x: Tensor<[B, 1, 1, 1]>, at: Conditioning<B>) => ascribeLike(at.condition!.image, x) }
 * const denoiser = meanFlow<null, [1, 1, 1], typeof network>(network)
 * const [t, end] = [fullOf(0.75, 1), fullOf(0.25, 1)]
 * overNoising(rectifiedFlow())(denoiser).apply(null, ones(1, 1, 1, 1), { t, end }) // → [[[[0.5]]]]
 */
export const meanFlow = <P, I extends Shape, N extends object>(
  network: NoiseNetwork<P, I> & N,
): Denoiser<P, I> & Pick<N, Extract<keyof N, 'params' | 'init'>> => {
  networkOf.demand(network);
  const { timesteps }: { readonly timesteps?: number } = network as object;
  if (timesteps !== undefined)
    refuse('network', 'one of times of any size', `one of ${timesteps} timesteps`, `give ${NETWORK}`);
  const apply: Denoiser<P, I>['apply'] = (params, x, { end, ...at }) => {
    const t =
      at.level?.sigma ??
      refuse('level', 'the level of each sample', 'none', 'apply overNoising(rectifiedFlow())(denoiser)');
    const r =
      end ?? forEachSample(x)((at.step ?? refuse('end', 'the end of the step', 'none', 'give end: r')).to.sigma);
    const [B, height, width] = dims(x) as readonly number[] as readonly [number, number, number]; // of images, known when the program is traced
    const image = broadcastTo(reshape(sub(t, r as typeof t), B, 1, 1, 1), B, height, width, 1);
    return network.apply(params, x, { ...at, t, condition: { image } as NonNullable<typeof at.condition> });
  };
  const fields = Object.fromEntries(Object.entries(network).filter(([name]) => FIELDS.some((one) => one === name)));
  const denoiser = { ...fields, predicts: 'velocity', apply } as const;
  return denoiser as typeof denoiser & Pick<N, Extract<keyof N, 'params' | 'init'>>; // those of N, if it has them
};

const refuse = (field: string, expected: string, actual: string, hint: string): never =>
  raise('ConfigError', { where: `meanFlow: ${field}`, expected, actual, hint });
