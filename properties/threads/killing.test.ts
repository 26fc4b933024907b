/** Workers that die at any time, or do not start: each run ends, with its value or an error, and the next one works. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { wasmBackend } from '../../src/backends/wasm/testing.js';
import { type Spawn, spawnWith } from '../../src/backends/wasm/threads/spawn.js';
import { createSite, turn } from '../../src/backends/wasm/threads/testing.js';
import { workerSource } from '../../src/backends/wasm/threads/workerSource.js';
import type { NoisefoldError } from '../../src/internal/errors.js';
import { E, type either } from '../../src/internal/fp.js';
import { notAsked } from '../asked.js';
import { valueOf } from '../oracles/plans.js';
import { waitFor } from '../waiting.js';
import { type Bits, steppingOn } from './step.js';

const isLong = notAsked === '';

const notices = vi.fn();
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(notices.mockReset()));
afterEach(() => void vi.restoreAllMocks());

const alone = wasmBackend({ threads: 1 }, { worthWorkers: Infinity });
const expected = valueOf(await (await steppingOn(alone)).step(1));
valueOf(await alone.close());

/** Waits for a random time: microtasks, turns of the event loop, or milliseconds. */
const wait = async (): Promise<void> => {
  const kind = Math.random();
  if (kind < 0.3) for (let i = Math.random() * 20; i > 0; i--) await Promise.resolve();
  else if (kind < 0.6) for (let i = Math.random() * 5; i > 0; i--) await turn();
  else await new Promise((resolve) => void setTimeout(resolve, Math.random() * 30));
};

type Outcome = either.Either<NoisefoldError, Bits>;

const demandBits = (outcome: Outcome): void => expect(outcome).toEqual(E.right(expected));

/** Checks that a run ends with its value, or with an error that says that a worker stopped. */
const demandValueOrFailure = (outcome: Outcome): void => {
  const stopped = { _tag: 'BackendFailure', actual: expect.stringContaining('a worker stopped') };
  if (E.isLeft(outcome)) expect(outcome.left).toMatchObject(stopped);
  else demandBits(outcome);
};

/** Runs steps on workers, and checks that all memory is freed. */
const stepOn = async (
  spawn: Spawn,
  threads: number,
  use: (step: () => Promise<Outcome>) => Promise<void>,
): Promise<void> => {
  const backend = wasmBackend({ threads }, { worthWorkers: 0, start: spawn });
  const stepping = await steppingOn(backend);
  const { buffers, bytes } = backend.stats();
  await use(() => waitFor('a step on workers', stepping.step(1)));
  expect(backend.stats()).toMatchObject({ buffers, bytes });
  await stepping.forget();
  stepping.release();
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  valueOf(await backend.close());
};

test('a worker is killed in the middle of a run', () => {
  const site = createSite();
  return stepOn(site.spawn, 3, async (step) => {
    for (let i = 0; i < (isLong ? 20 : 2); i++) {
      site.shut();
      const run = step();
      await waitFor('a worker to run', site.reached());
      const killed = site.kill(i);
      const outcome = await run;
      expect(outcome).toMatchObject({ left: { _tag: 'BackendFailure', actual: 'a worker stopped: it ended' } });
      await killed;
      site.open();
      demandBits(await step());
    }
    expect(notices).not.toHaveBeenCalled();
  });
});

test('a worker throws: the run fails, even if the others stopped before its message arrives', () => {
  let started = 0;
  const throwing = spawnWith(`${workerSource}
    const post = port.postMessage.bind(port);
    port.postMessage = (message) => void setTimeout(() => post(message), message.kind === 'failed' ? 50 : 0);
    handlers.run = () => { throw new Error('a broken worker'); };`);
  const sound = spawnWith(workerSource);
  const second: Spawn = (listener) => (++started === 2 ? throwing : sound)(listener);
  return stepOn(second, 2, async (step) => {
    expect(await step()).toMatchObject({ left: { _tag: 'BackendFailure', actual: 'Error: a broken worker' } });
    demandBits(await step());
  });
});

test('a worker is killed while nothing runs: the next run starts new ones', () => {
  const site = createSite();
  return stepOn(site.spawn, 2, async (step) => {
    demandBits(await step());
    expect(site.spawns()).toBe(2);
    await site.kill(0);
    demandBits(await step());
    expect(site.spawns()).toBe(4);
  });
});

test('a worker is killed while the workers start: the run takes place on the calling thread', () => {
  const site = createSite();
  return stepOn(site.spawn, 2, async (step) => {
    const run = step();
    while (site.spawns() < 2) await turn();
    await site.kill(1);
    demandBits(await run);
    expect(notices).toHaveBeenCalledTimes(1);
    demandBits(await step());
    expect(site.spawns()).toBe(4);
  });
});

test('workers are killed at random times', () => {
  const site = createSite({ chance: 0.2, most: 1 });
  return stepOn(site.spawn, 2, async (step) => {
    for (let i = 0; i < (isLong ? 100 : 6); i++) {
      const run = step();
      while (site.spawns() === 0) await turn();
      await wait();
      const killed = site.kill(i);
      demandValueOrFailure(await run);
      await killed;
      if (i % 2 === 0) demandBits(await step());
    }
  });
});

test('workers are killed while many runs wait', () => {
  const site = createSite({ chance: 0.1, most: 1 });
  return stepOn(site.spawn, 2, async (step) => {
    demandBits(await step());
    for (let i = 0; i < (isLong ? 15 : 2); i++) {
      const runs = Array.from({ length: 5 }, step);
      await wait();
      const killed = site.kill(i);
      for (const outcome of await Promise.all(runs)) demandValueOrFailure(outcome);
      await killed;
      demandBits(await step());
    }
  });
});

describe('workers that do not start', () => {
  const none: Spawn = () => {
    throw new Error('there are no workers here');
  };
  test.each([
    ['there are none', none],
    ['their program fails', spawnWith('throw new Error("a broken program")')],
    ['their program is no program', spawnWith('not a program')],
  ])('%s: runs take place on the calling thread, with one notice', async (_, spawn) => {
    let attempts = 0;
    const counted: Spawn = (listener) => {
      attempts++;
      return spawn(listener);
    };
    await stepOn(counted, 1, async (step) => {
      for (let i = 0; i < 5; i++) demandBits(await step());
    });
    expect(notices).toHaveBeenCalledTimes(1);
    expect(notices.mock.calls[0]![0]).toMatch(/^noisefold: .* calling thread.*; pass fewer `threads`, .* Node/);
    expect(notices.mock.calls[0]![0]).not.toContain('worker-src');
    expect(attempts).toBe(3);
  });
});
