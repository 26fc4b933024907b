/** Sampling that is compiled once, for services that draw repeatedly. */
import type { GuidedParams } from '../../diffusion/index.js';
import { key as keyOf } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { type Effect, task, type Task } from '../../dsl/run/effect.js';
import type { IfNoClasses } from '../../internal/classes.js';
import type { Itself } from '../../internal/itself.js';
import type { Exact } from '../../internal/exact.js';
import { E } from '../../internal/fp.js';
import { type Block, keep, take } from '../../internal/gen.js';
import { floatStorage } from '../../dsl/types/storage.js';
import { positive } from '../../internal/decode.js';
import { optional, schema } from '../../internal/schema.js';
import { checkedTrained, type Trained } from '../../checkpoints/trained.js';
import type { ImageShape } from '../../data/dataset.js';
import type { Images } from '../../data/images.js';
import { genEffect, genTask } from '../../dsl/run/genEffect.js';
import type { ForClasses, ForGuide } from './classes.js';
import { besideGuide } from './guide.js';
import { beginningOf } from './givenImages.js';
import { namesOf } from './givenNoise.js';
import { programCache } from './programCache.js';
import { drawSamples, type OpenSampling, openedSampling } from './runSampling.js';
import { planOf, type SamplePlan } from './samplePlan.js';
import { requestFields, type Sampling, toData, samplerFields } from './sampling.js';
import { storedFor } from './storedFor.js';

/** The parts of a sampling that all requests share. */
export interface Preparation<Q = unknown, J extends ImageShape = ImageShape> extends Pick<
  Sampling<Q, J>,
  Exclude<keyof typeof samplerFields, 'batch'> | 'toData' | 'storage'
> {
  /** The number of samples that are drawn at a time; default 1. A request of more takes several batches. */
  readonly batch?: number;
}

/** The parts of a sampling that may differ between requests. */
export type SampleRequest = Omit<Sampling, keyof Preparation>;

const preparations = schema('prepareSampling', {
  ...samplerFields,
  toData,
  batch: optional(positive, 1),
  storage: optional(floatStorage),
} satisfies Record<keyof Preparation, unknown>).elsewhere(
  Object.keys(requestFields),
  'give it to each request: prepared.sample({ … })',
);
const requests = schema('sample', requestFields satisfies Record<keyof SampleRequest, unknown>).elsewhere(
  Object.keys(preparations.fields),
  'give it to prepareSampling',
);

/** The requests to a sampling of a model of `K` with the fields of `G`: without labels if nothing takes them. */
type RequestFor<K, G> = 'guidance' extends keyof G
  ? SampleRequest
  : IfNoClasses<K, Omit<SampleRequest, 'labels'>, SampleRequest>;

/** A sampling that was compiled, which takes requests `R`. */
export interface PreparedSampling<R = SampleRequest> {
  /**
   * Draws samples. Requests may run at the same time; each gets the same samples as if it ran alone. A request with a
   * new combination of parts, such as `known` or a `strength` that keeps other timesteps, compiles its programs first.
   * The programs of the four combinations that were used last are kept. Fails with the errors of `sample`.
   */
  readonly sample: <G = unknown>(request: Exact<G, keyof R> & R) => Task<Images>;
  /** Frees the programs after the running requests have ended. Later requests are a `ConfigError`. */
  readonly release: Task<void>;
}

type Plan<P, Q, I extends ImageShape> = SamplePlan<GuidedParams<P, Q>, I>;

/** The parts of a request that determine which programs it needs, as text. */
const formOf = <P, Q, I extends ImageShape>({ sampling, beginning, steps }: Plan<P, Q, I>): string => {
  const { labels, condition, known, previews } = sampling;
  return JSON.stringify([
    labels !== undefined,
    condition && [condition.images.shape.slice(1), condition.t],
    beginning && [beginning.noisy, steps.sampler.timesteps], // a strength changes the timesteps
    known && [known.resamples, known.jump],
    previews !== undefined,
    namesOf(sampling),
  ]);
};

/** The number of forms whose programs are kept. Each holds the memory of a run. */
const MOST_FORMS = 4;

const released = fail('ConfigError', {
  where: 'sample',
  expected: 'a prepared sampling',
  actual: 'one that was released',
  hint: 'release it after the last request',
});

/**
 * Compiles the sampling of a trained model, to draw from it repeatedly. It draws the samples that `sample` draws, whatever
 * its batch.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const model: Model<object, [1, 1, 1]> = { ...none, predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const trained = { model, noising: unwrap(ddpm(cosine(1000))), image: [1, 1, 1], params: {} } as const
 * const nf = await open(reference())
 * const prepared = await nf.run(prepareSampling(trained, { solver: ddim(), grid: 5, batch: 2 }))
 * await nf.run(prepared.sample({ key: key(8), count: 2 })) // → { data: [1, 1], shape: [2, 1, 1, 1] }
 * await nf.run(prepared.release)
 * await nf.close()
 */
export const prepareSampling = <P, I extends ImageShape, K, Q = unknown, G = unknown>(
  trained: Itself<Trained<P, I, K>>,
  options: Exact<G, keyof Preparation> & ForClasses<K, G> & ForGuide<Q, G> & Preparation<Q, NoInfer<I>>,
): Effect<PreparedSampling<RequestFor<K, G>>> =>
  genEffect('prepareSampling', function* (backend) {
    const { batch, storage, ...parts } = yield* take(preparations.decode<Preparation<Q, I>>(options));
    yield* take(checkedTrained('prepareSampling')(trained));
    const joint = besideGuide('prepareSampling', trained, parts.guide);
    const copy = yield* keep(storedFor('prepareSampling', joint, storage, backend), ({ release }) => release());
    const whole = copy.trained;
    function* planned(request: SampleRequest): Block<Plan<P, Q, I>> {
      const plan = planOf('sample', 'data')(whole, { ...parts, ...request }, beginningOf(request.from));
      return { ...(yield* take(plan)), batch };
    }

    const cache = programCache<OpenSampling<GuidedParams<P, Q>, I>>(MOST_FORMS);
    const programsOf = (plan: Plan<P, Q, I>) => cache.use(formOf(plan), openedSampling(plan)(backend));
    const { classes, condition } = trained.model;
    // the sizes of conditions are not known yet
    if (condition === undefined) {
      const labels = classes === undefined ? {} : { labels: Array.from({ length: batch }, () => 0) };
      yield* programsOf(yield* planned({ key: keyOf(0), ...labels }));
    }

    const running = new Set<Promise<unknown>>();
    let isReleased = false;
    const drawnFor = (request: SampleRequest) =>
      genTask('sample', function* () {
        const plan = yield* planned(yield* take(requests.decode<SampleRequest>(request)));
        return (yield* take(drawSamples(plan, yield* programsOf(plan))(backend))).images;
      });
    return {
      sample: (request: SampleRequest) =>
        task<Images>(async () => {
          if (isReleased) return released;
          const samples = drawnFor(request)();
          running.add(samples);
          await samples;
          running.delete(samples);
          return samples;
        }),
      release: task<void>(async () => {
        isReleased = true;
        await Promise.all(running);
        cache.clear();
        copy.release();
        return E.right(undefined);
      }),
    };
  });
