/** Samples of a trained model, by steps that are chosen by their errors. */
import {
  type AdaptiveOptions,
  adaptiveSampler,
  type AdaptiveState,
  atSigmas,
  ddim,
  drawnBy,
  type Guidance,
  type GuidedParams,
  unguided,
} from '../../diffusion/index.js';
import { usualRange } from '../../diffusion/grids/sigmaGrid.js';
import { adaptiveFields } from '../../diffusion/sampling/adaptiveSampler.js';
import {
  type Backend,
  type Key,
  foldIn,
  leafSpec,
  max as maxOf,
  normalLike,
  program,
  read,
  release,
  type Tensor,
  treeSpec,
  type TreeSpec,
  zeros,
} from '../../dsl/index.js';
import type { Effect } from '../../dsl/run/effect.js';
import { storedIn } from '../../dsl/run/storedIn.js';
import { positive } from '../../internal/decode.js';
import { fail, orRaise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { E } from '../../internal/fp.js';
import { type Block, gen, hold, take } from '../../internal/gen.js';
import type { Itself } from '../../internal/itself.js';
import { optional, schema } from '../../internal/schema.js';
import { breather, mayGoOn } from '../../internal/stop.js';
import { checkedTrained, type Trained } from '../../checkpoints/trained.js';
import type { ImageShape } from '../../data/dataset.js';
import { type Images, imagesOf } from '../../data/images.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { type Loop, openLoop, type OpenLoopOf } from '../loop.js';
import type { ForClasses, ForGuide } from './classes.js';
import { besideGuide } from './guide.js';
import { finiteSamples, keysOf, uploadedConstants } from './runSampling.js';
import { keysSpec, type SampleConstants } from './sampleLoop.js';
import { guidedModel, planOf, type SamplePlan } from './samplePlan.js';
import { requestFields, type Sampling, toData, samplerFields } from './sampling.js';

const { key, labels, count, first, signal } = requestFields;
const { guidance, guide, correction, batch, allowOtherNoising } = samplerFields;
const samplingFields = {
  ...{ key, labels, count, first, signal },
  ...{ guidance, guide, correction, batch, allowOtherNoising, toData },
};

/** The samples to draw, and options: those of `sample` that do not depend on steps that are fixed before. */
export interface AdaptiveSampling<Q = unknown, J extends ImageShape = ImageShape>
  extends AdaptiveOptions, Pick<Sampling<Q, J>, keyof typeof samplingFields> {
  /** The most attempts of a step, after which drawing fails; 1000 if left out. */
  readonly attempts?: number;
}

const samplings = schema('sampleAdaptive', {
  ...samplingFields,
  ...adaptiveFields,
  attempts: optional(positive, 1000),
} satisfies Record<keyof AdaptiveSampling, unknown>);

/** Samples, and what they cost. */
export interface AdaptiveSamples extends Images {
  /** The number of evaluations of the model for each sample. */
  readonly evaluations: readonly number[];
}

interface BeginSpec {
  readonly keys: readonly Key[];
}

/** The output of a step: 1 while a sample is on its way. */
interface Left {
  readonly left: Tensor<[]>;
}

interface Outcome<I extends ImageShape> {
  readonly x: Tensor<['B', ...I]>;
  readonly evaluations: Tensor<['B']>;
}

type AdaptiveLoop<P, I extends ImageShape> = Loop<
  BeginSpec,
  SampleConstants<P, I>,
  AdaptiveState<'B', I>,
  Partial<BeginSpec>,
  Left,
  Outcome<I>
>;

/** A batch as a loop, with one graph for all attempts. */
const adaptiveLoop = <P, I extends ImageShape>(
  { where, trained, batch: size, sampling }: SamplePlan<P, I>,
  how: Pick<AdaptiveSampling, 'correction' | 'toData'> & AdaptiveOptions,
  guide: Guidance<P, I>,
): AdaptiveLoop<P, I> => {
  const { noising, image, model, params } = trained;
  const denoiser = orRaise(guidedModel<P, I>(where, trained, guide));
  const { start, step, finish, stochastic } = orRaise(adaptiveSampler<P, I>({ ...how, noising, denoiser }));
  const [x, each] = [leafSpec(['B', ...image]), leafSpec(['B'])];
  const state: TreeSpec<AdaptiveState<'B', I>> = treeSpec({
    ...{ x, low: x, lambda: each, h: each, inverses: [each, each], evaluations: each, isLeft: each },
  });
  const inputs: TreeSpec<SampleConstants<P, I> & Partial<BeginSpec> & { readonly state: AdaptiveState<'B', I> }> =
    treeSpec({
      params: model.params,
      state,
      ...(stochastic && { keys: keysSpec(size) }),
      ...(sampling.labels && { label: leafSpec(['B'], 'int32') }),
    });
  return {
    name: 'sampling',
    extents: { B: size },
    storage: storedIn('params', params),
    begin: program(treeSpec<BeginSpec>({ keys: keysSpec(size) }), ({ keys }) => {
      const like = zeros(size, ...(image as readonly number[])) as Tensor<['B', ...I]>; // the shape of the model's samples
      return start<'B'>(drawnBy(keys, normalLike)(like));
    }),
    step: program(inputs, ({ params: of, state: at, label, keys }) => {
      const next = step<'B'>(of, at, { ...(label && { label }), ...(keys && { key: keys }) });
      return { state: next, left: maxOf(next.isLeft) };
    }),
    end: program(treeSpec<{ readonly state: AdaptiveState<'B', I> }>({ state }), ({ state: at }) => ({
      x: finish<'B'>(at),
      evaluations: at.evaluations,
    })),
  };
};

/** Draws batch number `b`. */
function* drawnBatch<P, I extends ImageShape>(
  plan: SamplePlan<P, I>,
  loop: OpenLoopOf<AdaptiveLoop<P, I>>,
  { attempts, eta }: { readonly attempts: number; readonly eta: number },
  b: number,
  backend: Backend,
): Block<AdaptiveSamples> {
  const freed = (tree: unknown) => release(tree)(backend);
  const constants = yield* uploadedConstants(plan, null, b, backend);
  const first = yield* take(loop.begin({ keys: keysOf(plan, b, 'start') }));
  const run = yield* hold(E.right(loop.from(first, constants)), (running) => running.release);
  const breathe = breather();
  const stepKeys = keysOf(plan, b, 'steps');
  for (let attempt = 0, left = true; left; attempt++) {
    yield* take(mayGoOn(`${plan.where}, attempt ${attempt}`, breathe, plan.sampling.signal));
    if (attempt === attempts)
      yield* take(
        fail('ConfigError', {
          where: `${plan.where}.attempts`,
          expected: 'all samples at the end',
          actual: `some on the way after ${attempts} attempts`,
          hint: 'raise rtol or atol, or allow more attempts; a prediction that is not finite never ends',
        }),
      );
    const keys = eta > 0 ? { keys: stepKeys.map(foldIn(attempt)) } : {};
    const [most] = yield* take(run.step(keys, (output) => read(output.left)(backend)));
    left = most! > 0;
  }
  const { x, evaluations } = yield* hold(run.end, freed);
  const samples = yield* take(finiteSamples(plan, b * plan.batch, 'sample', yield* take(read(x)(backend))));
  return { ...samples, evaluations: [...(yield* take(read(evaluations)(backend)))] };
}

/**
 * Draws samples by an adaptive solver: DPM-Solver-12 or -23 (Lu et al. 2022a, appendix C) with the step size of
 * `sample_dpm_adaptive` of k-diffusion. Every sample has steps of its own, which only its errors determine, so the same key gives
 * the same samples for any batch and count; a batch takes as many attempts as the sample that needs most. A smaller `rtol` and
 * `atol` take more evaluations, of which the result has the number. With `eta` steps add noise.
 *
 * Fails with the errors of {@link sample}, and with a `ConfigError` for samples that are not at the end after `attempts`, and for a
 * model that is conditioned on images, which this function does not take.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const model: Model<object, [1, 1, 1]> = { ...none, predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const trained = { model, noising: unwrap(ddpm(linear(1000))), image: [1, 1, 1], params: {} } as const
 * await using nf = await open(reference())
 * const samples = await nf.run(sampleAdaptive(trained, { key: key(8), count: 2 }))
 * samples.data // → [1, 1]
 */
export const sampleAdaptive = <P, I extends ImageShape, K, Q = unknown, G = unknown>(
  trained: Itself<Trained<P, I, K>>,
  sampling: Exact<G, keyof AdaptiveSampling> & ForClasses<K, G> & ForGuide<Q, G> & AdaptiveSampling<Q, NoInfer<I>>,
): Effect<AdaptiveSamples> =>
  genEffect('sampleAdaptive', function* (backend) {
    const where = 'sampleAdaptive';
    const { attempts, ...settings } = yield* take(samplings.decode<AdaptiveSampling<Q, I>>(sampling));
    yield* take(checkedTrained(where)(trained));
    const { order, space, rtol, atol, hInit, pcoeff, icoeff, dcoeff, acceptSafety, theta, eta, sNoise, ...others } =
      settings;
    const { min, max, ...shared } = others;
    const usual = usualRange(trained.noising);
    const range = { min: min ?? usual.min, max: max ?? usual.max };
    const control = { pcoeff, icoeff, dcoeff, acceptSafety, ...(theta !== undefined && { theta }) };
    const how = { order, space, rtol, atol, hInit, ...control, eta, sNoise, ...range };
    const whole = besideGuide(where, trained, settings.guide);
    const begin = atSigmas([range.max]);
    const plan = yield* take(
      planOf(where, 'data')(whole, { ...shared, solver: ddim(), grid: begin, toData: true }, null),
    );
    const { correction: corrects, toData: goes, guidance: guides = unguided } = settings;
    const definition = adaptiveLoop<GuidedParams<P, Q>, I>(
      plan,
      { ...how, toData: goes, ...(corrects && { correction: corrects }) },
      guides,
    );
    const loop = yield* hold(openLoop(definition)(backend), (open) => open.release());
    const batches: AdaptiveSamples[] = [];
    for (let b = 0; b * plan.batch < plan.all; b++)
      batches.push(
        yield* take(gen(() => drawnBatch<GuidedParams<P, Q>, I>(plan, loop, { attempts, eta }, b, backend))),
      );
    const images = imagesOf(
      plan.all,
      trained.image,
      batches.map(({ data }) => data),
    );
    return { ...images, evaluations: batches.flatMap(({ evaluations }) => evaluations).slice(0, plan.all) };
  });
