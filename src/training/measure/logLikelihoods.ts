import { gridPart } from '../../diffusion/grids/grid.js';
import { bitsOfBytes, likelihood } from '../../diffusion/index.js';
import { type Feed, foldIn, fork, type RandomKey, read, release, type Resident } from '../../dsl/index.js';
import type { Effect } from '../../dsl/run/effect.js';
import type { Exact } from '../../internal/exact.js';
import type { Itself } from '../../internal/itself.js';
import { E, t } from '../../internal/fp.js';
import { dual, type Dual } from '../../internal/dual.js';
import { type Block, hold, take } from '../../internal/gen.js';
import { sizeOf } from '../../internal/numbers.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { checkedTrained, type Trained } from '../../checkpoints/trained.js';
import type { DataFor, Dataset, ImageShape } from '../../data/dataset.js';
import { openLoop, runLoop } from '../loop.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { heard } from '../listener.js';
import { type BeginSpec, likelihoodLoop } from './likelihoodLoop.js';
import { checkImages, finiteOf, inBatches, type Measuring, measuringFields, type ResidentImages } from './measuring.js';

const flowFields = {
  /** The number of timesteps of the flow, `spaced` from the first to the last, or a grid; by default every timestep. */
  grid: optional(gridPart),
  /**
   * True if images are bytes, which have a probability but no density. Adds uniform noise, one level of a byte wide, to each
   * number; the mean of `bits` is then an upper bound of the bits of the bytes (Theis et al. 2016, section 3.1). Default
   * false.
   */
  dequantize: optional(t.boolean, false),
};

/** The images to measure, and options. */
export interface LikelihoodMeasuring<I extends ImageShape, D = Dataset<I>>
  extends Measuring<I, D>, OptionsOf<typeof flowFields> {}

/** The measurements of each image, in the order of the data set. */
export interface LogLikelihoods {
  /** log p(x) as a density over [-1, 1], in nats. */
  readonly nats: Float64Array;
  /** -log p(x) in bits per dimension, for bins one level of a byte wide: `bitsOfBytes`. */
  readonly bits: Float64Array;
}

const where = 'logLikelihoods';
const measurings = schema(where, { ...measuringFields, ...flowFields });

type BeginInputs<I extends ImageShape> = Feed<Resident<BeginSpec<I>>>;

/**
 * Measures log p(x) of each image of a data set under a trained model, by the ODE of its probability flow with
 * Hutchinson's estimate of the divergence: {@link likelihood}. Each image has its own random direction; the mean over
 * images, or over keys, is unbiased. Each step evaluates the model, and its vector-Jacobian product, twice. The memory
 * does not grow with the data. Takes the conditions of the data. Fails with `ConfigError` for an invalid configuration, or for
 * data that `fit` refuses, and with `NonFinite`.
 * @example
 * // of data N(0, I) nothing moves: v̂ = 0
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const model: Model<object, [1, 1, 1]> = { ...none, predicts: 'v', apply: (_, x) => zerosLike(x) }
 * const data = unwrap(datasetOfImages({ data: Float32Array.of(0, 1), shape: [2, 1, 1, 1] }, { image: [1, 1, 1] }))
 * const trained = { model, noising: unwrap(ddpm(cosine(1000))), image: [1, 1, 1], params: {} } as const
 * await using nf = await open(reference())
 * const result = await nf.run(logLikelihoods(trained, { data, grid: 10, batch: 2, key: key(7) }))
 * result.nats // → [-0.9189, -1.4189]
 */
export const logLikelihoods: Dual<
  <P, I extends ImageShape, G = unknown>(
    trained: Itself<Trained<P, I>>,
    measuring: Exact<G, keyof LikelihoodMeasuring<ImageShape>> & LikelihoodMeasuring<NoInfer<I>, DataFor<NoInfer<I>>>,
  ) => Effect<LogLikelihoods>,
  <I extends ImageShape, G = unknown>(
    measuring: Exact<G, keyof LikelihoodMeasuring<ImageShape>> & LikelihoodMeasuring<I>,
  ) => <P>(trained: Itself<Trained<P, I>>) => Effect<LogLikelihoods>
> = dual(where, 2, <P, I extends ImageShape>(trained: Trained<P, I>, measuring: LikelihoodMeasuring<I>) =>
  genEffect(where, function* (backend) {
    const options = yield* take(measurings.decode<LikelihoodMeasuring<I>>(measuring));
    const { dequantize, conditions: made, onStep, signal, key, grid } = options;
    const { model, noising, image, params } = yield* take(checkedTrained(where)(trained));
    const steps = grid === undefined ? {} : { grid };
    const flow = yield* take(likelihood({ noising, denoiser: model, ...steps }));
    const images = {
      where,
      trained,
      measuring: options,
      ofBytes: dequantize ? 'round images to bytes, or leave out `dequantize`' : null,
    };
    const { count, batch, rounds } = yield* checkImages(images);

    const parts = { flow, batch, dequantize, made };
    const loop = yield* hold(openLoop(likelihoodLoop(trained, parts))(backend), (open) => open.release());
    const keys = fork(key, 'direction', 'bytes');
    const nats = new Float64Array(count);

    function* measure({
      index,
      first,
      positions,
      x0,
      conditions,
      conditionKey,
      ...of
    }: ResidentImages<I>): Block<void> {
      // images that fill up a batch have their own keys too
      const ofEach = (parent: RandomKey) => Array.from(positions, (_, i) => foldIn(parent, first + i));
      const directions = ofEach(keys.direction);
      const done = (index / batch) * flow.steps;
      const result = yield* hold(
        runLoop(loop, {
          begin: { x0, ...(dequantize && { keys: ofEach(keys.bytes) }) } as BeginInputs<I>, // a value is a feed of its tensor
          constants: { params, conditions, x0 },
          steps: flow.steps,
          inputs: (step) => E.right({ index: step, keys: directions, conditionKey }),
          onStep: (_, step) => heard(`${where}.onStep`, () => onStep?.(done + step + 1, rounds * flow.steps))(backend),
          signal,
        }),
        (values) => release(values)(backend),
      );
      const numbers = yield* take(read(result)(backend));
      nats.set(finiteOf(where, { first, ...of }, numbers), index);
    }
    yield* take(inBatches(images)(backend)(measure));
    const bits = bitsOfBytes(sizeOf(image));
    return { nats, bits: nats.map(bits) };
  }),
);
