/** Pairs of noise and samples of a trained flow. */
import type { Effect } from '../../dsl/run/effect.js';
import { fork } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { t } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import type { Itself } from '../../internal/itself.js';
import { sizeOf } from '../../internal/numbers.js';
import { randomInto } from '../../internal/numerics/threefry.js';
import { optional, schema } from '../../internal/schema.js';
import { checkedTrained, type Trained } from '../../checkpoints/trained.js';
import type { Dataset, ImageShape } from '../../data/dataset.js';
import { datasetOfNumbers } from '../../data/imageData.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { labelNumbers } from '../sample/labels.js';
import { sample } from '../sample/sample.js';
import { requestFields, type Sampling, samplerFields } from '../sample/sampling.js';
import type { ImagesToCouple } from './coupling.js';
import { rowsAt } from './rowsAt.js';

const { solver, grid, guidance, correction, batch } = samplerFields;
const { key, count, onStep, signal } = requestFields;
const samplingFields = { solver, grid, guidance, correction, batch, key, onStep, signal };

/** The sampling of the pairs: options of `sample`. */
export interface ReflowSampling extends Pick<Sampling, keyof typeof samplingFields> {
  /** The number of pairs, if there are no labels; 1 if left out. */
  readonly count?: number;
  /** The class of each sample, for a model with classes: its number, or its name if the trained model has `classes`. */
  readonly labels?: readonly (number | string)[];
}

const reflows = schema('reflowPairs', {
  ...samplingFields,
  count,
  labels: optional(t.readonlyArray(t.union([t.number, t.string], 'the number or the name of a class'))),
} satisfies Record<keyof ReflowSampling, unknown>);

/** Samples as a data set, and the coupling that gives each sample the noise that it was drawn from. */
export interface ReflowPairs<I extends ImageShape> {
  readonly data: Dataset<I>;
  readonly coupling: (batch: ImagesToCouple) => Float32Array;
}

/**
 * Draws samples of a trained model for reflow (Liu et al. 2023): the data and the coupling of a training whose flow is
 * straighter. A flow between such pairs is close to a line, so that few steps of {@link euler} follow it. Take a solver without
 * noise. Give the result to `fit` beside the rest of a recipe on {@link rectifiedFlow}, with the parameters of the model as
 * `initial`. Fails with the errors of {@link sample}.
 *
 * @param trained - a flow, or any denoiser whose path begins in noise of variance 1
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const still: Model<object, [1, 1, 1]> = { ...none, predicts: 'velocity', apply: (_, x) => mul(x, 0.5) }
 * const trained = { model: still, noising: rectifiedFlow(), image: [1, 1, 1], params: {} } as const
 * await using nf = await open(reference())
 * const pairs = await nf.run(reflowPairs(trained, { solver: euler(), grid: 1, count: 2, key: key(7) }))
 * const { images } = unwrap(await pairs.data.batch(Int32Array.of(1))())
 * const [noise] = pairs.coupling({ images, positions: Int32Array.of(1) })
 * images[0]! / noise! // → 0.5
 */
export const reflowPairs = <P, I extends ImageShape, K, G = unknown>(
  trained: Itself<Trained<P, I, K>>,
  sampling: Exact<G, keyof ReflowSampling> & ReflowSampling,
): Effect<ReflowPairs<I>> =>
  genEffect('reflowPairs', function* (backend) {
    const { count: pairs = 1, labels: given, ...settings } = yield* take(reflows.decode<ReflowSampling>(sampling));
    const { image, model, classes } = yield* take(checkedTrained('reflowPairs')<Trained<P, I>>(trained));
    const labels = given && labelNumbers({ where: 'reflowPairs', denoiser: model, names: classes }, given);
    const all = labels?.length ?? pairs;
    const noise = new Float32Array(all * sizeOf(image));
    randomInto('normal', fork(settings.key, 'reflow').reflow, noise);
    const from = { noise: { data: noise, shape: [all, ...image] as const } };
    const images = yield* take(
      sample<P, I, unknown>(trained, { ...settings, ...(labels && { labels }), from })(backend),
    );
    const data: Dataset = yield* take(datasetOfNumbers(images, labels === undefined ? {} : { labels }));
    return {
      data: data as Dataset<I>, // images of the model
      coupling: ({ positions }) => rowsAt(noise, sizeOf(image), positions),
    };
  });
