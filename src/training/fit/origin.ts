import { type Backend, type NoisefoldError, using } from '../../dsl/index.js';
import { F, TE, type taskEither } from '../../internal/fp.js';
import type { ImageShape } from '../data/dataset.js';
import { originIn, type StepGiven } from '../open.js';
import { readTensors, uploadTensors } from '../checkpoints/snapshot.js';
import type { Training } from './training.js';
import { trainState, unguardedStep } from './trainState.js';

/**
 * Takes a step that went wrong again, unguarded, on the oracle of the training, to name the operation where its
 * numbers stopped being finite; null without an oracle. The guard kept the state as it was.
 */
export const originOf =
  <P, I extends ImageShape>(training: Training<P, I>, { state, examples }: StepGiven) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, string | null> => {
    const { oracle, data, batch } = training;
    if (oracle === undefined) return TE.right(null);
    return F.pipe(
      readTensors(state)(backend),
      TE.flatMap((tensors) =>
        using(oracle)((elsewhere) =>
          F.pipe(
            uploadTensors('state', trainState(training))(tensors)(elsewhere),
            TE.flatMap((copy) =>
              originIn(unguardedStep(training, data.image), { B: batch })({ state: copy, examples })(elsewhere),
            ),
          ),
        ),
      ),
    );
  };
