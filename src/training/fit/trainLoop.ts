import { type Backend, type Key, program, type Program, treeSpec } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { E, F, TE } from '../../internal/fp.js';
import type { Fallible } from '../../internal/gen.js';
import type { ImageShape } from '../data/dataset.js';
import { type Loop, type Opened, opened } from '../loop.js';
import type { Examples } from './accumulation.js';
import { ravelingOf } from './recipe.js';
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
  object,
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

/** The numbers of parts that divide a batch, each at least twice the one before. */
const partsOf = (batch: number, least: number): readonly number[] =>
  Array.from({ length: batch }, (_, i) => i + 1)
    .filter((count) => batch % count === 0)
    .reduce<readonly number[]>(
      (chosen, count) => (count >= 2 * (chosen.at(-1) ?? least) ? [...chosen, count] : chosen),
      [],
    );

/** Compiles the loop of a training. If only parts of its batch fit in memory, the error says which. */
export const openedTraining =
  <P, I extends ImageShape>(training: AnyTraining<P, I>) =>
  (backend: Backend): Fallible<Opened<TrainLoop<P, I>>> =>
    F.pipe(
      opened(trainLoop(training))(backend),
      TE.orElse((error) => async () => {
        const { batch, accumulate = 1 } = training;
        const fits = async (parts: number): Promise<boolean> => {
          const open = await opened(trainLoop({ ...training, accumulate: parts }))(backend)();
          if (E.isRight(open)) open.right.release();
          return E.isRight(open);
        };
        // a failure that does not happen again has another reason than the size
        if (error._tag !== 'BackendFailure' || (await fits(accumulate))) return E.left(error);
        for (const parts of partsOf(batch, accumulate)) {
          if (!(await fits(parts))) continue;
          return fail('BackendFailure', {
            where: 'training.batch',
            expected: `at most ${batch / parts} images at a time`,
            actual: `${batch / accumulate}, which need ${error.expected}`,
            hint: `give accumulate: ${parts} to process the batch of ${batch} in ${parts} parts, with its gradient, or batch: ${batch / parts}`,
          });
        }
        return E.left(error);
      }),
    );
