/**
 * A run on disk: config.json before the first step, metrics.jsonl line by line, checkpoint.safetensors from time to
 * time, samples.png and loss.svg at the end. The log is written up to a step before the checkpoint of the step, so that a
 * run killed at any moment resumes with no gap and no duplicate.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, failure, type NoisefoldError } from 'noisefold/dsl';
import {
  appendLine,
  decodeMetricsLog,
  encodeMetrics,
  fileExists,
  isLineBefore,
  keepLines,
  loadCheckpoint,
  type Metrics,
  readBytes,
  saveCheckpoint,
  type Snapshot,
  syncFile,
  writeAtomically,
} from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { changedBy, type Config, continued, decodeConfig, encodeConfig } from './config.js';
import type { Options } from './options.js';

/** A new or resumed run. */
export interface Run {
  readonly folder: string;
  readonly config: Config;
  /** The checkpoint to resume from; null for a new run. */
  readonly from: Snapshot | null;
  /** The metrics of the steps before it. */
  readonly metrics: readonly Metrics[];
}

type Effect<A> = TE.TaskEither<NoisefoldError, A>;

export const filesOf = (folder: string) => ({
  config: join(folder, 'config.json'),
  metrics: join(folder, 'metrics.jsonl'),
  checkpoint: join(folder, 'checkpoint.safetensors'),
  samples: join(folder, 'samples.png'),
  chart: join(folder, 'loss.svg'),
});

/** Tests whether a folder contains files of a run. */
const holdsRun = (folder: string): Effect<boolean> =>
  F.pipe(
    Object.values(filesOf(folder)),
    TE.traverseSeqArray(fileExists),
    TE.map((found) => found.includes(true)),
  );

const RUNS = 'runs';
const DEFAULT = /^mnist(?:-(?<number>[1-9]\d{0,8}))?$/;

/** The numbers of the existing folders runs/mnist, runs/mnist-2, … */
const taken: Effect<readonly number[]> = TE.fromTask(() =>
  readdir(RUNS).then(
    (names) =>
      names.flatMap((name) => {
        const match = DEFAULT.exec(name);
        return match === null ? [] : [Number(match.groups?.['number'] ?? 1)];
      }),
    () => [], // no folder, no runs; writing reports an unreadable folder
  ),
);

const defaultFolder = (n: number): string => join(RUNS, n === 1 ? 'mnist' : `mnist-${n}`);

const freshFolder = ({ out }: Options): Effect<string> =>
  out === null
    ? TE.map((numbers: readonly number[]) => defaultFolder(Math.max(0, ...numbers) + 1))(taken)
    : F.pipe(
        holdsRun(out),
        TE.filterOrElse(
          (held) => !held,
          (): NoisefoldError =>
            failure('ConfigError', {
              where: `--out ${out}`,
              expected: 'a folder without a run',
              actual: 'one that holds a run',
              hint: 'add --resume to go on with it, or name another folder',
            }),
        ),
        TE.map(() => out),
      );

const resumedFolder = ({ out }: Options): Effect<string> =>
  out !== null
    ? TE.right(out)
    : F.pipe(
        taken,
        TE.filterOrElse(
          (numbers) => numbers.length > 0,
          (): NoisefoldError =>
            failure('ConfigError', {
              where: '--resume',
              expected: `a run in ${RUNS}`,
              actual: 'none',
              hint: 'name its folder with --out, or leave --resume out to begin one',
            }),
        ),
        TE.map((numbers) => defaultFolder(Math.max(...numbers))),
      );

const readText = (path: string): Effect<string> =>
  TE.map((bytes: Uint8Array) => new TextDecoder().decode(bytes))(readBytes(path));

/** The log up to a step. Fails unless each earlier step has a line. */
const loggedBefore =
  (path: string, step: number) =>
  (log: string): E.Either<NoisefoldError, readonly Metrics[]> =>
    F.pipe(
      log.slice(0, log.lastIndexOf('\n') + 1), // drops an incomplete last line
      decodeMetricsLog(path),
      E.map((lines) => lines.filter((line) => line.step < step)),
      E.flatMap((lines) => {
        const odd = lines.findIndex((line, i) => line.step !== i);
        return lines.length === step && odd === -1
          ? E.right(lines)
          : fail('DecodeError', {
              where: path,
              expected: `a line for each step before the checkpoint's, ${step}`,
              actual: odd === -1 ? `${lines.length} lines` : `step ${lines[odd]!.step} in line ${odd + 1}`,
              hint: 'restore the file, or begin another run',
            });
      }),
    );

const goOn =
  (options: Options) =>
  (folder: string): Effect<Run> => {
    const files = filesOf(folder);
    return F.pipe(
      fileExists(files.config),
      TE.filterOrElse(F.identity, (): NoisefoldError =>
        failure('ConfigError', {
          where: '--resume',
          expected: `a run in ${folder}`,
          actual: 'no config.json there',
          hint: 'leave --resume out to begin a run, or name the folder of one with --out',
        }),
      ),
      TE.flatMap(() => readText(files.config)),
      TE.flatMapEither(decodeConfig(files.config)),
      TE.flatMapEither(continued(folder, options.given)),
      TE.bindTo('config'),
      TE.bind('from', () =>
        F.pipe(
          fileExists(files.checkpoint),
          TE.flatMap((found): Effect<Snapshot | null> => (found ? loadCheckpoint(files.checkpoint) : TE.right(null))),
        ),
      ),
      TE.bind('metrics', ({ from }) =>
        F.pipe(
          fileExists(files.metrics),
          TE.flatMap((found) => (found ? readText(files.metrics) : TE.right(''))),
          TE.flatMapEither(loggedBefore(files.metrics, from?.step ?? 0)),
        ),
      ),
      TE.map((run) => ({ folder, ...run })),
    );
  };

/**
 * The run of the options: a new one with this configuration, or the one in the folder at its last
 * checkpoint. Writes nothing.
 */
export const openRun =
  (config: Config) =>
  (options: Options): Effect<Run> =>
    options.resume
      ? F.pipe(resumedFolder(options), TE.flatMap(goOn(options)))
      : F.pipe(
          freshFolder(options),
          TE.bindTo('folder'),
          // with all defaults, as a resumed run reads it
          TE.bind('config', () =>
            TE.fromEither(decodeConfig('recipe')(encodeConfig(changedBy(options.given)(config)))),
          ),
          TE.map((run): Run => ({ ...run, from: null, metrics: [] })),
        );

/** Tests whether training ends after this number of steps and seconds. */
export const isOver = ({ steps, minutes }: Config, done: number, seconds: number): boolean =>
  done >= steps || seconds >= (minutes ?? Infinity) * 60;

/** Writes the configuration. */
export const writeConfig = ({ folder, config }: Run): Effect<void> =>
  writeAtomically(filesOf(folder).config, encodeConfig(config));

/** Removes the steps that are repeated from the log. */
export const trimLog = ({ folder, from }: Run): Effect<void> =>
  keepLines(filesOf(folder).metrics, isLineBefore(from?.step ?? 0));

export const log =
  ({ folder }: Run) =>
  (metrics: Metrics): Effect<void> =>
    appendLine(filesOf(folder).metrics, encodeMetrics(metrics));

/** Saves a checkpoint, after the log of the steps before it. */
export const save =
  ({ folder }: Run) =>
  (snapshot: Snapshot): Effect<void> => {
    const files = filesOf(folder);
    return F.pipe(
      syncFile(files.metrics),
      TE.flatMap(() => saveCheckpoint(files.checkpoint)(snapshot)),
    );
  };

/** The whole log. */
export const readLog = ({ folder }: Run): Effect<readonly Metrics[]> => {
  const { metrics } = filesOf(folder);
  return F.pipe(readText(metrics), TE.flatMapEither(decodeMetricsLog(metrics)));
};
