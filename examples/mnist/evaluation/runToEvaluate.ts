/** The run to evaluate: its configuration and its checkpoint, which are only read. */
import { join } from 'node:path';
import { fail, failure, type NoisefoldError } from 'noisefold/dsl';
import { fileExists, readBytes } from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { type Config, decodeConfig } from '../config.js';
import { demoPartsOf } from '../processes.js';
import type { Parts } from '../parts.js';
import { filesOf } from '../runFolder.js';
import type { EvalOptions } from './options.js';

export interface RunToEvaluate {
  readonly path: string;
  readonly config: Config;
  readonly parts: Parts;
  /** The path of the checkpoint. */
  readonly checkpoint: string;
}

type Effect<A> = TE.TaskEither<NoisefoldError, A>;

const configOf = (folder: string): Effect<Config> => {
  const { config } = filesOf(folder);
  return F.pipe(
    fileExists(config),
    TE.filterOrElse(F.identity, (): NoisefoldError =>
      failure('ConfigError', {
        where: '--run',
        expected: `a run in ${folder}`,
        actual: 'no config.json there',
        hint: 'name the folder of a run that npm run demo wrote',
      }),
    ),
    TE.flatMap(() => readBytes(config)),
    TE.flatMapEither((bytes) => decodeConfig(config)(new TextDecoder().decode(bytes))),
  );
};

/** The checkpoint with the lowest held-out loss, if it is requested and exists; otherwise the newest. */
const checkpointOf = (folder: string, choice: EvalOptions['checkpoint']): Effect<string> =>
  F.pipe(
    TE.Do,
    TE.let('best', () => join(folder, 'best.safetensors')),
    TE.let('newest', () => filesOf(folder).checkpoint),
    TE.bind('hasBest', ({ best }) => (choice === 'best' ? fileExists(best) : TE.right(false))),
    TE.bind('hasNewest', ({ newest }) => fileExists(newest)),
    TE.flatMapEither(({ best, newest, hasBest, hasNewest }) => {
      if (hasBest) return E.right(best);
      return hasNewest
        ? E.right(newest)
        : fail('ConfigError', {
            where: '--run',
            expected: `a checkpoint in ${folder}`,
            actual: 'none',
            hint: `train it: npm run demo -- --resume --out ${folder}`,
          });
    }),
  );

/**
 * Finds a run and its checkpoint. Fails with `ConfigError` for a folder without a run or without a checkpoint, and with
 * the errors of its files.
 */
export const runToEvaluate = ({ run: path, checkpoint, given }: EvalOptions): Effect<RunToEvaluate> =>
  F.pipe(
    TE.Do,
    TE.bind('trained', () => configOf(path)),
    TE.let('config', ({ trained }): Config => ({ ...trained, ...given })),
    TE.bind('parts', ({ config }) => TE.fromEither(demoPartsOf(config.recipe, config))),
    TE.bind('checkpoint', () => checkpointOf(path, checkpoint)),
    TE.map(({ config, parts, checkpoint }) => ({ path, config, parts, checkpoint })),
  );
