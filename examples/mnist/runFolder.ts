/**
 * The folder of a run: config.json before the first step, the log and the checkpoints of `openRunFolder`, samples.png and
 * loss.svg at the end.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, type NoisefoldError } from 'noisefold/dsl';
import {
  decodeMetricsLog,
  fileExists,
  type Metrics,
  type Opening,
  openRunFolder,
  readBytes,
  type RunFolder,
  writeAtomically,
} from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import { changedBy, type Config, continued, decodeConfig, encodeConfig } from './config.js';
import type { Options } from './options.js';

/** A new or resumed run, whose folder is locked until it is released. */
export interface Run extends RunFolder {
  readonly config: Config;
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
  TE.fromTask(async () => {
    const checks = Object.values(filesOf(folder)).map((path) => lstat(path).then(() => true, () => false)); // oxfmt-ignore
    return (await Promise.all(checks)).includes(true);
  });

const RUNS = 'runs';
const DEFAULT = /^mnist(?:-(?<number>[1-9]\d{0,8}))?$/;

/** The numbers of the existing folders runs/mnist, runs/mnist-2, … */
const numbers: Effect<readonly number[]> = TE.fromTask(() =>
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
    ? TE.map((numbers: readonly number[]) => defaultFolder(Math.max(0, ...numbers) + 1))(numbers)
    : F.pipe(
        holdsRun(out),
        TE.filterOrElse(
          (isHeld) => !isHeld,
          (): NoisefoldError =>
            failure('ConfigError', {
              where: `--out ${out}`,
              expected: 'a folder without a run',
              actual: 'one that holds a run',
              hint: 'add --resume to continue it, or name another folder',
            }),
        ),
        TE.map(() => out),
      );

const resumedFolder = ({ out }: Options): Effect<string> =>
  out !== null
    ? TE.right(out)
    : F.pipe(
        numbers,
        TE.filterOrElse(
          (numbers) => numbers.length > 0,
          (): NoisefoldError =>
            failure('ConfigError', {
              where: '--resume',
              expected: `a run in ${RUNS}`,
              actual: 'none',
              hint: 'name its folder with --out, or leave --resume out to start one',
            }),
        ),
        TE.map((numbers) => defaultFolder(Math.max(...numbers))),
      );

const readText = (path: string): Effect<string> =>
  TE.map((bytes: Uint8Array) => new TextDecoder().decode(bytes))(readBytes(path));

/** Opens the folder of a run with its configuration. */
const locked = (folder: string, config: Config, opening: Opening): Effect<Run> =>
  F.pipe(
    openRunFolder(folder, opening),
    TE.map((folder): Run => ({ ...folder, config })),
  );

const resumed =
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
          hint: 'leave --resume out to start a run, or name the folder of one with --out',
        }),
      ),
      TE.flatMap(() => readText(files.config)),
      TE.flatMapEither(decodeConfig(files.config)),
      TE.flatMapEither(continued(folder, options.given)),
      TE.flatMap((config) => locked(folder, config, { resume: true })),
    );
  };

/**
 * The run of the options: a new one with this configuration, or the one in the folder at its last
 * checkpoint. Writes nothing but the lock.
 */
export const openRun =
  (config: Config) =>
  (options: Options): Effect<Run> =>
    options.resume
      ? F.pipe(resumedFolder(options), TE.flatMap(resumed(options)))
      : F.pipe(
          TE.Do,
          TE.bind('folder', () => freshFolder(options)),
          // with all defaults, as a resumed run reads it
          TE.bind('decoded', () =>
            TE.fromEither(decodeConfig('recipe')(encodeConfig(changedBy(options.given)(config)))),
          ),
          TE.flatMap(({ folder, decoded }) => locked(folder, decoded, {})),
        );

/** Tests whether training ends after this number of steps and seconds. */
export const isOver = ({ steps, minutes }: Config, done: number, seconds: number): boolean =>
  done >= steps || seconds >= (minutes ?? Infinity) * 60;

/** Writes the configuration. */
export const writeConfig = ({ path, config }: Run): Effect<void> =>
  writeAtomically(filesOf(path).config, encodeConfig(config));

/** The whole log. */
export const readLog = ({ path }: Run): Effect<readonly Metrics[]> => {
  const { metrics } = filesOf(path);
  return F.pipe(readText(metrics), TE.flatMapEither(decodeMetricsLog(metrics)));
};
