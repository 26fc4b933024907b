/**
 * The lock of a folder: a file that names the process that holds it. It is made by a hard link to a complete file, so
 * that no reader sees half of it; a link fails if the name is taken.
 */
import { decode, natural, refined } from '../internal/decode.js';
import { failure, type NoisefoldError, thrownError } from '../internal/errors.js';
import { E, t } from '../internal/fp.js';
import { parseJson } from '../internal/json/json.js';
import { record } from '../internal/schema.js';
import { isAlive } from './files.js';
import { listen } from './listen.js';
import { node, recover } from './node.js';

/** A lock held by this process. */
export interface Lock {
  /** Throws a `FileError` unless the folder still has this lock. */
  readonly check: () => Promise<void>;
  readonly release: () => Promise<void>;
}

const LOCK = 'run.lock';

const stringOrNull = t.union([t.string, t.null]);

const holderCodec = record({
  id: refined(t.string, 'an id', (id) => /^[\da-f]{16}$/.test(id)), // a part of a file name
  pid: natural,
  /** The start of the process, in clock ticks since the boot, which distinguishes processes that reuse an id. */
  started: stringOrNull,
  host: t.string,
  boot: stringOrNull,
  /** The namespace of the id: containers on one host have several. */
  namespace: stringOrNull,
  since: t.string,
  command: t.string,
});
type Holder = t.TypeOf<typeof holderCodec>;

/** The state of a process on Linux; null elsewhere, and for a process that has ended but waits for its parent. */
const startOf = async (pid: number): Promise<{ readonly ticks: string; readonly hasEnded: boolean } | null> => {
  const stat = await node()
    .readFile(`/proc/${pid}/stat`, 'utf8')
    .catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the process name before it may contain anything
  return fields.length < 20 ? null : { ticks: fields[19]!, hasEnded: fields[0] === 'Z' || fields[0] === 'X' };
};

const thisProcess = async (): Promise<Holder> => {
  const { hostname, readFile, readlink } = node();
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null);
  return {
    id: crypto.randomUUID().replaceAll('-', '').slice(0, 16),
    pid: process.pid,
    started: (await startOf(process.pid))?.ticks ?? null,
    host: hostname(),
    boot: boot === null ? null : boot.trim(),
    namespace: await readlink('/proc/self/ns/pid').catch(() => null),
    since: new Date().toISOString(),
    command: process.argv.join(' ').slice(0, 200),
  };
};

/**
 * Tests if the process that holds a lock is running; 'unknown' if it cannot be seen, on another host or in another
 * container.
 */
const isRunning = async (holder: Holder, own: Holder): Promise<boolean | 'unknown'> => {
  if (holder.host !== own.host) return 'unknown';
  if (holder.boot !== own.boot) return false; // the host was restarted since
  if (holder.namespace !== own.namespace) return 'unknown';
  if (!isAlive(holder.pid)) return false;
  const start = await startOf(holder.pid);
  return start === null || (!start.hasEnded && (holder.started === null || holder.started === start.ticks));
};

const told = (folder: string, actual: string, hint: string): NoisefoldError =>
  failure('FileError', { where: folder, expected: 'a folder that no other run holds', actual, hint });

const conflict = (path: string, { pid, host, since, command }: Holder, running: true | 'unknown'): NoisefoldError => {
  const about = `since ${since} (${command})`;
  const who = pid === process.pid ? 'another run of this process' : `process ${pid}`;
  const elsewhere = `one held by process ${pid} of another container or host, ${host}, ${about}`;
  return running === true
    ? told(node().dirname(path), `one held by ${who} ${about}`, 'wait for its end, stop it, or give another folder')
    : told(node().dirname(path), elsewhere, `if that run has ended, delete ${path}`);
};

const LONGEST = 10_000;
const PAUSE = 10;
const MOST_PAUSES = 50;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE));

/** The holder that a lock file names; null if there is no file. Throws for anything but a lock. */
const holderIn = async (path: string, pauses = 0): Promise<Holder | null> => {
  const { dirname, lstat, readFile } = node();
  const info = await lstat(path).catch(recover(['ENOENT'], null));
  if (info === null) return null;
  const text = info.isFile() && info.size < LONGEST ? await readFile(path, 'utf8').catch(recover(['ENOENT'], '')) : '';
  const parsed = E.flatMap(decode(holderCodec))(parseJson(text));
  if (E.isRight(parsed)) return parsed.right;
  if (pauses === MOST_PAUSES)
    throw thrownError(told(dirname(path), `${path}, which is not a lock`, 'delete it if no run uses the folder'));
  await pause(); // another process may be writing the file
  return holderIn(path, pauses + 1);
};

const NO_LINKS = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'];

/**
 * Links a file to a second name, or copies it if the file system has no hard links; throws `EEXIST` if the name is
 * taken.
 */
export const linked = async (from: string, to: string): Promise<void> => {
  const { constants, copyFile, link } = node();
  await link(from, to).catch(async (thrown: unknown) => {
    recover(NO_LINKS, undefined)(thrown);
    await copyFile(from, to, constants.COPYFILE_EXCL);
  });
};

/**
 * Writes our own content to a lock file, and throws if a process that may be running holds it. To replace a stale lock,
 * a process first takes `path.id`, a lock on the replacement, so that only one process replaces it. Ids are never
 * reused, so this process can check that the stale lock is still the same.
 */
const acquire = async (path: string, aside: string, own: Holder): Promise<void> => {
  const { basename, rename, rm } = node();
  for (let pauses = 0; ;) {
    if (await linked(aside, path).then(() => true, recover(['EEXIST'], false))) return;
    const holder = await holderIn(path);
    if (holder === null) continue; // the lock was just released
    const running = await isRunning(holder, own);
    if (running !== false) {
      // a lock on a replacement is held only briefly
      if (basename(path) === LOCK || pauses++ === MOST_PAUSES) throw thrownError(conflict(path, holder, running));
      await pause();
      continue;
    }
    const replacement = `${path}.${holder.id}`;
    await acquire(replacement, aside, own);
    if ((await holderIn(path))?.id === holder.id) return rename(replacement, path);
    await rm(replacement, { force: true });
  }
};

/** Removes the files that killed processes left while they took a lock. */
const removeLeftovers = async (folder: string): Promise<void> => {
  const { join, readdir, rm } = node();
  for (const name of await readdir(folder)) {
    const pid = /^\.run\.lock\.(\d+)\.[\da-f]{16}\.tmp$/.exec(name)?.[1];
    if (pid === undefined ? /^run\.lock\.[\da-f]{16}(\.|$)/.test(name) : !isAlive(Number(pid)))
      await rm(join(folder, name), { force: true });
  }
};

/** Locks a folder that exists. Throws a `FileError` that names the process that holds it. */
export const lockFolder = async (folder: string): Promise<Lock> => {
  const { join, open, readFileSync, rm, rmSync } = node();
  const path = join(folder, LOCK);
  const own = await thisProcess();
  const aside = join(folder, `.${LOCK}.${own.pid}.${own.id}.tmp`);
  try {
    const handle = await open(aside, 'wx');
    try {
      await handle.writeFile(`${JSON.stringify(own)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await acquire(path, aside, own);
  } finally {
    await rm(aside, { force: true }).catch(() => undefined); // the next run removes it
  }
  await removeLeftovers(folder).catch(() => undefined); // files that remain do no harm
  const atExit = () => {
    try {
      if (readFileSync(path, 'utf8').includes(own.id)) rmSync(path);
    } catch {
      // the lock was removed with its folder
    }
  };
  const ignoreExit = listen(process, 'exit', atExit);
  return {
    check: async () => {
      const holder = await holderIn(path);
      if (holder === null)
        throw thrownError(
          told(folder, `no ${LOCK} there`, 'the folder was removed or renamed, or its lock was deleted'),
        );
      if (holder.id !== own.id) throw thrownError(conflict(path, holder, true));
    },
    release: async () => {
      if ((await holderIn(path))?.id === own.id) await rm(path, { force: true });
      ignoreExit();
    },
  };
};
