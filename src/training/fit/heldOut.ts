/** The loss and the accuracy on held-out images. */
import { fromData } from '../../checkpoints/trained.js';
import type { SampleLosses } from '../../diffusion/index.js';
import {
  type Backend,
  type Dim,
  foldIn,
  fork,
  leafSpec,
  program,
  read,
  release,
  type Resident,
  stack,
  type Tensor,
  treeSpec,
  type TreeSpec,
  type Vectors,
  zeros,
} from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { type io, TE } from '../../internal/fp.js';
import { type Block, type Fallible, gen, hold, take } from '../../internal/gen.js';
import { sumOf } from '../../internal/numbers.js';
import { coupledBy } from '../couplings/coupling.js';
import type { Dataset, ImageShape } from '../../data/dataset.js';
import { type Loop, openLoop, runLoop } from '../loop.js';
import { withSlice } from '../withSlice.js';
import { givenOf, loaded } from '../../data/examples.js';
import type { Examples } from './accumulation.js';
import { type Learning, learningOf, type Measure } from './trainingLosses.js';
import { defaults, ravelingOf } from './recipe.js';
import type { AnyTraining } from './training.js';
import { examplesSpec, type TeacherInputs, teacherInputs, teacherSpec } from './stepInputs.js';
import { heldOutLosses } from './trainState.js';

/** Means over held-out images: the loss, and for a classifier the share of correctly classified images. */
export interface HeldOutMeans {
  readonly loss: number;
  readonly accuracy?: number;
  /** The loss on images of the training data, if the training measures it. */
  readonly trainingLoss?: number;
}

/** A measurement that is repeated during a training. */
export interface Evaluation {
  /** True if it is due after this number of updates. */
  readonly isDue: (done: number) => boolean;
  readonly means: (params: Resident<Vectors>) => Fallible<HeldOutMeans>;
  readonly release: io.IO<void>;
}

/** The default number of held-out images that are measured, and the name of their data in errors. */
export const HELD_OUT = 256;
export const HELD_OUT_DATA = 'heldOut: data set';

/** The measures of each image, `[rounds, measures, B]`. */
interface MeasureTable {
  readonly table: Tensor<[Dim, Dim, Dim]>;
}

interface StepSpec<I extends ImageShape> {
  readonly round: Tensor<[], 'int32'>;
  readonly examples: Examples<I>;
}

/** The number of images to measure at a time: with this number a measurement needs no more memory than a step. */
const partOf = <P, I extends ImageShape>({ batch, accumulate = defaults.accumulate }: AnyTraining<P, I>): number =>
  batch / accumulate;

/** One measure of a batch, `[B]`. Raises `ConfigError` for a loss that does not return it. */
const measureOf = (losses: SampleLosses<'B'>, measure: Measure): Tensor<['B']> =>
  losses[measure] ??
  raise('ConfigError', {
    where: 'training.loss',
    expected: `a loss that returns ${measure} beside losses and t: the model is a classifier`,
    actual: Object.keys(losses).join(', '),
    hint: 'write the loss like classifierLosses',
  });

/** The measures of held-out images as a loop over batches. */
const heldOutLoop = <P, I extends ImageShape>(
  training: AnyTraining<P, I>,
  measures: Learning<P, I>['measures'],
  rounds: number,
): Loop<
  object,
  { readonly params: Vectors } & TeacherInputs,
  MeasureTable,
  StepSpec<I>,
  object,
  MeasureTable['table']
> => {
  const { data, coupling } = training;
  const batch = partOf(training);
  const extents = [rounds, measures.length, batch] as const;
  const state = { table: leafSpec(extents) };
  const inputs: TreeSpec<{ readonly params: Vectors; readonly state: MeasureTable } & StepSpec<I> & TeacherInputs> =
    treeSpec({
      ...teacherSpec(training),
      params: ravelingOf(training).vectors,
      state,
      round: leafSpec([], 'int32'),
      examples: examplesSpec(training, coupling?.heldOut, data.image),
    });
  const lossesOf = heldOutLosses(training, data.image).trace;
  return {
    name: 'held-out losses',
    extents: { B: batch },
    begin: program(treeSpec<object>({}), () => ({ table: zeros(...extents) })),
    step: program(inputs, ({ params, state: { table }, round, examples, teacher }) => {
      const losses = lossesOf({ params, examples, teacher });
      const rows = measures.map((measure) => measureOf(losses, measure)) as [Tensor<['B']>]; // there is at least one
      return { state: { table: withSlice(table, 0, round, stack(rows)) } };
    }),
    end: program(treeSpec<{ readonly state: MeasureTable }>({ state }), ({ state: { table } }) => table),
  };
};

const mean = (numbers: readonly number[]): number => sumOf(numbers) / numbers.length;

/** The means over the held-out images of a training, with the same noise each time; null without such images. */
export const evaluation =
  <P, I extends ImageShape>(training: AnyTraining<P, I>) =>
  (backend: Backend): Fallible<Evaluation | null> =>
    gen(function* (): Block<Evaluation | null> {
      const { heldOut, key, model, conditions, signal, coupling } = training;
      if (heldOut === undefined) return null;
      const batch = partOf(training);
      const { data, every, training: alsoTraining = false } = heldOut;
      const { measures } = learningOf(training);
      const images = Math.min(heldOut.images ?? HELD_OUT, data.size);
      const rounds = Math.ceil(images / batch);
      const keys = fork(key, 'heldOut');
      const loop = yield* take(openLoop(heldOutLoop(training, measures, rounds))(backend));

      /** The means over the first images of a data set. */
      const meansOn = (set: Pick<Dataset, 'size' | 'batch' | 'image' | 'names'>, where?: string) => {
        const load = loaded(fromData(model, conditions), set, signal, where);
        const count = Math.min(images, set.size);
        /** The examples of a round. Fills up an incomplete last round with the first images. */
        const examplesOf = (round: number) =>
          gen(function* () {
            const at = Int32Array.from({ length: batch }, (_, i) => (round * batch + i) % count);
            const own = foldIn(keys.heldOut, round);
            const couple = coupling?.heldOut && coupledBy(coupling.heldOut, at, fork(own, 'coupling').coupling);
            const samples = yield* take(couple ? TE.flatMap(couple)(load(at)) : load(at));
            return { round, examples: givenOf(samples, own) };
          });
        return (params: Resident<Vectors>): Fallible<HeldOutMeans> =>
          gen(function* () {
            const table = yield* hold(
              runLoop(loop, {
                begin: {},
                constants: { params, ...teacherInputs(training) },
                steps: rounds,
                inputs: examplesOf,
                signal,
              }),
              (values) => release(values)(backend),
            );
            const numbers = yield* take(read(table)(backend));
            const meanOf = (measure: Measure): number => {
              const row = (image: number) => Math.floor(image / batch) * measures.length + measures.indexOf(measure);
              return mean(Array.from({ length: count }, (_, i) => numbers[row(i) * batch + (i % batch)]!));
            };
            return {
              loss: meanOf('losses'),
              ...(measures.includes('accuracy') && { accuracy: meanOf('accuracy') }),
            };
          });
      };
      const means = meansOn(data, HELD_OUT_DATA);
      const meansOfTraining = meansOn(training.data);
      return {
        isDue: (done) => done % every === 0,
        means: (params) =>
          gen(function* () {
            const unseen = yield* take(means(params));
            if (!alsoTraining) return unseen;
            const { loss } = yield* take(meansOfTraining(params));
            return { ...unseen, trainingLoss: loss };
          }),
        release: loop.release,
      };
    });
