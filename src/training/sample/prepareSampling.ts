/** Compiles a sampling once, for services that draw repeatedly. */
import { type Conditions, sizeOf } from '../../conditions/conditions.js';
import type { HostCondition, HostConditions } from '../../conditions/hostValues.js';
import { mapColumns } from '../../data/columns.js';
import type { GuidedParams } from '../../diffusion/index.js';
import { key as keyOf } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { type Effect, task, type Task } from '../../dsl/run/effect.js';
import type { ValuesFor } from '../../conditions/marks.js';
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
import type { Added, ForConditions, ForGuide, Named } from './classes.js';
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
  /** The number of samples to draw at a time; default 1. A request for more samples takes several batches. */
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

/** The requests to a sampling of a model of `K` with a guidance that adds the conditions of the names `A`. */
type RequestFor<K, A extends string> = string extends keyof K
  ? SampleRequest // names that are known only at run time
  : unknown extends K
    ? SampleRequest
    : Omit<SampleRequest, 'labels' | 'conditions'> &
        ([keyof K | A] extends [never]
          ? unknown
          : {
              readonly conditions?: ValuesFor<K> &
                (string extends A ? HostConditions : { readonly [N in A]?: HostCondition });
            }) &
        ('label' extends keyof K | A
          ? { readonly labels?: ValuesFor<K & { readonly label: number }>['label'] }
          : unknown);

/** Refuses conditions with the fields of `H` whose names are not those of the requests `R`. */
type NamedIn<H, R> = R extends { readonly conditions?: infer C }
  ? { readonly conditions?: Named<H, keyof C> }
  : unknown;

/** A sampling that was compiled, which takes requests `R`. */
export interface PreparedSampling<R = SampleRequest> {
  /**
   * Draws samples. Requests may run at the same time; each gets the same samples as if it ran alone. A request with a
   * new combination of parts, such as `known` or a `strength` that keeps other timesteps, compiles its programs first.
   * Keeps the programs of the four last used combinations. Fails with the errors of `sample`.
   */
  // a method, so that a sampling that takes the conditions of a model is also one that takes any
  sample<G = unknown, H = unknown>(request: Exact<G, keyof R> & NamedIn<H, R> & R): Task<Images>;
  /** Frees the programs after the running requests have ended. Later requests are a `ConfigError`. */
  readonly release: Task<void>;
}

type Plan<P, Q, I extends ImageShape> = SamplePlan<GuidedParams<P, Q>, I>;

/** The parts of a request that determine which programs it needs, as text. */
const formOf = <P, Q, I extends ImageShape>({ sampling, columns, beginning, steps }: Plan<P, Q, I>): string => {
  const { known, previews } = sampling;
  return JSON.stringify([
    mapColumns(columns, ({ shape }) => shape.slice(1)),
    Object.values(columns).map(({ t }) => t),
    beginning && [beginning.noisy, steps.sampler.timesteps], // a strength changes the timesteps
    known && [known.resamples, known.jump],
    previews !== undefined,
    namesOf(sampling),
  ]);
};

/** Values of conditions, to compile for; null if a condition is an image, whose size is not known yet. */
const someValues = (conditions: Conditions): HostConditions | null =>
  Object.values(conditions).some((spec) => 'image' in spec)
    ? null
    : Object.fromEntries(
        Object.entries(conditions).map(([name, spec]) => {
          if ('classes' in spec) return [name, [0]];
          const zeros = new Float32Array(sizeOf(spec));
          return [name, 'vector' in spec ? [zeros] : [{ data: zeros, shape: [1, zeros.length] }]];
        }),
      );

/** The number of forms whose programs are kept. Each holds the memory of a run. */
const MOST_FORMS = 4;

const released = fail('ConfigError', {
  where: 'sample',
  expected: 'a prepared sampling',
  actual: 'a sampling that was released',
  hint: 'release the sampling after the last request',
});

/**
 * Compiles the sampling of a trained model, to draw repeatedly. Gives the same samples as `sample`, for any batch size.
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
export const prepareSampling = <P, I extends ImageShape, K, Q = unknown, G = unknown, A extends string = string>(
  trained: Itself<Trained<P, I, K>>,
  options: Exact<G, keyof Preparation> &
    ForConditions<NoInfer<K>, G, unknown, A> &
    ForGuide<Q, G> &
    Preparation<Q, NoInfer<I>>,
): Effect<PreparedSampling<RequestFor<K, Added<G, A>>>> =>
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
    const conditions = someValues(trained.model.conditions ?? {});
    if (conditions !== null) yield* programsOf(yield* planned({ key: keyOf(0), conditions }));

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
