/** Pairs of noise and samples of a trained flow. */
import { namesOf } from '../../data/classNames.js';
import { columnsOf } from '../../data/columns.js';
import { hostRowsAt } from '../../data/hostRows.js';
import type { Effect } from '../../dsl/run/effect.js';
import { fork } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { take } from '../../internal/gen.js';
import type { Itself } from '../../internal/itself.js';
import { sizeOf } from '../../internal/numbers.js';
import { randomInto } from '../../internal/numerics/threefry.js';
import { schema } from '../../internal/schema.js';
import { checkedTrained, type Trained } from '../../checkpoints/trained.js';
import type { Dataset, ImageShape } from '../../data/dataset.js';
import { datasetOfNumbers } from '../../data/imageData.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { sample } from '../sample/sample.js';
import { countsOf, requestFields, type Sampling, samplerFields, valuesOf } from '../sample/sampling.js';
import type { ForConditions } from '../sample/classes.js';
import type { ImagesToCouple } from './coupling.js';
import { rowsAt } from './rowsAt.js';

const { solver, grid, guidance, correction, batch } = samplerFields;
const { key, count, labels, conditions, onStep, signal } = requestFields;
const samplingFields = { solver, grid, guidance, correction, batch, key, labels, conditions, count, onStep, signal };

/** The sampling of the pairs: options of `sample`. */
export interface ReflowSampling extends Pick<Sampling, keyof typeof samplingFields> {}

const reflows = schema('reflowPairs', samplingFields satisfies Record<keyof ReflowSampling, unknown>);

/** Samples as a data set, and the coupling that gives each sample the noise that it was drawn from. */
export interface ReflowPairs<I extends ImageShape> {
  readonly data: Dataset<I>;
  readonly coupling: (batch: ImagesToCouple) => Float32Array;
}

/**
 * Draws samples of a trained model for reflow (Liu et al. 2023), and returns them with their noise as the data and the
 * coupling of a second training. The flow of that training is close to a straight line, so few steps of {@link euler} are
 * enough. Use a deterministic solver. Pass the result to `fit` with the rest of a recipe on {@link rectifiedFlow}, and the
 * parameters of the model as `initial`. Fails with the errors of {@link sample}.
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
export const reflowPairs = <P, I extends ImageShape, K, G = unknown, H = unknown, A extends string = string>(
  trained: Itself<Trained<P, I, K>>,
  sampling: Exact<G, keyof ReflowSampling> & ForConditions<NoInfer<K>, G, H, A> & ReflowSampling,
): Effect<ReflowPairs<I>> =>
  genEffect('reflowPairs', function* (backend) {
    const { count, labels, conditions, ...settings } = yield* take(reflows.decode<ReflowSampling>(sampling));
    const { image, model, names: ofData } = yield* take(checkedTrained('reflowPairs')<Trained<P, I>>(trained));
    const values = valuesOf('reflowPairs', { ...(labels && { labels }), ...(conditions && { conditions }) });
    const names = namesOf(model.conditions, ofData);
    const columns = columnsOf({ where: 'reflowPairs', names }, model.conditions ?? {}, values);
    const { all } = countsOf('reflowPairs', columns, { ...(count !== undefined && { count }) }, undefined);
    const each = hostRowsAt(
      values,
      Array.from({ length: all }, (_, i) => i),
    );
    const noise = new Float32Array(all * sizeOf(image));
    randomInto('normal', fork(settings.key, 'reflow').reflow, noise);
    const from = { noise: { data: noise, shape: [all, ...image] as const } };
    const images = yield* take(sample<P, I, unknown>(trained, { ...settings, conditions: each, from })(backend));
    const data: Dataset = yield* take(datasetOfNumbers(images, { conditions: each, names }));
    return {
      data: data as Dataset<I>, // images of the model
      coupling: ({ positions }) => rowsAt(noise, sizeOf(image), positions),
    };
  });
