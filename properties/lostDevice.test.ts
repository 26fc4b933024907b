/** A device is lost during a training: the saved state resumes to the result of an undisturbed training. */
import { expect } from 'vitest';
import type { Backend } from '../src/dsl/index.js';
import { acquireDevice } from '../src/backends/webgpu/device/adapter.js';
import { backendOn } from '../src/backends/webgpu/backend.js';
import { E } from '../src/internal/fp.js';
import { encodeCheckpoint } from '../src/checkpoints/checkpoint.js';
import { startTraining } from '../src/training/fit/run.js';
import type { Snapshot } from '../src/checkpoints/snapshot.js';
import { right, smallTraining } from '../src/training/testing.js';
import { testOnWebgpu } from './webgpu.js';

const STEPS = 5;
const SAVED = 2;

const onDevice = async <A>(run: (backend: Backend, lose: () => void) => Promise<A>): Promise<A> => {
  const acquired = right(await acquireDevice({})());
  const backend = await backendOn(acquired);
  const result = await run(backend, () => acquired.device.destroy());
  await backend.close();
  return result;
};

/** Trains to the end, if nothing fails; calls `at` after each step. */
const trained = async (
  backend: Backend,
  from: Snapshot | undefined,
  at: (step: number, snapshot: () => Promise<Snapshot>) => Promise<void>,
) => {
  const run = right(await startTraining({ ...smallTraining(STEPS), ...(from && { from }) })(backend)());
  for await (const event of run.events) {
    if (E.isLeft(event)) return event;
    if (event.right._tag === 'Step') await at(event.right.step + 1, async () => right(await run.snapshot()));
  }
  return run.snapshot();
};

testOnWebgpu(async () => {
  const whole = await onDevice(async (backend) => right(await trained(backend, undefined, async () => {})));

  const saved: Snapshot[] = [];
  const ended = await onDevice((backend, lose) =>
    trained(backend, undefined, async (step, snapshot) => {
      if (step === SAVED) saved.push(await snapshot());
      if (step === SAVED + 1) lose();
    }),
  );
  expect(ended).toMatchObject({ left: { _tag: 'BackendFailure', actual: expect.stringContaining('lost') } });

  const resumed = await onDevice(async (backend) => right(await trained(backend, saved[0]!, async () => {})));
  expect(resumed.step).toBe(STEPS);
  const bytes = (snapshot: Snapshot) => Buffer.from(right(encodeCheckpoint(snapshot)));
  expect(Buffer.compare(bytes(resumed), bytes(whole))).toBe(0);
});
