/** The order of messages to workers, which answer only when the test makes them. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { wasm } from '../assembler/assembler.js';
import { modulesOf } from './modules.js';
import { createPool, type Pool } from './pool.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { several } from './several.js';
import type { Listener, Spawn } from './spawn.js';

interface FakeWorker {
  readonly says: (message: FromWorker) => void;
  readonly dies: () => void;
  /** Summaries of the messages to the worker. */
  readonly heard: string[];
  readonly isHeld: () => boolean;
  readonly isEnded: () => boolean;
}

const inShort = (message: ToWorker): string =>
  'program' in message ? `${message.kind} ${message.program}` : message.kind;

const THREADS = 2;

/** A pool, and its workers. */
const fake = (
  refuses: (spawned: number) => boolean = () => false,
  ending: Promise<void> = Promise.resolve(), // the promise for which the end of a worker waits
) => {
  const workers: FakeWorker[] = [];
  const spawn: Spawn = ({ onMessage, onEnd }: Listener) => {
    if (refuses(workers.length)) throw new Error('no more workers');
    const heard: string[] = [];
    let [isHeld, isEnded] = [false, false];
    workers.push({
      says: onMessage,
      dies: () => onEnd('it died'),
      heard,
      isHeld: () => isHeld,
      isEnded: () => isEnded,
    });
    return {
      post: (message) => void heard.push(inShort(message)),
      hold: (busy) => void (isHeld = busy),
      end: async () => {
        await ending;
        isEnded = true;
      },
    };
  };
  const memory = new wasm.Memory({ initial: 1, maximum: 1, shared: true });
  const pool = createPool(memory, modulesOf([], several), THREADS, 1024, spawn);
  /** The last crew. */
  const crew = (): readonly FakeWorker[] => workers.slice(-THREADS);
  const ready = (): void => crew().forEach(({ says }) => says({ kind: 'ready' }));
  return { pool, workers, crew, ready };
};

const program = { module: modulesOf([], several).kernels, functions: [] };

/** Lets all work run that waits for no message. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

/** Runs a program, and keeps the outcome. */
const begin = (pool: Pool, number: number) => {
  const state: { outcome: unknown } = { outcome: 'pending' };
  void pool.run(number, 0, 1).then((outcome) => (state.outcome = outcome));
  return state;
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const died = { kind: 'failed', reason: 'a worker stopped: it died' };
const closed = { kind: 'failed', reason: 'the backend was closed' };

test('workers start with the first run, which they get when all are ready', async () => {
  const { pool, workers, crew } = fake();
  const first = pool.load(program);
  await settle();
  expect(workers).toEqual([]);
  const run = begin(pool, first);
  await settle();
  expect(workers).toHaveLength(THREADS);
  const second = pool.load(program);
  pool.drop(first);
  crew()[0]!.says({ kind: 'ready' });
  await settle();
  expect(crew()[0]!.heard).toEqual(['start', 'load 0', 'load 1', 'drop 0']);
  crew()[1]!.says({ kind: 'ready' });
  await settle();
  for (const { heard } of workers) expect(heard).toEqual(['start', 'load 0', 'load 1', 'drop 0', 'run 0']);
  workers[0]!.says({ kind: 'done' });
  await settle();
  expect(run.outcome).toBeNull();
  const again = begin(pool, second);
  await settle();
  expect(workers).toHaveLength(THREADS);
  workers[0]!.says({ kind: 'done' });
  await settle();
  expect(again.outcome).toBeNull();
});

test('new workers get the programs that were not dropped, in the place of those that died', async () => {
  const { pool, crew, ready } = fake();
  const [first, second] = [pool.load(program), pool.load(program)];
  begin(pool, first);
  await settle();
  ready();
  await settle();
  crew()[0]!.says({ kind: 'done' });
  await settle();
  pool.drop(first);
  crew()[0]!.dies();
  begin(pool, second);
  await settle();
  for (const { heard } of crew()) expect(heard).toEqual(['start', 'load 1']);
});

test('a run is posted when the previous one is done, and workers keep the process alive only during runs', async () => {
  const { pool, workers, ready } = fake();
  const number = pool.load(program);
  const runs = [begin(pool, number), begin(pool, number)];
  await settle();
  expect(workers.map(({ isHeld }) => isHeld())).toEqual([true, true]);
  ready();
  for (const [i, run] of runs.entries()) {
    await settle();
    expect(workers[1]!.heard.filter((message) => message.startsWith('run'))).toHaveLength(i + 1);
    expect(workers.map(({ isHeld }) => isHeld())).toEqual([true, true]);
    expect(run.outcome).toBe('pending');
    workers[0]!.says({ kind: 'done' });
  }
  await settle();
  expect(runs.map(({ outcome }) => outcome)).toEqual([null, null]);
  expect(workers.map(({ isHeld }) => isHeld())).toEqual([false, false]);
});

test('when a worker dies in a run, the run fails, all workers end, and the waiting run gets new ones', async () => {
  const { pool, workers, ready } = fake();
  const number = pool.load(program);
  const runs = [begin(pool, number), begin(pool, number)];
  await settle();
  ready();
  await settle();
  workers[1]!.dies();
  workers[0]!.says({ kind: 'done' }); // too late
  await settle();
  expect(runs.map(({ outcome }) => outcome)).toEqual([died, 'pending']);
  expect(workers.map(({ isEnded }) => isEnded())).toEqual([true, true, false, false]);
  workers[0]!.dies(); // already replaced
  ready();
  await settle();
  workers[2]!.says({ kind: 'done' });
  await settle();
  expect(runs[1]!.outcome).toBeNull();
});

test.each([
  ['says so', ({ says }: FakeWorker) => says({ kind: 'failed', message: 'RuntimeError: unreachable' }), 'unreachable'],
  ['dies', ({ dies }: FakeWorker) => dies(), 'it died'],
])('a worker that fails in a run and %s reports the reason', async (_, fails, reason) => {
  const { pool, workers, ready } = fake();
  const run = begin(pool, pool.load(program));
  await settle();
  ready();
  await settle();
  fails(workers[1]!);
  await settle();
  expect(run.outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining(reason) });
});

test('workers that died while nothing ran are replaced without a failure', async () => {
  const { pool, workers, ready } = fake();
  const number = pool.load(program);
  begin(pool, number);
  await settle();
  ready();
  await settle();
  workers[0]!.says({ kind: 'done' });
  await settle();
  workers[0]!.dies();
  const run = begin(pool, number);
  await settle();
  expect(workers.map(({ isEnded }) => isEnded())).toEqual([true, true, false, false]);
  ready();
  await settle();
  workers[2]!.says({ kind: 'done' });
  await settle();
  expect(run.outcome).toBeNull();
});

describe('workers that do not start', () => {
  test.each([
    ['die', async ({ crew }: ReturnType<typeof fake>) => crew()[0]!.dies()],
    ['fail', async ({ crew }: ReturnType<typeof fake>) => crew()[0]!.says({ kind: 'failed', message: 'no memory' })],
    ['take too long', async () => void (await vi.advanceTimersByTimeAsync(20_000))],
  ])('because they %s: three times, and then no more', async (_, fail) => {
    const given = fake();
    const number = given.pool.load(program);
    for (let i = 0; i < 5; i++) {
      const run = begin(given.pool, number);
      await settle();
      if (i < 3) {
        expect(run.outcome).toBe('pending');
        given.crew()[1]!.says({ kind: 'ready' });
        await fail(given);
        await settle();
      }
      expect(run.outcome).toMatchObject({ kind: 'notStarted' });
    }
    expect(given.workers).toHaveLength(3 * THREADS);
    expect(given.workers.every(({ isEnded }) => isEnded())).toBe(true);
  });

  test('because one of them is refused: the others end', async () => {
    const { pool, workers } = fake((spawned) => spawned === 1);
    const run = begin(pool, pool.load(program));
    await settle();
    expect(run.outcome).toEqual({ kind: 'notStarted', reason: 'Error: no more workers' });
    expect(workers.map(({ isEnded }) => isEnded())).toEqual([true]);
  });

  test('twice, and then do: earlier failures no longer count', async () => {
    const { pool, crew, ready } = fake();
    const number = pool.load(program);
    for (let i = 0; i < 6; i++) {
      const run = begin(pool, number);
      await settle();
      if (i % 3 < 2) crew()[0]!.dies();
      else {
        ready();
        await settle();
        crew()[0]!.dies();
      }
      await settle();
      expect(run.outcome).toMatchObject({ kind: i % 3 < 2 ? 'notStarted' : 'failed' });
    }
  });
});

describe('a pool that is stopped', () => {
  const stopped = async (pool: Pool): Promise<void> => {
    let isDone = false;
    void pool.stop().then(() => (isDone = true));
    await settle();
    expect(isDone).toBe(true);
  };

  test('before the first run', async () => {
    const { pool, workers } = fake();
    await stopped(pool);
    const run = begin(pool, pool.load(program));
    await settle();
    expect(run.outcome).toEqual(closed);
    expect(workers).toEqual([]);
  });

  test('while workers start', async () => {
    const { pool, workers, ready } = fake();
    const number = pool.load(program);
    const runs = [begin(pool, number), begin(pool, number)];
    await settle();
    await stopped(pool);
    ready(); // too late
    await vi.advanceTimersByTimeAsync(30_000);
    expect(runs.map(({ outcome }) => outcome)).toEqual([closed, closed]);
    expect(workers.map(({ isEnded }) => isEnded())).toEqual([true, true]);
    expect(workers[0]!.heard).toEqual(['start', 'load 0']);
  });

  test('while workers that failed are ending: it waits for them', async () => {
    let end: () => void = () => undefined;
    const { pool, workers, crew } = fake(undefined, new Promise((resolve) => (end = resolve)));
    const run = begin(pool, pool.load(program));
    await settle();
    crew()[0]!.dies();
    await settle();
    let isDone = false;
    void pool.stop().then(() => (isDone = true));
    await settle();
    expect([isDone, run.outcome]).toEqual([false, 'pending']);
    end();
    await settle();
    expect([isDone, run.outcome]).toEqual([true, closed]);
    expect(workers.map(({ isEnded }) => isEnded())).toEqual([true, true]);
  });

  test('during a run', async () => {
    const { pool, workers, ready } = fake();
    const number = pool.load(program);
    const runs = [begin(pool, number), begin(pool, number)];
    await settle();
    ready();
    await settle();
    await stopped(pool);
    expect(runs.map(({ outcome }) => outcome)).toEqual([closed, closed]);
    expect(workers).toHaveLength(THREADS);
    expect(workers.map(({ isEnded }) => isEnded())).toEqual([true, true]);
  });
});
