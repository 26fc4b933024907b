/** Runs trainings on the wasm backend. */
import type { Model } from '../../src/diffusion/index.js';
import { type NoisefoldError, type Backend, using } from '../../src/dsl/index.js';
import { E, TE } from '../../src/internal/fp.js';
import { wasm } from '../../src/backends/wasm/backend.js';
import { encodeCheckpoint } from '../../src/checkpoints/checkpoint.js';
import { startTraining, type TrainingRun } from '../../src/training/fit/run.js';
import type { TrainEvent } from '../../src/training/fit/trainEvent.js';
import type { ImageShape } from '../../src/data/dataset.js';
import type { Given, Learnable } from '../../src/training/fit/recipe.js';
import type { Training } from '../../src/training/fit/training.js';
import { right } from '../../src/training/testing.js';

/** Runs effects on the wasm backend. */
export const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

interface Record {
  readonly events: readonly TrainEvent[];
  readonly error: NoisefoldError | null;
}

/** All events of a run, to its end or to an error. */
export const takeAll = async (run: TrainingRun): Promise<Record> => {
  const events: TrainEvent[] = [];
  for await (const event of run.events) {
    if (E.isLeft(event)) return { events, error: event.left };
    events.push(event.right);
  }
  return { events, error: null };
};

/** The bytes of the final checkpoint of a training. Throws if it ends with an error. */
export const bytesAfter = <P, I extends ImageShape, M extends Learnable<P, I> = Model<P, I>>(
  training: Given<Training<P, I, M>, P, I>,
): Promise<Uint8Array> =>
  onWasm(async (backend) => {
    const run = right(await startTraining<P, I, M>(training)(backend)());
    const { error } = await takeAll(run);
    if (error !== null) throw new Error(error.message);
    return right(encodeCheckpoint(right(await run.snapshot())));
  });
