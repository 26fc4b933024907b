import type * as FileSystem from 'node:fs/promises';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { faults } from '../../properties/faults.js';
import { key, type NoisefoldError } from '../dsl/index.js';
import { E, type either } from '../internal/fp.js';
import type { Metrics } from '../reports/metrics.js';
import { right } from '../training/testing.js';
import { loadCheckpoint } from './checkpoint.js';
import type { Snapshot } from './snapshot.js';
import { openRunFolder, type RunFolder } from './runFolder.js';

/** Decides by the number of a file system call if it fails with this code or works. */
let fate: (call: number, name: string) => string | null = () => null;
let calls = 0;

const failing =
  (name: string, work: (...args: never[]) => Promise<unknown>) =>
  async (...args: never[]): Promise<unknown> => {
    const code = fate(calls++, name);
    if (code !== null) throw Object.assign(new Error(`${code}: injected, ${name}`), { code });
    return work(...args);
  };

/** Node's file system, in which any call may fail. */
const fragile = (actual: typeof FileSystem): typeof FileSystem => {
  const wrapped = Object.fromEntries(
    Object.entries(actual).map(([name, member]) => [
      name,
      typeof member === 'function' ? failing(name, member as never) : member,
    ]),
  );
  const open = async (...args: Parameters<typeof actual.open>) => {
    const handle = await (wrapped['open'] as typeof actual.open)(...args);
    for (const name of ['write', 'writeFile', 'sync', 'truncate', 'stat', 'read', 'chmod'] as const) {
      const work = failing(`handle.${name}`, handle[name].bind(handle) as never);
      const workAndNote = async (...rest: never[]): Promise<unknown> => {
        const result = await work(...rest);
        note(name, basename(`${args[0]}`));
        return result;
      };
      Object.assign(handle, { [name]: workAndNote });
    }
    return handle;
  };
  const rename = async (from: string, to: string) => {
    await (wrapped['rename'] as typeof actual.rename)(from, to);
    note('rename', basename(to));
  };
  return { ...wrapped, open, rename } as typeof FileSystem; // the same names
};

/** Called after a call that changes a file or writes it to the disk, with the name of the file. */
let note: (call: string, file: string) => void = () => undefined;

const builtin = process.getBuiltinModule;
const mostListeners = process.getMaxListeners();
const onExit = new Set(process.listeners('exit'));
let home = '';
let folder = '';
beforeEach(async () => {
  process.setMaxListeners(200); // left by locks whose removal fails
  fate = () => null;
  note = () => undefined;
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
    name === 'node:fs/promises'
      ? fragile(builtin('node:fs/promises'))
      : builtin(name)) as typeof process.getBuiltinModule);
  home = await mkdtemp(join(tmpdir(), 'noisefold-faults-'));
  folder = join(home, 'run');
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const listener of process.listeners('exit')) if (!onExit.has(listener)) process.off('exit', listener);
  process.setMaxListeners(mostListeners);
  await rm(home, { recursive: true, force: true });
});

const snapshot = (step: number): Snapshot => ({
  ...{ step, key: key(7), batch: 4, config: null, heldOut: step === 2 ? 0.1 : 1 / step },
  tensors: new Map([['w', { dtype: 'F32', shape: [1], data: Float32Array.of(step) }]]),
});
const metrics = (step: number): Metrics => ({
  ...{ step, loss: 1, gradientNorm: 1, learningRate: 1, imagesPerSecond: 1, seconds: step },
});

const KEEP = 2;

/** A step, its line and its checkpoint. */
const advance = async (run: RunFolder, step: number): Promise<either.Either<NoisefoldError, void>> => {
  const logged = await run.log(metrics(step - 1))();
  return E.isLeft(logged) ? logged : run.save(snapshot(step), KEEP)();
};

/** A run of three steps. */
const begin = async (): Promise<void> => {
  const run = right(await openRunFolder(folder)());
  for (const step of [1, 2, 3]) right(await advance(run, step));
  right(await run.release());
};

/** Runs one more step, and returns how far it came. */
const goOn = async (): Promise<'not opened' | 'not saved' | 'not released' | 'saved'> => {
  const opened = await openRunFolder(folder, { resume: true })();
  if (E.isLeft(opened)) return 'not opened';
  const result = await advance(opened.right, 4);
  const released = await opened.right.release();
  if (E.isLeft(released)) return 'not released';
  return E.isLeft(result) ? 'not saved' : 'saved';
};

/** Changes a left-over lock of this process to one of a process that no longer exists. */
const forgetLock = async (): Promise<void> => {
  for (const name of await readdir(folder))
    if (name.startsWith('.run.lock')) await rm(join(folder, name));
    else if (name.startsWith('run.lock')) {
      const text = await readFile(join(folder, name), 'utf8');
      await writeFile(join(folder, name), text.replace(`"pid":${process.pid}`, `"pid":${2 ** 22 + 1}`));
    }
};

/** The contents of a run that was resumed to step 5, whatever happened at step 4. */
const expectSound = async (least: number): Promise<void> => {
  const run = right(await openRunFolder(folder, { resume: true })());
  const from = run.from!.step;
  expect(from).toBeGreaterThanOrEqual(least);
  expect(run.from).toEqual(snapshot(from));
  expect(run.metrics.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4].slice(0, from));
  for (let step = from + 1; step <= 5; step++) right(await advance(run, step));
  right(await run.release());
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.run.lock')); // held by this process, which is alive
  expect(names.sort()).toEqual([
    ...['best.safetensors', 'checkpoint-000004.safetensors', 'checkpoint.safetensors', 'metrics.jsonl'],
  ]);
  const stepIn = async (name: string) => right(await loadCheckpoint(join(folder, name))()).step;
  expect([await stepIn('best.safetensors'), await stepIn('checkpoint.safetensors')]).toEqual([2, 5]);
};

/** The number of calls of an undisturbed session. */
const callsOfSession = async (): Promise<number> => {
  await begin();
  calls = 0;
  expect(await goOn()).toBe('saved');
  await rm(folder, { recursive: true });
  return calls;
};

/** All numbers below n in the long test, some of them in the short test. */
const some = (n: number): readonly number[] => {
  const apart = Math.max(1, Math.floor(n / faults(12, n)));
  return Array.from({ length: Math.ceil(n / apart) }, (_, i) => i * apart);
};

describe('a run folder in which one call fails', () => {
  test.each(['ENOSPC', 'EIO', 'EACCES'])(
    '%s: the old or the new checkpoint is whole, and the run resumes',
    async (code) => {
      for (const at of some(await callsOfSession())) {
        await begin();
        calls = 0;
        fate = (call) => (call === at ? code : null);
        const outcome = await goOn();
        fate = () => null;
        if (outcome === 'not released') await forgetLock();
        await expectSound(outcome === 'saved' ? 4 : 3);
        await rm(folder, { recursive: true });
      }
    },
  );
});

describe('a run folder whose process ends at a call', () => {
  test('the old or the new checkpoint is whole, and the run resumes', async () => {
    for (const at of some(await callsOfSession())) {
      await begin();
      calls = 0;
      fate = (call) => (call >= at ? 'EIO' : null); // all later calls fail, because a process that ended makes none
      const outcome = await goOn();
      fate = () => null;
      await forgetLock();
      await expectSound(outcome === 'saved' ? 4 : 3);
      await rm(folder, { recursive: true });
    }
  });
});

describe('a run folder whose machine loses its power', () => {
  test('has on its disk the lines before each checkpoint, and the whole checkpoint, before it has its name', async () => {
    /** The files with changes that are not on the disk. */
    const volatile = new Set<string>();
    let checkpoints = 0;
    note = (call, file) => {
      const name = file.replace(/^\.(.*)\.\d+\.[\da-f-]+\.tmp$/, '$1');
      if (call === 'sync') volatile.delete(name);
      if (['write', 'writeFile', 'truncate'].includes(call)) volatile.add(name);
      if (call !== 'rename' || name !== 'checkpoint.safetensors') return;
      checkpoints++;
      expect([...volatile].filter((one) => /^(metrics|checkpoint)\b/.test(one))).toEqual([]);
    };
    await begin();
    expect(await goOn()).toBe('saved');
    expect(checkpoints).toBe(4);
  });
});

describe('a file system without hard links', () => {
  test('holds runs, and locks them', async () => {
    fate = (_, name) => (name === 'link' ? 'EPERM' : null);
    await begin();
    const run = right(await openRunFolder(folder, { resume: true })());
    expect(E.isLeft(await openRunFolder(folder, { resume: true })())).toBe(true);
    right(await run.release());
    await expectSound(3);
    await access(join(folder, 'best.safetensors'));
  });
});
