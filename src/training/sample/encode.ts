/** The noise from which a trained model draws given images. */
import type { Effect } from '../../dsl/run/effect.js';
import { checkedImages, ddimInversion, type Solver } from '../../diffusion/index.js';
import { key as keyOf, type RandomKey } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import type { Itself } from '../../internal/itself.js';
import type { Exact } from '../../internal/exact.js';
import { dual, type Dual } from '../../internal/dual.js';
import { take } from '../../internal/gen.js';
import { optional, schema } from '../../internal/schema.js';
import { checkedTrained, type Trained } from '../../checkpoints/trained.js';
import { hostKey } from '../../internal/decode.js';
import type { ImageShape } from '../../data/dataset.js';
import type { Images } from '../../data/images.js';
import type { ForConditions, ForGuide, Guided, WithConditions } from './classes.js';
import { planOf } from './samplePlan.js';
import { imagesRecord, requestFields, type Sampling, samplerFields } from './sampling.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { besideGuide } from './guide.js';
import { drawnOnce } from './runSampling.js';

const { labels, conditions, onStep, signal } = requestFields;
const samplingFields = { ...samplerFields, labels, conditions, onStep, signal };

/** The images to encode, and options like those of a sampling. */
export interface Encoding<Q = unknown, J extends ImageShape = ImageShape> extends Pick<
  Sampling<Q, J>,
  Exclude<keyof typeof samplingFields, 'solver'>
> {
  /** Images of the model's shape, in [-1, 1]. */
  readonly images: Itself<Images>;
  /** A solver that steps from data to noise; by default `ddimInversion()`. */
  readonly solver?: Solver;
  /** The key of the noise of an image that is a condition, with its `t`. Nothing else is drawn. */
  readonly key?: RandomKey;
}

const encodings = schema('encode', {
  images: imagesRecord,
  ...samplingFields,
  solver: optional(samplerFields.solver, ddimInversion()),
  key: optional(hostKey),
} satisfies Record<keyof Encoding, unknown>);

/**
 * Encodes images as noise x_T. {@link sample} with the same grid, labels and guidance, `ddim` and `from: { noise }`
 * reconstructs the images, with an error of first order in the step size. `slerp` interpolates between two such noises
 * (DDIM, Song et al. 2021, sections 4.3 and 5.3). Fails with `ConfigError` for invalid arguments, and with `NonFinite`
 * for images or noise that are not finite.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const model: Model<object, [1, 1, 1]> = { ...none, predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const trained = { model, noising: unwrap(ddpm(cosine(1000))), image: [1, 1, 1], params: {} } as const
 * const images = { data: Float32Array.of(0.5), shape: [1, 1, 1, 1] as const }
 * const nf = await open(reference())
 * const noise = await nf.run(encode(trained, { images, grid: 5 }))
 * const white = await nf.run(sample(trained, { solver: ddim(), grid: 5, from: { noise }, key: key(8) }))
 * white // → { data: [1], shape: [1, 1, 1, 1] }
 * await nf.close()
 */
export const encode: Dual<
  <P, I extends ImageShape, K, Q = unknown, G = unknown, H = unknown, A extends string = string>(
    trained: Itself<Trained<P, I, K>>,
    encoding: Exact<G, keyof Encoding> & ForConditions<NoInfer<K>, G, H, A> & ForGuide<Q, G> & Encoding<Q, NoInfer<I>>,
  ) => Effect<Images>,
  <
    Q = unknown,
    J extends ImageShape = ImageShape,
    G = unknown,
    C = never,
    const H = unknown,
    A extends string = string,
  >(
    encoding: Exact<G, keyof Encoding> & ForGuide<Q, G> & Encoding<Q, J> & Guided<C, H, A>,
  ) => <P, I extends J, K>(trained: WithConditions<Itself<Trained<P, I, K>>, K, G, C, H, A>) => Effect<Images>
> = dual('encode', 2, <P, Q, I extends ImageShape>(trained: Trained<P, I>, encoding: Encoding<Q, I>) =>
  genEffect('encode', function* (backend) {
    const { images, ...settings } = yield* take(encodings.decode<Encoding<Q, I>>(encoding));
    yield* take(checkedTrained('encode')(trained));
    yield* take(checkedImages(images.data, 'encode: images'));
    const { key = keyOf(0), conditions: values = {} } = settings; // nothing is drawn from the default key
    const noisy = Object.entries(values).find(([, value]) => 't' in value);
    if (noisy !== undefined && settings.key === undefined)
      raise('ConfigError', {
        where: 'encode: key',
        expected: `a key for the noise of ${noisy[0]}`,
        actual: 'none',
        hint: 'give key(…), or an image without t',
      });
    const beginning = { field: 'images', images, noisy: false };
    const plan = yield* take(
      planOf('encode', 'noise')(besideGuide('encode', trained, settings.guide), { ...settings, key }, beginning),
    );
    return (yield* drawnOnce(plan, backend)).images;
  }),
);
