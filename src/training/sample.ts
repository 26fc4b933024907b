/** Samples of a trained model: a sampler compiled once, run step by step with its state on the backend. */
import {
  type Correction,
  type Guidance,
  type Model,
  type Process,
  type Sampler,
  sampler,
  type SampleState,
  type Solver,
  type StepInputs,
} from '../diffusion/index.js';
import {
  type Backend,
  fail,
  failure,
  foldIn,
  fork,
  type HostArray,
  leafSpec,
  type NoisefoldError,
  normal,
  program,
  type Program,
  type RandomKey,
  read,
  release,
  type Shape,
  treeSpec,
  type TreeSpec,
  type Value,
} from '../dsl/index.js';
import { type either, E, F, type readerTaskEither, TE, type taskEither } from '../internal/fp.js';
import { compiled, type OpenExecutable, type ResidentTree } from './open.js';
import type { StopSignal } from './stop.js';
import { pause } from './pause.js';

/** A model with parameters on a backend. */
export interface Trained<P, I extends Shape> {
  readonly model: Model<P, I>;
  readonly process: Process;
  /** Height, width and channels of an image. */
  readonly image: readonly [number, number, number];
  /** The averaged parameters. */
  readonly params: ResidentTree;
}

/** Images on the host, in [-1, 1], row-major. */
export interface Images {
  readonly data: Float32Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
}

export interface Sampling {
  readonly solver: Solver;
  readonly guidance?: Guidance;
  readonly correction?: Correction;
  readonly key: RandomKey;
  /** The class of each sample, for a model with classes; their number is the number of samples. */
  readonly labels?: readonly number[];
  /** How many samples, where there are no labels; 1 if not given. */
  readonly count?: number;
  /** How many are made at a time; all if not given. */
  readonly batch?: number;
  /** Told after each step how many of all steps are done. */
  readonly onStep?: (done: number, of: number) => void;
  /** Ends the sampling before its next step, as `Cancelled`. */
  readonly signal?: StopSignal;
}

interface StepSpec<P, I extends Shape> {
  readonly params: P;
  readonly state: SampleState<['B', ...I]>;
  readonly inputs: StepInputs<'B'>;
}

const stepProgram = <P, I extends Shape>(
  { model, image }: Trained<P, I>,
  { step, memory, stochastic }: Sampler<P, I>,
  labelled: boolean,
): Program<StepSpec<P, I>, { readonly state: SampleState<['B', ...I]> }> => {
  const x = leafSpec(['B', ...image]);
  const spec: TreeSpec<StepSpec<P, I>> = treeSpec({
    params: model.params,
    state: { x, memory: Array.from({ length: memory }, () => x) },
    inputs: {
      index: leafSpec([], 'int32'),
      ...(stochastic ? { key: leafSpec([], 'key') } : {}),
      ...(labelled ? { label: leafSpec(['B'], 'int32') } : {}),
    },
  });
  return program(spec, ({ params, state, inputs }) => ({ state: step(params, state, inputs) }));
};

const startProgram = <P, I extends Shape>(
  { image }: Trained<P, I>,
  { start }: Sampler<P, I>,
  batch: number,
): Program<{ readonly key: RandomKeyTensor }, SampleState<['B', ...I]>> =>
  program({ key: 'key' }, ({ key }) =>
    // the shape of the model's samples, with the batch for 'B'
    start<'B'>(normal(batch, ...image)(key) as unknown as Parameters<typeof start<'B'>>[0]),
  );
type RandomKeyTensor = Parameters<ReturnType<typeof normal>>[0];

interface ResidentSample {
  readonly x: Value<readonly number[]>;
  readonly memory: readonly Value<readonly number[]>[];
}
interface StepGiven {
  readonly params: ResidentTree;
  readonly state: ResidentSample;
  readonly inputs: { readonly index: number; readonly key?: RandomKey; readonly label?: HostArray };
}

const checked = <P, I extends Shape>(
  { model: { classes } }: Trained<P, I>,
  { labels, count = 1 }: Sampling,
): either.Either<NoisefoldError, number> => {
  const wrong = labels?.find((label) => !Number.isInteger(label) || label < 0 || label > (classes ?? -1));
  if (wrong !== undefined)
    return fail('ConfigError', {
      where: 'sample: labels',
      expected:
        classes === undefined
          ? 'none: the model has no classes'
          : `classes from 0 to ${classes - 1} (${classes} is none)`,
      actual: `${wrong}`,
      hint: 'give labels that the model was trained with',
    });
  const all = labels?.length ?? count;
  return Number.isInteger(all) && all > 0
    ? E.right(all)
    : fail('ConfigError', {
        where: 'sample',
        expected: 'at least one sample',
        actual: `${all}`,
        hint: 'give labels, or a count',
      });
};

/**
 * Draws samples: Algorithm 2 of DDPM (Ho et al. 2020), or what the solver makes of it. The same key, count
 * and batch size give the same samples. Labels that the model does not have are a `ConfigError`.
 *
 * @example
 * const white: Model<object, [1, 1, 1]> = { ...collect({}), predicts: 'x0', apply: (_, x) => onesLike(x) }
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.map((process) => ({ model: white, process, image: [1, 1, 1] as const, params: {} })),
 *   RTE.flatMap(sample({ solver: ddim(5), count: 2, key: key(8) })),
 *   using(reference()),
 * )() // → E.right({ data: [1, 1], shape: [2, 1, 1, 1] })
 */
export const sample =
  (sampling: Sampling) =>
  <P, I extends Shape>(
    trained: Trained<P, I>,
  ): readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, Images> =>
  (backend) =>
    F.pipe(
      E.Do,
      E.bind('all', () => checked(trained, sampling)),
      E.bind('parts', () =>
        sampler<P, I>({ ...sampling, process: trained.process, denoiser: trained.model }),
      ),
      TE.fromEither,
      TE.flatMap(({ all, parts }) => {
        const batch = Math.min(all, sampling.batch ?? all);
        const labelled = sampling.labels !== undefined;
        return F.pipe(
          TE.Do,
          TE.bind('start', () =>
            compiled(
              startProgram(trained, parts, batch),
              {},
            )<{ readonly key: RandomKey }, ResidentSample>(backend),
          ),
          TE.bind('step', () =>
            compiled(
              stepProgram(trained, parts, labelled),
              { B: batch },
              { donate: ['state'] },
            )<StepGiven, { readonly state: ResidentSample }>(backend),
          ),
          TE.flatMap(({ start, step }) =>
            F.pipe(
              walk({
                backend,
                trained,
                sampling,
                all,
                batch,
                steps: parts.steps,
                stochastic: parts.stochastic,
                start,
                step,
              }),
              TE.tapIO(() => () => {
                start.release();
                step.release();
              }),
            ),
          ),
        );
      }),
    );

interface Walk<P, I extends Shape> {
  readonly backend: Backend;
  readonly trained: Trained<P, I>;
  readonly sampling: Sampling;
  readonly all: number;
  readonly batch: number;
  readonly steps: number;
  readonly stochastic: boolean;
  readonly start: OpenExecutable<{ readonly key: RandomKey }, ResidentSample>;
  readonly step: OpenExecutable<StepGiven, { readonly state: ResidentSample }>;
}

/** Batch by batch, step by step. */
const walk =
  <P, I extends Shape>(w: Walk<P, I>): taskEither.TaskEither<NoisefoldError, Images> =>
  async () => {
    const { backend, trained, sampling, all, batch, steps, stochastic } = w;
    const { labels, onStep, signal } = sampling;
    const each = trained.image.reduce((a, b) => a * b, 1);
    const data = new Float32Array(all * each);
    const batches = Math.ceil(all / batch);
    for (let b = 0; b < batches; b++) {
      const keys = fork(foldIn(b)(sampling.key), 'start', 'steps');
      // a last batch that is not full is filled with its first label
      const label =
        labels && Int32Array.from({ length: batch }, (_, i) => labels[b * batch + i] ?? labels[b * batch]!);
      const started = await w.start.run({ key: keys.start })();
      if (E.isLeft(started)) return started;
      let state = started.right;
      for (let index = 0; index < steps; index++) {
        if (signal !== undefined) await pause();
        if (signal?.aborted === true) {
          await release(state)(backend)();
          return E.left(
            failure('Cancelled', {
              where: `sampling, step ${index}`,
              expected: 'to go on',
              actual: 'a signal to stop',
              hint: 'sample again',
            }),
          );
        }
        const inputs = {
          index,
          ...(stochastic ? { key: foldIn(index)(keys.steps) } : {}),
          ...(label ? { label } : {}),
        };
        const moved = await w.step.run({ params: trained.params, state, inputs })();
        if (E.isLeft(moved)) return moved;
        state = moved.right.state;
        onStep?.(b * steps + index + 1, batches * steps);
      }
      const numbers = await read(state.x)(backend)();
      await release(state)(backend)();
      if (E.isLeft(numbers)) return numbers;
      data.set(numbers.right.subarray(0, Math.min(batch, all - b * batch) * each), b * batch * each);
    }
    return E.right({ data, shape: [all, ...trained.image] });
  };
