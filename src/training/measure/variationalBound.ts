import { effect, type Effect } from '../../dsl/run/effect.js';
import type { Correction, ReverseVariance } from '../../diffusion/index.js';
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
import { beginBound, boundStep } from './boundPrograms.js';
import { boundOf, type DatasetBound, noSums, withBatch } from './boundSums.js';
import { checked, functionPart } from '../checked.js';
import type { ImageShape } from '../data/dataset.js';
import { heldCorrection } from '../sample/givenParts.js';
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

/** Which bound is measured, of which images. */
export interface BoundMeasuring<I extends ImageShape> extends Measuring<I> {
  /** σ_t² of a model that does not learn it: the posterior's β̃_t if not given. */
  readonly variance?: ReverseVariance;
  /** What is done to x̂₀: `clipToImage` if not given. */
  readonly correction?: Correction;
}

const [required, optional] = measuringFields;
const codec = exactly(required, {
  ...optional,
  variance: t.keyof({ posterior: null, beta: null }, "'posterior' or 'beta'"),
  correction: functionPart('a correction, such as clipToImage'),
});

type Table = Value<readonly number[]>;

interface Begun {
  readonly prior: Table;
  readonly measured: Table;
}
interface StepGiven<P> {
  readonly params: Resident<P>;
  readonly measured: Table;
  readonly x0: Table;
  readonly t: number;
  readonly keys: readonly RandomKey[];
  readonly label?: HostArray;
  readonly conditionKey?: RandomKey;
}
interface StepTaken {
  readonly measured: Table;
}

interface Measurer<P, I extends ImageShape> {
  readonly backend: Backend;
  readonly trained: Trained<P, I>;
  readonly measuring: BoundMeasuring<I>;
  readonly begin: OpenExecutable<{ readonly x0: Table }, Begun>;
  readonly step: OpenExecutable<StepGiven<P>, StepTaken>;
}

/** A table with all its rows, step by step; `told` hears of each step. */
const tableOf = <P, I extends ImageShape>(
  { backend, trained, measuring, step }: Measurer<P, I>,
  { positions, x0, label, conditionKey }: ResidentImages,
  measured: Table,
  told: (step: number) => void,
): taskEither.TaskEither<NoisefoldError, Table> => {
  const { T } = trained.process.schedule;
  const { key, condition, signal } = measuring;
  const { noise } = fork(key, 'noise');
  const keyOf = Array.from(positions, (position) => foldIn(noise, position));
  return F.pipe(
    iterate(step, {
      name: 'variational bound',
      times: T,
      inputs: (index) => ({
        params: trained.params,
        x0,
        t: T - 1 - index,
        keys: keyOf.map(foldIn(T - 1 - index)),
        ...(label && { label }),
        ...(condition && { conditionKey }),
      }),
      onStep: (_, index) => RTE.fromIO(() => told(index)),
      signal,
    })({ measured })(backend),
    TE.map((end) => end.measured),
  );
};

/** The sums over all images, a batch at a time. */
const measuredBy = <P, I extends ImageShape>(
  m: Measurer<P, I>,
): taskEither.TaskEither<NoisefoldError, DatasetBound> => {
  const { backend, trained, measuring, begin } = m;
  const { T } = trained.process.schedule;
  const { batch, rounds } = countsIn(measuring);
  let sums = noSums(T); // moves on from batch to batch
  const measure = (images: ResidentImages): taskEither.TaskEither<NoisefoldError, void> => {
    const before = (images.first / batch) * T;
    return F.pipe(
      begin.run({ x0: images.x0 }),
      TE.flatMap(({ prior, measured }) =>
        F.pipe(
          tableOf(m, images, measured, (step) => measuring.onStep?.(before + step + 1, rounds * T)),
          TE.flatMap((table) => F.pipe(read(table)(backend), ensuring(release(table)(backend)))),
          TE.bindTo('rows'),
          TE.bind('priors', () => read(prior)(backend)),
          TE.flatMapEither(({ rows, priors }) => {
            sums = withBatch(images.count, priors, rows)(sums);
            return finiteOf('variationalBound', images)(sums.images.slice(images.first));
          }),
          TE.asUnit,
          ensuring(release(prior)(backend)),
        ),
      ),
    );
  };
  return F.pipe(
    inBatches({ ...m, ...boundOfBytes })(backend)(measure),
    TE.map(() => boundOf(sums)),
  );
};

const boundOfBytes = { where: 'variationalBound', ofBytes: true } as const;

/**
 * The variational bound of a data set, in bits per dimension, with its parts: L_T, the term of each t, and the errors of
 * x̂₀ and ε̂ there (DDPM, Ho et al. 2020, eq. 5; Improved DDPM, Nichol & Dhariwal 2021, section 3). All T timesteps of each
 * image are evaluated, with noise of their own: to pay for fewer, measure a shorter process, `respace`d, which has a
 * bound too. On the backend of the environment, whose memory does not grow with the data.
 *
 * L_0 is of bytes, so images that are none are a `ConfigError`; so is a configuration that cannot work, and what `fit` would
 * refuse of the data. Classes of a model are those of the data. Nothing is dropped, and x̂₀ is clipped unless `correction` says
 * otherwise. A result that is no number is `NonFinite`.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const white: Model<object, [1, 1, 1]> = { ...none, predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const pixels = Uint8Array.of(255, 255, 255) // as it says
 * const measured = pipe(
 *   RTE.Do,
 *   RTE.bind('process', () => RTE.fromEither(ddpm(scheduleFromBetas([0.36, 0.4375])))),
 *   RTE.bind('data', () => RTE.fromEither(datasetOf({ pixels, labels: pixels, image: [1, 1, 1] }))),
 *   RTE.flatMap(({ process, data }) =>
 *     variationalBound({ data, batch: 2, key: key(7) })({ model: white, process, image: data.image, params: {} }),
 *   ),
 *   using(reference()),
 * )
 * const bound = await measured()
 * pipe(bound, E.map(({ prior }) => prior)) // → E.right(0.322)
 * pipe(bound, E.map(({ terms }) => terms[1])) // → E.right(0)
 * pipe(bound, E.map(({ standardError }) => standardError)) // → E.right(0)
 */
export const variationalBound =
  <I extends ImageShape>(measuring: BoundMeasuring<I>) =>
  <P>(trained: Trained<P, I>): Effect<DatasetBound> =>
    effect((backend) =>
      total('variationalBound', () =>
        F.pipe(
          TE.fromEither(checked('variationalBound', codec)(measuring)),
          TE.tap(() => checkedImagesOf({ trained, measuring, ...boundOfBytes })),
          TE.map(({ condition, variance, correction }) => {
            const { batch } = countsIn(measuring);
            const options = {
              ...(variance && { variance }),
              ...(correction && { correction: heldCorrection('variationalBound', correction) }),
            };
            return { batch, stepOf: boundStep(trained, batch, condition, options) };
          }),
          TE.flatMap(({ batch, stepOf }) =>
            F.pipe(
              compiled(beginBound(trained), { B: batch })<{ readonly x0: Table }, Begun>(backend),
              TE.flatMap((begin) =>
                F.pipe(
                  compiled(stepOf, { B: batch }, { donate: ['measured'] })<StepGiven<P>, StepTaken>(backend),
                  TE.flatMap((step) =>
                    F.pipe(measuredBy({ backend, trained, measuring, begin, step }), ensuring(step.release)),
                  ),
                  ensuring(begin.release),
                ),
              ),
            ),
          ),
        ),
      ),
    );
