import { type Backend, type Key, program, type Program, treeSpec } from '../../dsl/index.js';
import { E, F, TE } from '../../internal/fp.js';
import type { Fallible } from '../../internal/gen.js';
import type { ImageShape } from '../../data/dataset.js';
import { type Loop, type OpenLoopOf, openLoop } from '../loop.js';
import type { Examples } from './accumulation.js';
import { ravelingOf } from './recipe.js';
import type { TeacherInputs } from './stepInputs.js';
import type { AnyTraining } from './training.js';
import { initialState, type Report, stateOf, trainState, type TrainState, trainStep } from './trainState.js';

/** The inputs of a step: a batch of examples. */
export interface TrainInputs<I extends ImageShape> {
  readonly examples: Examples<I>;
}

/** The input of the first state: a key to draw parameters from, or given parameters. */
export type Beginning<P> = { readonly key: Key } | { readonly params: P };

export type TrainLoop<P, I extends ImageShape> = Loop<
  Beginning<P>,
  TeacherInputs,
  TrainState,
  TrainInputs<I>,
  { readonly report: Report },
  P
>;

/** A training as a loop: Algorithm 1 of DDPM (Ho et al. 2020). Its result is the tree of the averaged parameters. */
const trainLoop = <P, I extends ImageShape>(training: AnyTraining<P, I>): TrainLoop<P, I> => ({
  name: 'training',
  extents: { B: training.batch },
  begin: (training.initial === undefined ? initialState(training) : stateOf(training)) as Program<
    Beginning<P>,
    TrainState
  >,
  step: trainStep(training, training.data.image),
  end: program(treeSpec<{ readonly state: TrainState }>({ state: trainState(training) }), ({ state: { average } }) =>
    ravelingOf(training).unravel(average),
  ),
});

/** Compiles the loop of a training. If the batch does not fit in memory, the error names a part size that fits. */
export const openedTraining =
  <P, I extends ImageShape>(training: AnyTraining<P, I>) =>
  (backend: Backend): Fallible<OpenLoopOf<TrainLoop<P, I>>> =>
    F.pipe(
      openLoop(trainLoop(training))(backend),
      TE.orElse((error): Fallible<OpenLoopOf<TrainLoop<P, I>>> => async () => {
        const fits = async (parts: number): Promise<boolean> => {
          const open = await openLoop(trainLoop({ ...training, accumulate: parts }))(backend)();
          if (E.isRight(open)) open.right.release();
          return E.isRight(open);
        };
        return (await import('../warnings/smallerBatch.js')).smallerBatch(error, training, fits);
      }),
    );
