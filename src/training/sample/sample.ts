/** Samples of a trained model. */
import type { Effect } from '../../dsl/run/effect.js';
import type { Exact } from '../../internal/exact.js';
import type { Itself } from '../../internal/itself.js';
import { dual, type Dual } from '../../internal/dual.js';
import { hold, take } from '../../internal/gen.js';
import { checkedTrained, type Trained } from '../../checkpoints/trained.js';
import type { ImageShape } from '../../data/dataset.js';
import type { ForConditions, ForGuide, Guided, WithConditions } from './classes.js';
import { beginningOf } from './givenImages.js';
import type { Images } from '../../data/images.js';
import { planOf } from './samplePlan.js';
import { type Sampling, samplings } from './sampling.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { besideGuide } from './guide.js';
import { drawnOnce } from './runSampling.js';
import { storedFor } from './storedFor.js';

/**
 * Draws samples: Algorithm 2 of DDPM (Ho et al. 2020), by any solver. Sample i draws from a key of its own, so the same
 * key gives the same samples for any batch, count and range. Fails with `ConfigError` for invalid arguments, such as
 * conditions that the model does not take, and for a part that throws or returns a wrong value, and with `NonFinite` for a
 * sample or preview with a number that is not finite.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const model: Model<object, [1, 1, 1]> = { ...none, predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const trained = { model, noising: unwrap(ddpm(cosine(1000))), image: [1, 1, 1], params: {} } as const
 * const samples = sample(trained, { solver: ddim(), grid: 5, count: 2, key: key(8) })
 * await using nf = await open(reference())
 * await nf.run(samples) // → { data: [1, 1], shape: [2, 1, 1, 1] }
 */
export const sample: Dual<
  <P, I extends ImageShape, K, Q = unknown, G = unknown, H = unknown, A extends string = string>(
    trained: Itself<Trained<P, I, K>>,
    sampling: Exact<G, keyof Sampling> & ForConditions<NoInfer<K>, G, H, A> & ForGuide<Q, G> & Sampling<Q, NoInfer<I>>,
  ) => Effect<Images>,
  <
    Q = unknown,
    J extends ImageShape = ImageShape,
    G = unknown,
    C = never,
    const H = unknown,
    A extends string = string,
  >(
    sampling: Exact<G, keyof Sampling> & ForGuide<Q, G> & Sampling<Q, J> & Guided<C, H, A>,
  ) => <P, I extends J, K>(trained: WithConditions<Itself<Trained<P, I, K>>, K, G, C, H, A>) => Effect<Images>
> = dual('sample', 2, <P, Q, I extends ImageShape>(trained: Trained<P, I>, sampling: Sampling<Q, I>) =>
  genEffect('sample', function* (backend) {
    const { storage, ...settings } = yield* take(samplings.decode<Sampling<Q, I>>(sampling));
    yield* take(checkedTrained('sample')(trained));
    const whole = besideGuide('sample', trained, settings.guide);
    const plan = yield* take(planOf('sample', 'data')(whole, settings, beginningOf(settings.from)));
    const copy = yield* hold(storedFor('sample', whole, storage, backend), ({ release }) => release());
    return (yield* drawnOnce({ ...plan, trained: copy.trained }, backend)).images;
  }),
);
