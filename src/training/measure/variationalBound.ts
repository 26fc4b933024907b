import { gridPart } from '../../diffusion/grids/grid.js';
import type { Correction } from '../../diffusion/index.js';
import { boundLevels } from '../../diffusion/likelihood/boundEvaluation.js';
import { type Feed, foldIn, fork, read, release } from '../../dsl/index.js';
import type { Effect } from '../../dsl/run/effect.js';
import type { Exact } from '../../internal/exact.js';
import type { Itself } from '../../internal/itself.js';
import { E } from '../../internal/fp.js';
import { dual, type Dual } from '../../internal/dual.js';
import { type Block, hold, take } from '../../internal/gen.js';
import { functionOf, oneOf } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { DataFor, Dataset, ImageShape } from '../../data/dataset.js';
import { openLoop, runLoop } from '../loop.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { heard } from '../listener.js';
import type { Trained } from '../../checkpoints/trained.js';
import { boundLoop } from './boundLoop.js';
import { boundOf, type DatasetBound, noSums, withBatch } from './boundSums.js';
import { checkImages, finiteOf, inBatches, type Measuring, measuringFields, type ResidentImages } from './measuring.js';

const boundFields = {
  /**
   * The noise levels of the terms on a continuous path: a grid, or a number of equal steps of log σ from 80 to 0.002; by
   * default 100. Each term takes one evaluation.
   */
  grid: optional(gridPart),
  /** The variance σ_t² for a model that does not learn it; by default β̃_t of the posterior. */
  variance: optional(oneOf('posterior', 'beta')),
  /** The normal cdf in the term of least noise: exact by default, 'erf'. */
  cdf: optional(oneOf('erf', 'tanh')),
  /** The correction of x̂₀; by default `clipToImage`. */
  correction: optional(functionOf<Correction>('a correction, such as clipToImage')),
};

/** The images to measure, and options of the bound. */
export interface BoundMeasuring<I extends ImageShape, D = Dataset<I>>
  extends Measuring<I, D>, OptionsOf<typeof boundFields> {}

const where = 'variationalBound';
const measurings = schema(where, { ...measuringFields, ...boundFields });

/**
 * Measures the variational bound of a data set, in bits per dimension, with its parts: L_T, the term of each t, and the
 * errors of x̂₀ and ε̂ at each t (DDPM, Ho et al. 2020, eq. 5; Improved DDPM, Nichol & Dhariwal 2021, section 3). Evaluates
 * all T timesteps of each image, each with its own noise. A process made by `respace` has fewer timesteps, and its own
 * bound. On a continuous path the terms are the parts of an integral over the log-SNR, from σ = 80 to 0.002 (VDM, Kingma
 * et al. 2021, section 5): `terms[0]` is -log p(x₀|x_t) at the least noise, and L_T is at the most noise. The memory does
 * not grow with the data. Takes the conditions of the data, without dropout. Fails with `ConfigError` for images that are not
 * bytes, which the term of least noise requires, for an invalid configuration, or for data that `fit` refuses, and with
 * `NonFinite`.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const model: Model<object, [1, 1, 1]> = { ...none, predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(255, 255, 255), image: [1, 1, 1] })) // as it says
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const measuring = { data, batch: 2, key: key(7) }
 * const trained = { model, noising, image: data.image, params: {} }
 * await using nf = await open(reference())
 * const bound = await nf.run(variationalBound(trained, measuring))
 * bound.prior // → 0.322
 * bound.terms[1] // → 0
 * bound.standardError // → 0
 */
export const variationalBound: Dual<
  <P, I extends ImageShape, G = unknown>(
    trained: Itself<Trained<P, I>>,
    measuring: Exact<G, keyof BoundMeasuring<ImageShape>> & BoundMeasuring<NoInfer<I>, DataFor<NoInfer<I>>>,
  ) => Effect<DatasetBound>,
  <I extends ImageShape, G = unknown>(
    measuring: Exact<G, keyof BoundMeasuring<ImageShape>> & BoundMeasuring<I>,
  ) => <P>(trained: Itself<Trained<P, I>>) => Effect<DatasetBound>
> = dual(where, 2, <P, I extends ImageShape>(trained: Trained<P, I>, measuring: BoundMeasuring<I>) =>
  genEffect(where, function* (backend) {
    const known = yield* take(measurings.decode<BoundMeasuring<I>>(measuring));
    const { conditions: made, variance, grid, cdf, correction, onStep, signal, key } = known;
    const images = {
      where,
      trained,
      measuring: known,
      ofBytes: 'round images to bytes, or measure their density: logLikelihoods',
    };
    const { batch, rounds } = yield* checkImages(images);

    const options = {
      ...(grid !== undefined && { grid }),
      ...(variance && { variance }),
      ...(cdf && { cdf }),
      ...(correction && { correction }),
    };
    const levels = yield* take(boundLevels(where, trained.noising, options.grid));
    const T = levels.length;
    const loop = yield* hold(openLoop(boundLoop(trained, batch, made, levels, options))(backend), (open) =>
      open.release(),
    );
    const { noise } = fork(key, 'noise');
    let sums = noSums(T); // continues from batch to batch

    function* measure({
      index: from,
      first,
      count,
      positions,
      x0,
      conditions,
      conditionKey,
    }: ResidentImages<I>): Block<void> {
      const noiseOf = Array.from(positions, (_, i) => foldIn(noise, first + i)); // also for images that fill up a batch
      const done = (from / batch) * T;
      const result = yield* hold(
        runLoop(loop, {
          begin: { x0 } as Feed<{ readonly x0: typeof x0 }>, // a value is a feed of its tensor
          constants: { params: trained.params, x0, conditions },
          steps: T,
          inputs: (index) => {
            const at = T - 1 - index;
            return E.right({ t: at, keys: noiseOf.map(foldIn(at)), conditionKey });
          },
          onStep: (_, index) => heard(`${where}.onStep`, () => onStep?.(done + index + 1, rounds * T))(backend),
          signal,
        }),
        (values) => release(values)(backend),
      );
      const priors = yield* take(read(result.prior)(backend));
      const table = yield* take(read(result.table)(backend));
      sums = withBatch(count, priors, table)(sums);
      finiteOf(where, { first, count }, sums.images.slice(from));
    }
    yield* take(inBatches(images)(backend)(measure));
    return boundOf(sums);
  }),
);
