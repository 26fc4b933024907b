/** Trainings at work on the wasm backend. */
import { type NoisefoldError, type Backend, using } from '../../src/dsl/index.js';
import { E, TE } from '../../src/internal/fp.js';
import { wasm } from '../../src/backends/wasm/backend.js';
import { encodeCheckpoint } from '../../src/training/checkpoints/checkpoint.js';
import { startTraining, type TrainingRun } from '../../src/training/fit/run.js';
import type { TrainEvent } from '../../src/training/fit/trainEvent.js';
import { right, type SmallTraining } from '../../src/training/testing.js';

/** Runs effects on the wasm backend. */
export const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

interface Taken {
  readonly events: readonly TrainEvent[];
  readonly error: NoisefoldError | null;
}

/** All events of a run, to its end or to an error. */
export const takeAll = async (run: TrainingRun): Promise<Taken> => {
  const events: TrainEvent[] = [];
  for await (const event of run.events) {
    if (E.isLeft(event)) return { events, error: event.left };
    events.push(event.right);
  }
  return { events, error: null };
};

/** The bytes of the checkpoint with which a training ends. */
export const bytesAfter = (training: SmallTraining): Promise<Uint8Array> =>
  onWasm(async (backend) => {
    const run = right(await startTraining(training)(backend)());
    await takeAll(run);
    return right(encodeCheckpoint(right(await run.snapshot())));
  });
