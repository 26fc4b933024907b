import { type Backend, type Feed, type Resident, treeSpec, using } from '../../dsl/index.js';
import { type Fallible, gen, take } from '../../internal/gen.js';
import { readTensors, uploadTensors } from '../../checkpoints/snapshot.js';
import type { ImageShape } from '../../data/dataset.js';
import { originOf as originIn } from '../../dsl/run/nonFinite.js';
import { teacherInputs, teacherSpec } from './stepInputs.js';
import type { TrainInputs } from './trainLoop.js';
import type { AnyTraining } from './training.js';
import { trainState, type TrainState, unguardedStep } from './trainState.js';

interface StepGiven<I extends ImageShape> extends Feed<Resident<TrainInputs<I>>> {
  /** The number of updates before the step. */
  readonly step: number;
  /** The state after the step. */
  readonly state: Resident<TrainState>;
}

/**
 * Repeats a step that was not finite on the oracle of a training, without the guard, and returns the first operation
 * whose result is not finite. The guard kept the state from before the step, except the number of updates, which this
 * function sets back.
 */
export const originOf =
  <P, I extends ImageShape>(
    training: AnyTraining<P, I>,
    oracle: Fallible<Backend>,
    { step, state, examples }: StepGiven<I>,
  ) =>
  (backend: Backend): Fallible<string | null> =>
    gen(function* () {
      const tensors = new Map(yield* take(readTensors(state)(backend)));
      tensors.set('step', { dtype: 'I32', shape: [], data: Int32Array.of(step) });
      const teacherTensors = new Map(yield* take(readTensors(teacherInputs(training))(backend)));
      const program = unguardedStep(training, training.data.image);
      const repeated = using(oracle)((oracleBackend) =>
        gen(function* () {
          const copy = yield* take(uploadTensors('state', trainState(training))(tensors)(oracleBackend));
          const teacher = yield* take(
            uploadTensors('loss', treeSpec(teacherSpec(training)))(teacherTensors)(oracleBackend),
          );
          return yield* take(
            originIn(program, { B: training.batch }, { ...teacher, state: copy, examples })(oracleBackend),
          );
        }),
      );
      return yield* take(repeated);
    });
