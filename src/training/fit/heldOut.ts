/** The loss on images that are held out. */
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
  type Tensor,
  treeSpec,
  type TreeSpec,
  type Vectors,
  zeros,
} from '../../dsl/index.js';
import { E, type io } from '../../internal/fp.js';
import { type Block, type Fallible, gen, hold, take } from '../../internal/gen.js';
import type { ImageShape } from '../data/dataset.js';
import { type Loop, opened, runLoop } from '../loop.js';
import { withSlice } from '../table.js';
import { givenOf, loaded } from './examples.js';
import type { Examples } from './accumulation.js';
import { defaults, ravelingOf } from './recipe.js';
import type { Training } from './training.js';
import { examplesSpec, heldOutLosses } from './trainState.js';

/** A measurement that is repeated during a training. */
export interface Evaluation {
  /** True if it is due after this number of updates. */
  readonly isDue: (done: number) => boolean;
  readonly loss: (params: Resident<Vectors>) => Fallible<number>;
  readonly release: io.IO<void>;
}

/** The number of held-out images that are measured by default, and the name of their data in errors. */
export const HELD_OUT = 256;
export const HELD_OUT_DATA = 'heldOut: data set';

/** The losses of all images, `[rounds, B]`. */
interface Measured {
  readonly losses: Tensor<[Dim, Dim]>;
}

interface StepSpec<I extends ImageShape> {
  readonly round: Tensor<[], 'int32'>;
  readonly examples: Examples<I>;
}

/** The number of images that are measured at once, in no more memory than a step needs. */
const partOf = <P, I extends ImageShape>({ batch, accumulate = defaults.accumulate }: Training<P, I>): number =>
  batch / accumulate;

/** The losses of held-out images as a loop over batches. */
const heldOutLoop = <P, I extends ImageShape>(
  training: Training<P, I>,
  rounds: number,
): Loop<object, { readonly params: Vectors }, Measured, StepSpec<I>, object, Measured['losses']> => {
  const { model, data } = training;
  const batch = partOf(training);
  const state = { losses: leafSpec([rounds, batch]) };
  const inputs: TreeSpec<{ readonly params: Vectors; readonly state: Measured } & StepSpec<I>> = treeSpec({
    params: ravelingOf(training).vectors,
    state,
    round: leafSpec([], 'int32'),
    examples: examplesSpec(model, data.image),
  });
  const lossesOf = heldOutLosses(training, data.image).trace;
  return {
    name: 'held-out losses',
    extents: { B: batch },
    begin: program(treeSpec<object>({}), () => ({ losses: zeros(rounds, batch) })),
    step: program(inputs, ({ params, state: { losses }, round, examples }) => ({
      state: { losses: withSlice(losses, 0, round, lossesOf({ params, examples })) },
    })),
    end: program(treeSpec<{ readonly state: Measured }>({ state }), ({ state: { losses } }) => losses),
  };
};

const mean = (numbers: ArrayLike<number>): number => Array.from(numbers).reduce((a, b) => a + b, 0) / numbers.length;

/** The mean loss of parameters on the held-out images of a training, with the same noise each time. */
export const evaluation =
  <P, I extends ImageShape>(training: Training<P, I>) =>
  (backend: Backend): Fallible<Evaluation> =>
    gen(function* (): Block<Evaluation> {
      const { heldOut, key, model, signal } = training;
      const batch = partOf(training);
      if (heldOut === undefined) return { isDue: () => false, loss: () => async () => E.right(NaN), release: () => {} };
      const { data, every } = heldOut;
      const images = Math.min(heldOut.images ?? HELD_OUT, data.size);
      const rounds = Math.ceil(images / batch);
      const keys = fork(key, 'heldOut');
      const load = loaded(model, data, HELD_OUT_DATA);
      const loop = yield* take(opened(heldOutLoop(training, rounds))(backend));

      /** The examples of a round. A last one that is not full is filled with the first images. */
      const examplesOf = (round: number) =>
        gen(function* () {
          const samples = yield* take(load(Int32Array.from({ length: batch }, (_, i) => (round * batch + i) % images)));
          return { round, examples: givenOf(model, samples, foldIn(keys.heldOut, round)) };
        });
      return {
        isDue: (done) => done % every === 0,
        loss: (params) =>
          gen(function* () {
            const losses = yield* hold(
              runLoop(loop, { begin: {}, constants: { params }, steps: rounds, given: examplesOf, signal }),
              (values) => release(values)(backend),
            );
            return mean((yield* take(read(losses)(backend))).subarray(0, images));
          }),
        release: loop.release,
      };
    });
