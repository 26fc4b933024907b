/** Networks of the mean velocity between two times. */
import type { ConditionImage } from '../../conditions/values.js';
import { broadcastTo, type Dim, dims, reshape, scalar, type Shape, sub, type Tensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { partLike } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import type { Conditioning, Denoiser, StepLevels } from './denoiser.js';
import type { NoiseNetwork } from './preconditioned.js';

const NETWORK = "the result of unet with timesteps: 'continuous' and conditions: { interval: { image: 1 } }";

/** The fields of a network that its denoiser keeps. */
const FIELDS = ['params', 'init'] as const;

const networkOf = argument('meanFlow: network', partLike('a network { apply }', NETWORK, 'apply'));

/**
 * Makes a denoiser of the mean velocity from a network: MeanFlow (Geng et al. 2025), u(x_t, r, t) = (x_t - x_r)/(t - r), the mean
 * of the velocity of {@link rectifiedFlow} on the way from t to r. The network gets t in [0, 1] as its time, because the derivative
 * by t would be noise at 1000·t, and t - r as the condition `interval`: an image of one channel, the same at each pixel. Train it with
 * {@link meanFlowLosses}. r is the end of the step of a solver, so that one step of {@link euler} follows the flow exactly: x_r =
 * x_t - (t - r)·u. Sample with the correction {@link uncorrected}, because x_t - t·u is x̂₀ only for r = 0.
 *
 * @param network - a network of times of any size and images `[height, width, channels]`; if it is a model, with `params` and
 * `init`, the result is a model too
 * @example
 * const network = { apply: <B extends Dim>(_: null, x: Tensor<[B, 1, 1, 1]>, at: Conditioning<B>) => ascribeLike(imageOf(at, 'interval')!.image, x) }
 * const denoiser = meanFlow<null, [1, 1, 1], typeof network>(network)
 * const [t, r] = [fullOf(0.75, 1), fullOf(0.25, 1)]
 * overNoising(rectifiedFlow())(denoiser).apply(null, ones(1, 1, 1, 1), { t, step: meanFlowStep(t, r) }) // → [[[[0.5]]]]
 */
export const meanFlow = <P, I extends Shape, N extends object>(
  network: NoiseNetwork<P, I> & N,
): Denoiser<P, I> & Pick<N, Extract<keyof N, 'params' | 'init'>> => {
  networkOf.demand(network);
  const { timesteps }: { readonly timesteps?: number } = network as object;
  if (timesteps !== undefined)
    refuse('network', 'a network of times of any size', `a network of ${timesteps} timesteps`, `give ${NETWORK}`);
  const { interval: _, ...conditions } = network.conditions ?? {};
  const apply = <B extends Dim>(params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>>): Tensor<[B, ...I]> => {
    const t =
      at.level?.sigma ??
      refuse('level', 'the level of each sample', 'none', 'apply overNoising(rectifiedFlow())(denoiser)');
    const r = (at.step ?? refuse('step', 'the step that ends at r', 'none', 'sample, or give step: meanFlowStep(t, r)'))
      .to.sigma;
    const [count, height, width] = dims(x) as readonly number[] as readonly [number, number, number]; // of images, known when the program is traced
    const image = broadcastTo(reshape(sub(t, r), count, 1, 1, 1), count, height, width, 1);
    const interval = { image } as unknown as ConditionImage<NoInfer<B>>; // of the batch of x
    return network.apply(params, x, { ...at, t, conditions: { ...at.conditions, interval } });
  };
  const fields = Object.fromEntries(Object.entries(network).filter(([name]) => FIELDS.some((one) => one === name)));
  const denoiser = { ...fields, conditions, predicts: 'velocity', apply } as const;
  return denoiser as typeof denoiser & Pick<N, Extract<keyof N, 'params' | 'init'>>; // has `params` and `init` if N has them
};

/**
 * The step from t to r of each sample, `[B]`, as a denoiser of the mean velocity gets it from a sampler or a loss.
 * @example
 * meanFlowStep(fullOf(0.75, 1), fullOf(0.25, 1)).to // → { alpha: [0.75], sigma: [0.25] }
 */
export const meanFlowStep = <B extends Dim>(t: Tensor<[B]>, r: Tensor<[NoInfer<B>]>): StepLevels<B> => {
  const at = (sigma: Tensor<[B]>) => ({ alpha: sub(1, sigma), sigma });
  return { index: scalar(0, 'int32'), from: at(t), to: at(r) };
};

const refuse = (field: string, expected: string, actual: string, hint: string): never =>
  raise('ConfigError', { where: `meanFlow: ${field}`, expected, actual, hint });
