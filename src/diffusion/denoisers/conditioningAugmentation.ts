import type { ConditionImage } from '../../conditions/values.js';
import { type Dim, fork, normalLike, randintLike, type Shape, type Tensor } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { hinted, positive, refined } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { discretePath, wholeTimesteps } from '../paths/discretePath.js';
import { perSample } from '../channels/batch.js';
import { withName } from '../../internal/dual.js';
import type { ImageConditioner } from './conditioner.js';
import { type BatchKeys, drawnBy } from '../channels/batchKeys.js';
import { qSample } from '../paths/forward.js';
import { type Noising, requireDiscrete } from '../paths/noising.js';

/**
 * Adds noise to a condition, by q(x_t|x_0), and records the noise level for the network. The noise hides artifacts of
 * images that a smaller model made (Cascaded Diffusion, Ho et al. 2022, section 4.2).
 *
 * - `t`: `[B]`, of the process; the result has the network's timestep for it
 * @example
 * const small = { image: ones(2, 1, 1, 1) }
 * const noising = unwrap(ddpm(scheduleFromBetas([1e-12, 0.36])))
 * const noised = program('key', (k) => noisyCondition(noising)(small, iota(2))(k).image)
 * await using nf = await open(reference())
 * await nf.run(evaluate(noised, {})(key(7))) // → [1, 1.177]
 */
export const noisyCondition = (noising: Noising) => {
  const diffuse = qSample(noising);
  const { clock } = discretePath(requireDiscrete('noisyCondition', noising));
  return <B extends Dim>({ image }: ConditionImage<B>, t: Tensor<[NoInfer<B>], 'int32'>) =>
    (keys: BatchKeys): ConditionImage<B> => ({
      image: diffuse(t, drawnBy(keys, normalLike)(image))(image),
      t: wholeTimesteps(clock.of(t)),
    });
};

const augmentation = (T: number) =>
  schema('conditioningAugmentation', {
    /** The number of levels, counted from the least noisy; all timesteps of the process if left out. */
    levels: optional(
      hinted(
        refined(positive, `a whole number of levels, 1 to ${T}`, (n) => n <= T),
        'the first timesteps have the least noise',
      ),
      T,
    ),
  });

interface AugmentationOptions extends OptionsOf<ReturnType<typeof augmentation>> {}

/**
 * Conditioning augmentation: adds noise to the condition of each sample, at a t drawn uniformly from 0 to levels - 1, and
 * tells the denoiser this t. When sampling, choose the t that suits the conditions (Cascaded Diffusion, Ho et al. 2022,
 * section 4.2).
 *
 * @param levels - all timesteps of the process if left out; raises `ConfigError` unless 1 ≤ levels ≤ T
 * @example
 * const task = (noising: Noising) => conditioningAugmentation(noising, { levels: 100 })(superResolution({ factor: 2 }))
 * const noising = unwrap(ddpm(cosine(1000)))
 * const draw = program('key', (k) => task(noising)(zeros(3, 2, 2, 1), k).t!)
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})(key(7))) // → [56, 31, 4]
 */
export const conditioningAugmentation = <G = unknown>(
  noising: Noising,
  options?: Exact<G, keyof AugmentationOptions> & AugmentationOptions,
) => {
  const noisy = noisyCondition(noising);
  const { T } = requireDiscrete('conditioningAugmentation', noising).schedule;
  const { levels } = augmentation(T).demand(options);
  return <I extends Shape>(conditioner: ImageConditioner<I>): ImageConditioner<I> =>
    Object.assign(
      withName<ImageConditioner<I>>(`${conditioner.name}, with noise of ${levels} levels`, (x0, key) => {
        const keys = fork(key, 'condition', 'timestep', 'noise');
        const clean = conditioner(x0, keys.condition);
        return noisy(clean, randintLike(keys.timestep, 0, levels, perSample(x0)))(keys.noise);
      }),
      'settings' in conditioner && { settings: conditioner.settings }, // snapshots store them
    );
};
