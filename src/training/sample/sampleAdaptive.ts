/** Samples of a trained model, by an adaptive step size. */
import {
  type AdaptiveOptions,
  type AdaptiveState,
  atSigmas,
  clipToImage,
  type GuidedParams,
} from '../../diffusion/index.js';
import { adaptiveFields, adaptiveSamplerOf } from '../../diffusion/sampling/adaptiveSampler.js';
import { leafSpec, treeSpec } from '../../dsl/index.js';
import type { Effect } from '../../dsl/run/effect.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { positive } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { E } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import type { Itself } from '../../internal/itself.js';
import { optional, schema } from '../../internal/schema.js';
import { checkedTrained, type Trained } from '../../checkpoints/trained.js';
import type { ImageShape } from '../../data/dataset.js';
import type { Images } from '../../data/images.js';
import type { ForConditions, ForGuide } from './classes.js';
import { besideGuide } from './guide.js';
import { drawnOnce } from './runSampling.js';
import type { Walk } from './sampleLoop.js';
import { checkedRequest } from './samplePlan.js';
import { requestFields, type Sampling, toData, samplerFields } from './sampling.js';

const { key, labels, conditions, count, first, signal } = requestFields;
const { guidance, guide, correction, batch, allowOtherNoising } = samplerFields;
const samplingFields = {
  ...{ key, labels, conditions, count, first, signal },
  ...{ guidance, guide, correction, batch, allowOtherNoising, toData },
};

/** The samples to draw, and the options of `sample` that do not need a fixed grid. */
export interface AdaptiveSampling<Q = unknown, J extends ImageShape = ImageShape>
  extends AdaptiveOptions, Pick<Sampling<Q, J>, keyof typeof samplingFields> {
  /** The largest number of attempted steps, after which sampling fails; default 1000. */
  readonly attempts?: number;
}

const samplings = schema('sampleAdaptive', {
  ...samplingFields,
  ...adaptiveFields,
  attempts: optional(positive, 1000),
} satisfies Record<keyof AdaptiveSampling, unknown>);

/** Samples, and the evaluations that they took. */
export interface AdaptiveSamples extends Images {
  /** The number of evaluations of the model for each sample. */
  readonly evaluations: readonly number[];
}

/**
 * Draws samples by an adaptive solver: DPM-Solver-12 or -23 (Lu et al. 2022a, appendix C) with the step size of
 * `sample_dpm_adaptive` of k-diffusion. Every sample has its own steps, which only its own errors determine, so the same key
 * gives the same samples for any batch and count; a batch takes as many attempts as its slowest sample. Smaller `rtol` and
 * `atol` take more evaluations; the result has their number. With `eta` > 0 the steps add noise.
 *
 * Fails with the errors of {@link sample}, and with a `ConfigError` for samples that are not at the end after `attempts`.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const model: Model<object, [1, 1, 1]> = { ...none, predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const trained = { model, noising: unwrap(ddpm(linear(1000))), image: [1, 1, 1], params: {} } as const
 * await using nf = await open(reference())
 * const samples = await nf.run(sampleAdaptive(trained, { key: key(8), count: 2 }))
 * samples.data // → [1, 1]
 */
export const sampleAdaptive = <
  P,
  I extends ImageShape,
  K,
  Q = unknown,
  G = unknown,
  H = unknown,
  A extends string = string,
>(
  trained: Itself<Trained<P, I, K>>,
  sampling: Exact<G, keyof AdaptiveSampling> &
    ForConditions<NoInfer<K>, G, H, A> &
    ForGuide<Q, G> &
    AdaptiveSampling<Q, NoInfer<I>>,
): Effect<AdaptiveSamples> =>
  genEffect('sampleAdaptive', function* (backend) {
    const where = 'sampleAdaptive';
    const settings = yield* take(samplings.decode<AdaptiveSampling<Q, I>>(sampling));
    yield* take(checkedTrained(where)(trained));
    const { noising, image } = trained;
    if (settings.max !== undefined) yield* take(atSigmas([settings.max])(noising));
    const whole = besideGuide(where, trained, settings.guide);
    const { guided, ...request } = checkedRequest<GuidedParams<P, Q>, I>(where, whole, settings, null);
    const { correction = clipToImage, attempts, ...control } = settings;
    const sampler = yield* take(adaptiveSamplerOf<GuidedParams<P, Q>, I>({ ...control, noising, guided, correction }));
    const [x, each] = [leafSpec(['B', ...image]), leafSpec(['B'])];
    const walk: Walk<GuidedParams<P, Q>, I, AdaptiveState<'B', I>> = {
      ...sampler,
      steps: attempts,
      state: treeSpec({ x, low: x, lambda: each, h: each, inverses: [each, each], evaluations: each, isLeft: each }),
    };
    const drawing = { ...request, walk, noisesAt: () => () => E.right({}) };
    const { images, evaluations } = yield* drawnOnce(drawing, backend);
    return { ...images, evaluations };
  });
