import { type Backend, type Feed, fork, type Resident } from '../../dsl/index.js';
import { type Fallible, gen, take } from '../../internal/gen.js';
import { resumable } from '../../checkpoints/checkpoint.js';
import { matching, uploadTensors } from '../../checkpoints/snapshot.js';
import type { ImageShape } from '../../data/dataset.js';
import type { OpenLoopOf } from '../loop.js';
import { recipeConfig } from './recipeConfig.js';
import { atRest } from './stateTensors.js';
import type { AnyTraining } from './training.js';
import type { Beginning, TrainLoop } from './trainLoop.js';
import { namedState, trainState, type TrainState } from './trainState.js';

/** The initial state of a run: drawn at random, made from given parameters, or taken from a snapshot. */
export const firstState =
  <P, I extends ImageShape>(
    training: AnyTraining<P, I>,
    initial: Resident<P> | null,
    loop: OpenLoopOf<TrainLoop<P, I>>,
    settings: unknown,
  ) =>
  (backend: Backend): Fallible<Resident<TrainState>> =>
    gen(function* () {
      const { from, key, batch, allowOtherRounding = false, allowOtherSettings = false } = training;
      // the program begins with the one or with the other
      const begin = (initial === null ? { key: fork(key, 'init').init } : { params: initial }) as Feed<
        Resident<Beginning<P>>
      >;
      if (from === undefined) return yield* take(loop.begin(begin));
      const { config = recipeConfig(training) } = allowOtherSettings ? from : training;
      const own = {
        ...(backend.rounding !== null && !allowOtherRounding && { rounding: backend.rounding }),
        ...(!allowOtherSettings && { settings }),
      };
      const { step, tensors } = yield* take(resumable(from, { key, batch, config, ...own }));
      const where = `checkpoint of step ${step}`;
      yield* take(matching(where, namedState(training), tensors));
      return yield* take(uploadTensors(where, trainState(training))(atRest(training)(tensors))(backend));
    });
