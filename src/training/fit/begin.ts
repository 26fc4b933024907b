import { type Backend, fork, type NoisefoldError, type RandomKey } from '../../dsl/index.js';
import { F, TE, type taskEither } from '../../internal/fp.js';
import { ensuring } from '../../internal/scope.js';
import { resumable } from '../checkpoints/checkpoint.js';
import type { ImageShape } from '../data/dataset.js';
import { compiled, type ResidentState } from '../open.js';
import { recipeConfig } from './recipeConfig.js';
import { matching, uploadTensors } from '../checkpoints/snapshot.js';
import { atRest } from './stateTensors.js';
import type { Training } from './training.js';
import { initialState, namedState, trainState } from './trainState.js';

/** The state that a run begins with: drawn, or that of a snapshot. */
export const begin =
  <P, I extends ImageShape>(training: Training<P, I>) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, ResidentState> => {
    const { from, key, batch, config = recipeConfig(training), anyRounding = false } = training;
    const own = backend.rounding === null || anyRounding ? {} : { rounding: backend.rounding };
    return from === undefined
      ? F.pipe(
          compiled(initialState(training), {})<{ readonly key: RandomKey }, ResidentState>(backend),
          TE.flatMap(({ run, release: free }) => F.pipe(run({ key: fork(key, 'init').init }), ensuring(free))),
        )
      : F.pipe(
          TE.fromEither(resumable(from, { key, batch, config, ...own })),
          TE.flatMap(({ step, tensors }) => {
            const where = `checkpoint of step ${step}`;
            return F.pipe(
              TE.fromEither(matching(where, namedState(training), tensors)),
              TE.flatMap(() => uploadTensors(where, trainState(training))(atRest(training)(tensors))(backend)),
            );
          }),
        );
  };
