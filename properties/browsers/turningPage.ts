/** A page that trains and samples on its own thread, and counts its frames and timers. */
import { reference } from '../../src/backends/reference/index.js';
import { wasmBackend } from '../../src/backends/wasm/testing.js';
import { ddim } from '../../src/diffusion/index.js';
import { type Backend, key } from '../../src/dsl/index.js';
import { TE, type taskEither } from '../../src/internal/fp.js';
import { fit } from '../../src/training/fit/fit.js';
import { sample } from '../../src/training/sample/sample.js';
import { right, smallTraining } from '../../src/training/testing.js';
import type { NoisefoldError } from '../../src/internal/errors.js';

/** The numbers of rendered frames and of timers that fired. */
export interface Turns {
  readonly frames: number;
  readonly timers: number;
}

export interface TurningChecks {
  /** During a training of some steps, compilation included, and during sampling from it. */
  readonly turns: (backend: 'reference' | 'wasm') => Promise<{ readonly fit: Turns; readonly sample: Turns }>;
}

const { requestAnimationFrame } = globalThis as unknown as { requestAnimationFrame: (shown: () => void) => number };

/**
 * Counts the timers during work, and its frames. Browsers render few frames of fast work, so it is repeated until there were
 * some. Work that blocks the thread has none, however often it is repeated.
 */
const counted = async <A>(work: () => Promise<A>): Promise<readonly [A, Turns]> => {
  const counts = { frames: 0, timers: 0 };
  let isRunning = true;
  const frame = (): void => {
    counts.frames++;
    if (isRunning) requestAnimationFrame(frame);
  };
  const ring = (): void => {
    counts.timers++;
    if (isRunning) setTimeout(ring, 0);
  };
  requestAnimationFrame(frame);
  setTimeout(ring, 0);
  let result = await work();
  const { timers } = counts;
  for (let times = 1; times < 50 && counts.frames <= 2; times++) result = await work();
  isRunning = false;
  return [result, { ...counts, timers }];
};

const backends: Readonly<Record<string, taskEither.TaskEither<NoisefoldError, Backend>>> = {
  reference: reference(),
  wasm: TE.fromIO(() => wasmBackend({ threads: 1 }, { worthWorkers: Infinity })), // without workers
};

const checks: TurningChecks = {
  turns: async (name) => {
    const backend = right(await backends[name]!());
    const [trained, fitting] = await counted(async () => right(await fit(smallTraining(16))(backend)()));
    // wasm is faster: fewer images would be done after a few timers
    const labels = Array.from({ length: name === 'wasm' ? 24 : 3 }, (_, i) => i % 3);
    const drawing = { solver: ddim(), labels, grid: 60, key: key(2) };
    const [, sampling] = await counted(async () => right(await sample(drawing)(trained)(backend)()));
    right(await backend.close());
    return { fit: fitting, sample: sampling };
  },
};
Object.assign(globalThis, { checks });
