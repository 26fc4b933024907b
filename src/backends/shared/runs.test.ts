import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { failure } from '../../internal/errors.js';
import type { RunFailure } from './executor.js';
import { createJobs } from './jobs.js';
import { hostHeap } from './heap.js';
import { createMemory } from './memory.js';
import { inOrder, queued, timed } from './runs.js';

const fresh = () => createMemory('test', hostHeap(4, () => Float32Array)); // oxfmt-ignore
const wrong = (at: number): RunFailure => ({
  at,
  error: failure('BackendFailure', { where: `step ${at}`, expected: 'to run', actual: 'a failure', hint: 'try again' }),
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A step that may be asynchronous, may follow a pause, and may fail. */
const steps = fc.array(fc.record({ waits: fc.boolean(), rests: fc.boolean(), fails: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.boolean()) }), { maxLength: 12 }); // oxfmt-ignore

test.prop([steps, fc.boolean()])(
  'steps run in order, until one fails, with pauses in between',
  async (all, measures) => {
    const log: number[] = [];
    const milliseconds: number[] | null = measures ? [] : null;
    let next = 0;
    let isRunning = false;
    const outcome = inOrder(
      all.length,
      timed((at) => {
        expect(isRunning).toBe(false);
        isRunning = true;
        const end = (): RunFailure | null => {
          isRunning = false;
          log.push(at);
          return all[at]!.fails ? wrong(at) : null;
        };
        return all[at]!.waits ? turn().then(end) : end();
      }, milliseconds),
      { jobs: createJobs(), memory: fresh(), breathe: () => (all[next++]?.rests === true ? turn() : null) },
    );
    const failed = all.findIndex(({ fails }) => fails);
    const count = failed < 0 ? all.length : failed + 1;
    if (!all.slice(0, count).some(({ waits, rests }) => waits || rests)) expect(outcome).not.toBeInstanceOf(Promise);
    expect(await outcome).toEqual(failed < 0 ? null : wrong(failed));
    expect(log).toEqual(Array.from({ length: count }, (_, i) => i));
    if (milliseconds !== null) expect(milliseconds).toHaveLength(count);
  },
);

test.prop([fc.nat(8), fc.nat(8)])(
  'no step runs after the backend was closed during a pause',
  async (count, closedAt) => {
    const memory = fresh();
    const log: number[] = [];
    let rests = 0;
    const breathe = (): Promise<void> => turn().then(() => void (rests++ === closedAt && memory.close()));
    const outcome = await inOrder(count, (at) => (log.push(at), null), { jobs: createJobs(), memory, breathe });
    if (closedAt >= count) expect(outcome).toBe(null);
    else expect(outcome).toMatchObject({ at: closedAt - 1, error: { actual: 'a closed one' } });
    expect(log).toHaveLength(Math.min(count, closedAt));
  },
);

test('each run has the addresses that were set for it, even if it waits for another one', async () => {
  const places: number[] = [];
  const seen: number[] = [];
  const execution = queued(
    {
      place: (buffer, address) => void (places[buffer] = address),
      setKey: () => undefined,
      run: async () => {
        await turn();
        seen.push(places[0]!);
        return null;
      },
    },
    { jobs: createJobs(), memory: fresh(), breathe: () => null },
  );
  const runs = [1, 2, 3].map((address) => {
    execution.place(0, address);
    return execution.run(null);
  });
  expect(await Promise.all(runs)).toEqual([null, null, null]);
  expect(seen).toEqual([1, 2, 3]);
});
