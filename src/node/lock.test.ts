import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faults } from '../../properties/faults.js';
import { waitFor } from '../../properties/waiting.js';
import { errorIn } from '../internal/errors.js';
import { type Lock, lockFolder } from './lock.js';

const LOCK = 'run.lock';
let folder = '';
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noisefold-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const path = (): string => join(folder, LOCK);

const failureOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (thrown: unknown) => errorIn(thrown)?.message.replaceAll(folder, '…') ?? String(thrown),
  );

type Fields = Readonly<Record<string, unknown>>;

/** The content of a lock that this process makes. */
const ownLock = async (): Promise<Fields> => {
  const lock = await lockFolder(folder);
  const content = JSON.parse(await readFile(path(), 'utf8')) as Fields;
  await lock.release();
  return content;
};

/** Leaves a lock of another process. */
const leave = async (fields: Fields): Promise<void> =>
  writeFile(path(), JSON.stringify({ ...(await ownLock()), id: '0123456789abcdef', ...fields }));

/** A process that runs for a while, and the tick of its start. */
const bystander = async (): Promise<{ readonly child: ChildProcess; readonly started: string | null }> => {
  const child = spawn('sleep', ['1000']);
  children.push(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => null);
  return { child, started: stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]! };
};

/** An id that no process has. */
const NOBODY = 2 ** 22 + 1;

/** Checks that a lock can be taken over and released, and that no file is left. */
const expectTakenOver = async (): Promise<void> => {
  const lock = await lockFolder(folder);
  await lock.check();
  expect(await readdir(folder)).toEqual([LOCK]);
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
};

describe('a locked folder', () => {
  test('is refused to another run of the same process, until the run ends', async () => {
    const lock = await lockFolder(folder);
    expect(await failureOf(lockFolder(folder))).toMatch(
      /^…: expected a folder that no other run holds, got one held by another run of this process since \d{4}-.* \(.*\); wait for its end, stop it, or give another folder$/,
    );
    expect(await readdir(folder)).toEqual([LOCK]);
    await lock.release();
    await expectTakenOver();
  });

  test('is refused while another process holds it, naming the process', async () => {
    const { child, started } = await bystander();
    await leave({ pid: child.pid, started, since: '2026-01-02T03:04:05Z', command: 'node train.js' });
    expect(await failureOf(lockFolder(folder))).toBe(
      `…: expected a folder that no other run holds, got one held by process ${child.pid} since 2026-01-02T03:04:05Z (node train.js); wait for its end, stop it, or give another folder`,
    );
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    await expectTakenOver();
  });

  test('is refused under another name of the folder', async () => {
    const lock = await lockFolder(folder);
    const other = `${folder}-link`;
    await symlink(folder, other);
    expect(await failureOf(lockFolder(other))).toContain('held by another run of this process');
    await rm(other);
    await lock.release();
  });

  test.each([
    ['another host', { host: 'elsewhere' }, 'elsewhere'],
    ['another container on this host', { namespace: 'pid:[1]' }, hostname()],
  ])('is refused if %s holds it, with a hint', async (_name, fields, host) => {
    await leave({ pid: NOBODY, since: 'then', command: 'it', ...fields });
    expect(await failureOf(lockFolder(folder))).toBe(
      `…: expected a folder that no other run holds, got one held by process ${NOBODY} of another container or host, ${host}, since then (it); if that run has ended, delete …/run.lock`,
    );
    await rm(path());
    await expectTakenOver();
  });

  test.each([
    ['empty', ''],
    ['truncated', '{"pid"'],
    ['null', 'null'],
    ['without most fields', '{"pid":1}'],
    ['deeply nested', '['.repeat(5000)],
    ['too long', `"${'x'.repeat(20_000)}"`],
  ])('is refused if its lock is %s', async (_name, content) => {
    await writeFile(path(), content);
    expect(await failureOf(lockFolder(folder))).toBe(
      '…: expected a folder that no other run holds, got …/run.lock, which is not a lock; delete it if no run uses the folder',
    );
    expect(await readFile(path(), 'utf8')).toBe(content);
  });

  test('is refused if its lock is a folder', async () => {
    await mkdir(path());
    expect(await failureOf(lockFolder(folder))).toContain('which is not a lock');
  });

  test('is refused if the id of a lock would lead out of the folder', async () => {
    await leave({ pid: NOBODY, id: '/../../elsewhere' });
    expect(await failureOf(lockFolder(folder))).toContain('which is not a lock');
  });
});

test('a released lock leaves no listener of the end of the process, and no lock warns of a leak', async () => {
  const state = () => [process.listenerCount('exit'), process.getMaxListeners()];
  const before = state();
  for (let i = 0; i < 3; i++) await (await lockFolder(folder)).release();
  expect(state()).toEqual(before);
});

describe('a stale lock is taken over', () => {
  test('of a process that has ended', async () => {
    await leave({ pid: NOBODY });
    await expectTakenOver();
  });

  test('of a process that has ended, but for whose end its parent does not ask', async () => {
    // a shell that becomes another program does not ask for the end of its child
    const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000']);
    children.push(parent);
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    const fields = async (): Promise<readonly string[]> => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    };
    const start = (await fields())[19];
    if (start === undefined) return; // only Linux can tell
    const until = async (holds: () => Promise<boolean>): Promise<void> => {
      while (!(await holds())) await new Promise((resolve) => void setTimeout(resolve, 5));
    };
    const program = () => readFile(`/proc/${parent.pid}/comm`, 'utf8');
    await waitFor(
      'the shell to become another program',
      until(async () => (await program()) === 'sleep\n'),
    );
    process.kill(pid);
    await waitFor(
      `process ${pid} to end`,
      until(async () => (await fields())[0] === 'Z'),
    );
    await leave({ pid, started: start });
    await expectTakenOver();
  });

  test('of a process whose id now belongs to another one', async () => {
    const { child, started } = await bystander();
    if (started === null) return; // only Linux can tell
    await leave({ pid: child.pid, started: `${Number(started) - 1}` });
    await expectTakenOver();
  });

  test('of this host before it was restarted', async () => {
    await leave({ pid: process.pid, boot: 'an earlier one' });
    await expectTakenOver();
  });

  test('with the files of a process that was killed while it took the lock over', async () => {
    await leave({ pid: NOBODY });
    const left = JSON.parse(await readFile(path(), 'utf8')) as Fields;
    await writeFile(`${path()}.0123456789abcdef`, JSON.stringify({ ...left, id: 'fedcba9876543210' }));
    await writeFile(join(folder, `.${LOCK}.${NOBODY}.fedcba9876543210.tmp`), '');
    await expectTakenOver();
  });

  test('by exactly one of many processes that try at once', async () => {
    for (let round = 0; round < faults(10, 100); round++) {
      if (round % 3 > 0) await leave({ pid: NOBODY });
      if (round % 3 === 2) {
        const left = JSON.parse(await readFile(path(), 'utf8')) as Fields;
        await writeFile(`${path()}.0123456789abcdef`, JSON.stringify({ ...left, id: 'fedcba9876543210' }));
      }
      const locks: Lock[] = [];
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, () => failureOf(lockFolder(folder).then((lock) => locks.push(lock)))),
      );
      expect(locks.length).toBe(1);
      expect(outcomes.filter((message) => message.includes('held by another run of this process')).length).toBe(7);
      await locks[0]!.check();
      expect(await readdir(folder)).toEqual([LOCK]);
      await locks[0]!.release();
    }
  });
});

describe('the check of a lock', () => {
  test('fails if the folder was removed or renamed', async () => {
    const lock = await lockFolder(folder);
    await rename(folder, `${folder}-renamed`);
    expect(await failureOf(lock.check())).toBe(
      '…: expected a folder that no other run holds, got no run.lock there; the folder was removed or renamed, or its lock was deleted',
    );
    await lock.release();
    await rm(`${folder}-renamed`, { recursive: true });
  });

  test('fails if another run took the folder, whose lock is then kept', async () => {
    const lock = await lockFolder(folder);
    await rm(path());
    const other = await lockFolder(folder);
    expect(await failureOf(lock.check())).toContain('held by another run of this process');
    await lock.release();
    await other.check();
    await other.release();
  });
});
