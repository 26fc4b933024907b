/**
 * A run on disk: `checkpoint.safetensors`, the newest checkpoint; `checkpoint-000400.safetensors`, earlier checkpoints;
 * `best.safetensors`, the checkpoint with the lowest held-out loss; `metrics.jsonl`, a line for each step. The log is
 * written to disk before the checkpoint, so a run that is killed at any moment resumes without a gap or a duplicate line.
 */
import type { Task } from '../dsl/run/effect.js';
import type { Exact } from '../internal/exact.js';
import { attempt, failure, type NoisefoldError, orRaise, raise } from '../internal/errors.js';
import { oneOf, positive } from '../internal/decode.js';
import { E, t, TE, type taskEither } from '../internal/fp.js';
import { gen, take } from '../internal/gen.js';
import { part } from '../internal/parts.js';
import { type FilledOf, optional, schema } from '../internal/schema.js';
import { decodeMetricsLog, encodeMetrics, isLineBefore, type Metrics, metricsFields } from '../reports/metrics.js';
import { findCheckpoint, loadCheckpoint, readProgress, saveCheckpoint } from './checkpoint.js';
import {
  appendLine,
  asideOf,
  fileExists,
  keepLines,
  makeFolder,
  ownFileExists,
  readBytes,
  syncFile,
} from '../node/files.js';
import { node, onFile, recover } from '../node/node.js';
import type { Snapshot } from './snapshot.js';
import { linked, type Lock, lockFolder } from '../node/lock.js';

/** Options of {@link openRunFolder}. */
export interface Opening {
  /**
   * False, the default: starts a run, and fails if the folder holds a run. True: resumes from the newest checkpoint, and
   * fails without a checkpoint. `'auto'`: resumes if there is a checkpoint, and starts a run otherwise.
   */
  readonly resume?: boolean | 'auto' | undefined;
  /**
   * `'new'`: if the log is missing or damaged, starts a new log at the step of the checkpoint, and renames a damaged log
   * to `metrics-<time>.jsonl`. By default a missing or damaged log is a `DecodeError`.
   */
  readonly log?: 'new' | undefined;
}

export const openingFields = {
  resume: optional(t.union([t.boolean, t.literal('auto')], "true, false or 'auto'"), false),
  log: optional(oneOf('new')),
} satisfies Record<keyof Opening, unknown>;
const openings = schema('openRunFolder', openingFields);

const lines = schema('RunFolder.log', metricsFields);

/** The arguments of `save`. `saveCheckpoint` checks the fields of a snapshot. */
const savings = schema('RunFolder.save', {
  snapshot: part<Snapshot>('a snapshot', 'step', 'tensors'),
  keep: optional(positive, 3),
});

/** A folder that holds one run, locked until it is released. */
export interface RunFolder {
  readonly path: string;
  /** The newest checkpoint; null for a new run. */
  readonly from: Snapshot | null;
  /** The metrics of the steps before that checkpoint. */
  readonly metrics: readonly Metrics[];
  /** The lowest held-out loss of earlier checkpoints; Infinity if there is none. */
  readonly best: number;
  /** Fails if the folder was moved, or has lost the lock of this run. */
  readonly check: Task<void>;
  /**
   * Adds a line to the log. The first new line replaces the lines from its step on, because the run repeats those steps.
   */
  readonly log: (metrics: Metrics) => Task<void>;
  /**
   * Makes a snapshot the newest checkpoint. Keeps `keep` checkpoints, 3 by default, and the one with the lowest
   * `heldOut`. Removes older checkpoints after the new one is on the disk. Does not touch other files.
   */
  readonly save: (snapshot: Snapshot, keep?: number) => Task<void>;
  /** Unlocks the folder. Removes the folder if `openRunFolder` made it and it is empty. */
  readonly release: Task<void>;
}

const NEWEST = 'checkpoint.safetensors';
const BEST = 'best.safetensors';
const LOG = 'metrics.jsonl';
const NEW_LOG = "restore the file, or give log: 'new' to continue with a new log and keep this one beside it";
const EARLIER = /^checkpoint-(\d{6,})\.safetensors$/;
const LEFTOVER = /^\.(checkpoint(-\d+)?|best)\.safetensors\.\d+\.[\da-f-]+\.tmp$/;

const earlier = (step: number): string => `checkpoint-${`${step}`.padStart(6, '0')}.safetensors`;

/** The step in the name of an earlier checkpoint; NaN for other files, also if the number of leading zeros differs. */
const stepOf = (name: string): number => {
  const step = Number(EARLIER.exec(name)?.[1]);
  return name === earlier(step) ? step : NaN;
};

/** Replaces the hint of an error. */
export const hinting = (error: NoisefoldError, hint: string): NoisefoldError => failure(error._tag, { ...error, hint });

/**
 * The step of the newest checkpoint in a folder whose last saved checkpoint has step `saved`; null if the folder has none,
 * because other programs removed them.
 */
export const newestIn = async (folder: string, saved: number): Promise<number | null> => {
  const { join, readdir } = node();
  const newest = await fileExists(join(folder, NEWEST))();
  if (E.isLeft(newest) || newest.right) return saved; // a Left: the path exists, but cannot be read
  const best = await readProgress(join(folder, BEST))();
  const names = await readdir(folder).catch(() => []);
  const steps = [E.isRight(best) ? best.right.step : NaN, ...names.map(stepOf)].filter((step) => step >= 0);
  return steps.length === 0 ? null : Math.max(...steps);
};

/** The lowest held-out loss so far, from the header of the best checkpoint. */
const lowestLoss = (path: string): taskEither.TaskEither<NoisefoldError, number> =>
  gen(function* () {
    if (!(yield* take(ownFileExists(path)))) return Infinity;
    const { heldOut = Infinity } = yield* take(readProgress(path));
    return heldOut;
  });

/** The lines of the log before a step. Raises `DecodeError` if a step after the first line has no line. */
const loggedBefore = (path: string, step: number, log: string): readonly Metrics[] => {
  const whole = log.slice(0, log.lastIndexOf('\n') + 1); // drops an incomplete last line
  const all = orRaise(decodeMetricsLog(path)(whole));
  const lines = all.filter((line) => line.step < step);
  const first = all[0]?.step ?? 0; // a new log begins at a later step
  const odd = lines.findIndex((line, i) => line.step !== first + i);
  if (odd !== -1 || lines.length !== Math.max(0, step - first))
    raise('DecodeError', {
      where: path,
      expected: `a line for each step before the checkpoint's, ${step}`,
      actual: odd === -1 ? `${lines.length} lines` : `step ${lines[odd]!.step} in line ${odd + 1}`,
      hint: NEW_LOG,
    });
  return lines;
};

const lacking = (where: string, actual: string, hint: string): never =>
  raise('FileError', { where, expected: 'a checkpoint to resume from', actual, hint });

/**
 * Loads the latest of the other checkpoints that can be read, for a folder without `checkpoint.safetensors`. Returns null if
 * there are none. Raises the error of the latest if none can be read.
 */
const olderIn = async (folder: string, names: readonly string[]): Promise<Snapshot | null> => {
  const best = await readProgress(node().join(folder, BEST))();
  const bestStep = E.isRight(best) ? best.right.step : -1;
  const others = names.flatMap((name) => {
    const step = name === BEST ? bestStep : stepOf(name);
    return Number.isNaN(step) ? [] : [{ name, step }];
  });
  const errors: NoisefoldError[] = [];
  for (const { name } of others.sort((a, b) => b.step - a.step)) {
    const older = await loadCheckpoint(node().join(folder, name))();
    if (E.isRight(older)) return older.right;
    errors.push(older.left);
  }
  return errors[0] === undefined ? null : orRaise(E.left(errors[0]));
};

/** The checkpoint to resume from, and the lines of the log before its step; no lines if a new log begins. */
interface Beginning extends Pick<RunFolder, 'from' | 'metrics'> {
  readonly anew?: boolean;
}

const beginning = async (folder: string, { resume, log: kind }: FilledOf<typeof openings>): Promise<Beginning> => {
  const { join, readdir } = node();
  const names = await readdir(folder);
  const snapshots = names.filter((name) => name === NEWEST || name === BEST || stepOf(name) >= 0);
  if (resume === false) {
    const first = snapshots[0] ?? names.find((name) => name === LOG);
    if (first !== undefined)
      raise('ConfigError', {
        where: folder,
        expected: 'a folder without a run',
        actual: `a folder with ${first}`,
        hint: 'resume it with resume: true, or give another folder',
      });
    return { from: null, metrics: [] };
  }
  const [path, log] = [join(folder, NEWEST), join(folder, LOG)];
  const hasLog = orRaise(await ownFileExists(log)());
  const toReplace = (error: NoisefoldError): NoisefoldError =>
    hinting(error, `${error.hint}; to resume from another checkpoint, move it to this name`);
  const newest = orRaise(await TE.mapLeft(toReplace)(findCheckpoint(path))());
  const from = newest ?? (await olderIn(folder, names)); // another program may have removed the newest
  if (from !== null) {
    const text = hasLog ? new TextDecoder().decode(orRaise(await readBytes(log)())) : '';
    const metrics = attempt(() => loggedBefore(log, from.step, text));
    if (E.isRight(metrics)) return { from, metrics: metrics.right };
    return kind === 'new' ? { from, metrics: [], anew: true } : orRaise(E.left(hinting(metrics.left, NEW_LOG)));
  }
  if (resume === true) {
    const hint = 'start again without `resume`, in another folder';
    lacking(path, 'none: no run, or one that ended before it saved one', hint);
  }
  return { from, metrics: [] };
};

/** Links a file to another name in the same folder; replaces a file of that name. Returns false if the file is missing. */
const linkOver = async (folder: string, from: string, to: string): Promise<boolean> => {
  const { join, rename, rm } = node();
  if (!orRaise(await ownFileExists(join(folder, from))())) return false;
  const aside = join(folder, asideOf(to));
  await linked(join(folder, from), aside);
  await rename(aside, join(folder, to));
  await rm(aside, { force: true }); // `rename` does nothing if both names are links to one file
  return true;
};

const openFolder = (
  path: string,
  { check, release }: Lock,
  { from, metrics, anew = false }: Beginning,
  lowest: number,
  isNew: boolean,
): RunFolder => {
  const { join, lstat, readdir, rename, rm, rmdir } = node();
  const log = join(path, LOG);
  let trimmed = false; // true once the log ends before the first step of this run
  let newest: Pick<Snapshot, 'step' | 'heldOut'> | null = from;
  let best = lowest;
  const inFolder = <A>(work: () => Promise<A>): Task<A> =>
    onFile(path, 'the folder of this run', async () => {
      await check();
      return work();
    });
  const keepBest = async (): Promise<void> => {
    if (newest?.heldOut === undefined || newest.heldOut >= best) return;
    if (await linkOver(path, NEWEST, BEST)) best = newest.heldOut;
  };
  return {
    ...{ path, from, metrics, best: lowest },
    check: inFolder(async () => {}),
    log: (line) =>
      inFolder(async () => {
        lines.demand(line);
        if (!trimmed && anew)
          await rename(log, join(path, `metrics-${Date.now()}.jsonl`)).catch(recover(['ENOENT'], undefined));
        else if (!trimmed) orRaise(await keepLines(log, isLineBefore(line.step))());
        trimmed = true;
        orRaise(await appendLine(log, encodeMetrics(line))());
      }),
    save: (state, most) =>
      inFolder(async () => {
        const { snapshot, keep } = savings.demand({ snapshot: state, keep: most });
        if (trimmed) orRaise(await syncFile(log)());
        await keepBest(); // an earlier process may have been killed before this line
        if (newest !== null && newest.step !== snapshot.step && keep > 1)
          await linkOver(path, NEWEST, earlier(newest.step));
        orRaise(await saveCheckpoint(join(path, NEWEST))(snapshot)());
        newest = { step: snapshot.step, ...(snapshot.heldOut !== undefined && { heldOut: snapshot.heldOut }) };
        await keepBest();
        const steps = (await readdir(path)).map(stepOf);
        const before = steps.filter((step) => step < snapshot.step).sort((a, b) => b - a);
        for (const step of before.slice(keep - 1)) {
          const old = join(path, earlier(step));
          if ((await lstat(old)).isFile()) await rm(old);
        }
      }),
    release: onFile(path, 'a folder to unlock', async () => {
      await release();
      if (isNew) await rmdir(path).catch(() => undefined); // not empty: it holds a run
    }),
  };
};

/**
 * Opens the folder of a run, and locks it against other runs of this and other processes. Takes over the lock of a killed
 * process. Fails with a `FileError` if another run, which the error names, holds the folder, or if a checkpoint is
 * missing or cannot be read; with `DecodeError` for a damaged checkpoint or log; and with `ConfigError` if the folder
 * holds a run and `resume` is false. Writes only the lock.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-run`
 * const snapshot: Snapshot = { step: 0, key: key(7), batch: 32, config: null, tensors: new Map() }
 * const first = unwrap(await openRunFolder(path)())
 * unwrap(await first.save(snapshot)()) // → undefined
 * const wrong = await openRunFolder(path, { resume: true })()
 * isLeft(wrong) && wrong.left._tag // → 'FileError'
 * await first.release()
 * const again = unwrap(await openRunFolder(path, { resume: true })())
 * again.from // → snapshot
 * await again.release()
 */
export const openRunFolder = <G = unknown>(
  path: string,
  options?: Exact<G, keyof Opening> & Opening,
): Task<RunFolder> =>
  onFile(path, 'the folder of a run', async () => {
    const opening = openings.demand(options);
    const { join, lstat, readdir, rm, rmdir } = node();
    const isNew = await lstat(path).then(() => false, recover(['ENOENT'], true));
    if (isNew && opening.resume === true) lacking(path, 'no folder', 'check the path, or start without `resume`');
    await makeFolder(path);
    const lock = await lockFolder(path);
    try {
      const start = await beginning(path, opening);
      for (const name of await readdir(path)) if (LEFTOVER.test(name)) await rm(join(path, name), { force: true });
      const lowest = start.from === null ? Infinity : orRaise(await lowestLoss(join(path, BEST))());
      return openFolder(path, lock, start, lowest, isNew);
    } catch (thrown) {
      await lock.release();
      if (isNew) await rmdir(path).catch(() => undefined);
      throw thrown;
    }
  });
