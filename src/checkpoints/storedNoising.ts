/** Noising processes in files: the tables of a schedule, in float64, or the name and the options of a continuous path. */
import type { ContinuousNoising, Noising } from '../diffusion/index.js';
import { isDiscrete } from '../diffusion/paths/noising.js';
import {
  differingTable,
  noisingOfTables,
  type NoisingTables,
  TABLES,
  tablesOf,
} from '../diffusion/paths/noisingTables.js';
import { leafSpec, type LeafSpec, type NoisefoldError } from '../dsl/index.js';
import { attempt, fail, failure } from '../internal/errors.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import { E, type either, TE } from '../internal/fp.js';
import type { Fallible } from '../internal/gen.js';
import { textCheck } from '../formats/bytes/crc32.js';

/** The tables of a process as tensors, `noising.betas` and so on. */
export const noisingTensors = (noising: Noising): ReadonlyMap<string, StoredTensor> => {
  if (!isDiscrete(noising)) return new Map();
  const tables = Object.entries<ArrayLike<number>>(tablesOf(noising));
  return new Map(
    tables.map(([name, table]): [string, StoredTensor] => {
      const shape = [table.length];
      return name === 'timesteps'
        ? [`noising.${name}`, { dtype: 'I32', shape, data: Int32Array.from(table) }]
        : [`noising.${name}`, { dtype: 'F64', shape, data: Float64Array.from(table) }];
    }),
  );
};

/** The names of the tables in a file. Only a process that was made from a table of σ has `sigmas`. */
export const storedTables = (entries: ReadonlyMap<string, unknown>): readonly (keyof NoisingTables)[] =>
  entries.has('noising.sigmas') ? [...TABLES, 'sigmas'] : TABLES;

/** The specs of the named tables of a process of T steps. */
export const noisingSpec = (names: readonly string[], T: number): Readonly<Record<string, LeafSpec>> =>
  Object.fromEntries(names.map((name) => [name, leafSpec([T], name === 'timesteps' ? 'int32' : 'float32')]));

/**
 * The process of a file. If the caller gives a process, its tables must equal the tables of the file; otherwise builds
 * the process from these tables. Returns a `CheckpointMismatch` at the first table that differs, a `DecodeError` for
 * invalid tables, and a `ConfigError` if the tables do not determine the process and the caller gives none.
 */
export const noisingFrom = (
  path: string,
  tables: NoisingTables,
  kind: 'tables' | 'custom',
  noising: Noising | undefined,
): either.Either<NoisefoldError, Noising> => {
  const where = `${path}: noising`;
  if (noising !== undefined) {
    const other = isDiscrete(noising) ? differingTable(tablesOf(noising), tables) : 'betas';
    return other === undefined
      ? E.right(noising)
      : fail('CheckpointMismatch', {
          where: `${where}.${other}`,
          expected: 'the table of the option `noising`',
          actual: 'a different table',
          hint: 'leave `noising` out: the file has the process of the training',
        });
  }
  if (kind === 'tables') return noisingOfTables(where, tables);
  return fail('ConfigError', {
    where,
    expected: 'the process of the training, which was changed by hand',
    actual: 'none',
    hint: 'give the process: loadTrained(path, { noising })',
  });
};

/** The fields of a configuration that identify a noising. */
export const aboutNoising = (noising: Noising): Readonly<Record<string, unknown>> => {
  if (!isDiscrete(noising)) return { ...aboutPath(noising) };
  const { schedule, timesteps } = noising;
  return { T: schedule.T, betas: textCheck(schedule.betas), timesteps: textCheck(timesteps) };
};

/** A continuous path as a file describes it. */
export interface AboutPath {
  readonly name: string;
  readonly options: ContinuousNoising['options'];
  /** A checksum of some of its levels. */
  readonly levels: number;
}

/** The times at which the levels of a path are compared. */
const TIMES = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99] as const;

/** Describes a continuous path. */
export const aboutPath = ({ name, options, levelAt }: ContinuousNoising): AboutPath => ({
  name,
  options,
  levels: textCheck(TIMES.map(levelAt).flatMap(({ alpha, sigma }) => [alpha, sigma].map((x) => x.toPrecision(12)))),
});

/** Builds the built-in path that a file names; undefined for other names. Loads the code of paths only when it is needed. */
const builtPath =
  (where: string, { name, options }: AboutPath): Fallible<ContinuousNoising | undefined> =>
  async () => {
    const builders = await import('../diffusion/paths/continuousNoising.js'); // the module exports only builders
    if (!Object.hasOwn(builders, name)) return E.right(undefined);
    const built = attempt(() => builders[name as keyof typeof builders](options as never)); // it checks them
    return E.mapLeft((error: NoisefoldError) => failure('DecodeError', { ...error, where }))(built);
  };

/**
 * The continuous path of a file. If the caller gives a path, it must be the path that was saved; otherwise builds the
 * built-in path of the stored name. Fails with `CheckpointMismatch` for another path, with `ConfigError` if the path is
 * not built in and the caller gives none, and with `DecodeError` for options that the path does not have.
 */
export const pathFrom = (path: string, about: AboutPath, noising: Noising | undefined): Fallible<Noising> =>
  TE.flatMapEither((result: Noising | undefined) => checkedPath(`${path}: noising`, about, result))(
    noising === undefined ? builtPath(`${path}: __metadata__.path`, about) : TE.right(noising),
  );

const checkedPath = (
  where: string,
  about: AboutPath,
  noising: Noising | undefined,
): either.Either<NoisefoldError, Noising> => {
  if (noising === undefined)
    return fail('ConfigError', {
      where,
      expected: `the path ${JSON.stringify(about.name)}, which is not built in`,
      actual: 'none',
      hint: 'give the path: loadTrained(path, { noising })',
    });
  const own = aboutNoising(noising);
  return own['name'] === about.name && own['levels'] === about.levels
    ? E.right(noising)
    : fail('CheckpointMismatch', {
        where,
        expected: `the path ${about.name} that was saved`,
        actual: isDiscrete(noising) ? 'the noising process of a schedule' : `${noising.name} with other levels`,
        hint: 'leave `noising` out if the path is built in, or give the path of the training',
      });
};
