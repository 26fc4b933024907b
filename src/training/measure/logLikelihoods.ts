import { effect, type Effect } from '../../dsl/run/effect.js';
import { bitsOfBytes, type Grid, likelihood, type Likelihood } from '../../diffusion/index.js';
import {
  type Backend,
  foldIn,
  fork,
  type HostArray,
  iterate,
  type NoisefoldError,
  type RandomKey,
  read,
  release,
  type Resident,
  type Value,
} from '../../dsl/index.js';
import { exactly } from '../../internal/decode.js';
import { F, RTE, t, TE, type taskEither } from '../../internal/fp.js';
import { ensuring } from '../../internal/scope.js';
import { checked, grid } from '../checked.js';
import type { ImageShape } from '../data/dataset.js';
import { heldGrid } from '../sample/givenParts.js';
import { beginLikelihood, endLikelihood, likelihoodStep } from './likelihoodPrograms.js';
import {
  checkedImagesOf,
  countsIn,
  finiteOf,
  inBatches,
  type Measuring,
  measuringFields,
  type ResidentImages,
} from './measuring.js';
import { compiled, type OpenExecutable } from '../open.js';
import { total } from '../total.js';
import type { Trained } from '../trained.js';

/** Whose likelihood is measured, and how closely. */
export interface LikelihoodMeasuring<I extends ImageShape> extends Measuring<I> {
  /** How many timesteps the flow is followed by, `spaced` from the first to the last, or a grid; every timestep if not given. */
  readonly grid?: number | Grid;
  /**
   * Whether images are bytes, which have a probability and no density: each is then spread over its width, and `bits` bound
   * those of the bytes from above on the mean (Theis et al. 2016, section 3.1). False if not given: images are taken as they are.
   */
  readonly dequantize?: boolean;
}

/** What was measured, of each image in the order of the data set. */
export interface LogLikelihoods {
  /** log p(x) as a density over [-1, 1], in nats. */
  readonly nats: Float64Array;
  /** The same as bits per dimension, of numbers as wide as a byte: `bitsOfBytes`. */
  readonly bits: Float64Array;
}

const [required, optional] = measuringFields;
const codec = exactly(required, {
  ...optional,
  grid,
  dequantize: t.boolean,
});

interface ResidentState {
  readonly x: Value<readonly number[]>;
  readonly stretch: Value<readonly number[]>;
}
interface BeginGiven {
  readonly x0: Value<readonly number[]>;
  readonly keys?: readonly RandomKey[];
}
interface StepGiven<P> {
  readonly params: Resident<P>;
  readonly state: ResidentState;
  readonly index: number;
  readonly keys: readonly RandomKey[];
  readonly label?: HostArray;
  readonly given?: { readonly x0: Value<readonly number[]>; readonly key: RandomKey };
}
interface StepTaken {
  readonly state: ResidentState;
}

interface Measurer<P, I extends ImageShape> {
  readonly backend: Backend;
  readonly trained: Trained<P, I>;
  readonly measuring: LikelihoodMeasuring<I>;
  readonly flow: Likelihood<P, I>;
  readonly begin: OpenExecutable<BeginGiven, ResidentState>;
  readonly step: OpenExecutable<StepGiven<P>, StepTaken>;
  readonly end: OpenExecutable<ResidentState, Value<readonly number[]>>;
}

/** log p of the images of a batch, those included that fill it up. */
const followed = <P, I extends ImageShape>(
  { backend, trained: { params }, measuring, flow: { steps }, begin, step, end }: Measurer<P, I>,
  { first, positions, x0, label, conditionKey }: ResidentImages,
): taskEither.TaskEither<NoisefoldError, ArrayLike<number>> => {
  const { key, condition, dequantize = false, onStep, signal } = measuring;
  const { batch, rounds } = countsIn(measuring);
  const keys = fork(key, 'direction', 'bytes');
  const ofEach = (parent: RandomKey) => Array.from(positions, (position) => foldIn(parent, position));
  const directions = ofEach(keys.direction);
  const before = (first / batch) * steps;
  return F.pipe(
    begin.run({ x0, ...(dequantize && { keys: ofEach(keys.bytes) }) }),
    TE.flatMap((state) =>
      iterate(step, {
        name: 'log-likelihoods',
        times: steps,
        inputs: (index) => ({
          params,
          index,
          keys: directions,
          ...(label && { label }),
          ...(condition && { given: { x0, key: conditionKey } }),
        }),
        onStep: (_, index) => RTE.fromIO(() => onStep?.(before + index + 1, rounds * steps)),
        signal,
      })({ state })(backend),
    ),
    TE.flatMap(({ state }) => F.pipe(end.run(state), ensuring(release(state)(backend)))),
    TE.flatMap((nats) => F.pipe(read<'float32'>(nats)(backend), ensuring(release(nats)(backend)))),
  );
};

const measuredBy = <P, I extends ImageShape>(
  m: Measurer<P, I>,
): taskEither.TaskEither<NoisefoldError, LogLikelihoods> => {
  const { measuring, trained } = m;
  const nats = new Float64Array(countsIn(measuring).count);
  const bits = bitsOfBytes((trained.image as readonly number[]).reduce((size, extent) => size * extent, 1));
  return F.pipe(
    inBatches({ ...m, ...imagesFor(measuring) })(m.backend)((images) =>
      F.pipe(
        followed(m, images),
        TE.flatMapEither(finiteOf('logLikelihoods', images)),
        TE.map((found) => nats.set(found, images.first)),
      ),
    ),
    TE.map(() => ({ nats, bits: nats.map(bits) })),
  );
};

const imagesFor = ({ dequantize = false }: { readonly dequantize?: boolean }) => ({
  where: 'logLikelihoods',
  ofBytes: dequantize,
});

/**
 * log p(x) of each image of a data set under a trained model, by the ODE of its probability flow with Hutchinson's estimate
 * of the divergence: {@link likelihood}, which says what it is exact for. Each image has a direction of its own, whose chance
 * the mean over images, or over keys, takes out. Each step evaluates the model, and its product with the Jacobian, twice. On the
 * backend of the environment, whose memory does not grow with the data. Classes of a model are those of the data.
 *
 * A configuration that cannot work, and what `fit` would refuse of the data, is a `ConfigError`; a result that is no number
 * is `NonFinite`.
 * @example
 * // of data N(0, I) nothing moves: v̂ = 0
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const still: Model<object, [1, 1, 1]> = { ...none, predicts: 'v', apply: (_, x) => zerosLike(x) }
 * const grey = datasetOfImages({ data: Float32Array.of(0, 1), shape: [2, 1, 1, 1] }, { image: [1, 1, 1] })
 * const measured = pipe(
 *   RTE.Do,
 *   RTE.bind('process', () => RTE.fromEither(ddpm(cosine(1000)))),
 *   RTE.bind('data', () => RTE.fromEither(grey)),
 *   RTE.flatMap(({ process, data }) =>
 *     logLikelihoods({ data, grid: 10, batch: 2, key: key(7) })({ model: still, process, image: [1, 1, 1], params: {} }),
 *   ),
 *   RTE.map(({ nats }) => nats),
 *   using(reference()),
 * )
 * await measured() // → E.right([-0.9189, -1.4189])
 */
export const logLikelihoods =
  <I extends ImageShape>(measuring: LikelihoodMeasuring<I>) =>
  <P>(trained: Trained<P, I>): Effect<LogLikelihoods> =>
    effect((backend) =>
      total('logLikelihoods', () =>
        F.pipe(
          TE.fromEither(checked('logLikelihoods', codec)(measuring)),
          TE.flatMapEither(({ grid }) =>
            likelihood<P, I>({
              process: trained.process,
              denoiser: trained.model,
              ...(grid !== undefined && { grid: heldGrid('logLikelihoods', grid) }),
            }),
          ),
          TE.tap(() => checkedImagesOf({ trained, measuring, ...imagesFor(measuring) })),
          TE.flatMap((flow) => {
            const { condition, dequantize = false } = measuring;
            const { batch } = countsIn(measuring);
            const at = { B: batch };
            return F.pipe(
              compiled(beginLikelihood(trained, flow, batch, dequantize), at)<BeginGiven, ResidentState>(backend),
              TE.flatMap((begin) =>
                F.pipe(
                  compiled(likelihoodStep(trained, flow, batch, condition), at, { donate: ['state'] })<
                    StepGiven<P>,
                    StepTaken
                  >(backend),
                  TE.flatMap((step) =>
                    F.pipe(
                      compiled(endLikelihood(trained, flow), at)<ResidentState, Value<readonly number[]>>(backend),
                      TE.flatMap((end) =>
                        F.pipe(
                          measuredBy({ backend, trained, measuring, flow, begin, step, end }),
                          ensuring(end.release),
                        ),
                      ),
                      ensuring(step.release),
                    ),
                  ),
                  ensuring(begin.release),
                ),
              ),
            );
          }),
        ),
      ),
    );
