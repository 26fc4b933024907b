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

/** The names of the tables in a file: only a process of given σ has `sigmas`. */
export const storedTables = (entries: ReadonlyMap<string, unknown>): readonly (keyof NoisingTables)[] =>
  entries.has('noising.sigmas') ? [...TABLES, 'sigmas'] : TABLES;

/** The specs of the named tables of a process of T steps. */
export const noisingSpec = (names: readonly string[], T: number): Readonly<Record<string, LeafSpec>> =>
  Object.fromEntries(names.map((name) => [name, leafSpec([T], name === 'timesteps' ? 'int32' : 'float32')]));

/**
 * The process of a file: the given one, which must have the tables of the file, or the one that follows from the
 * tables. Returns a `CheckpointMismatch` at the first table that differs, a `DecodeError` for invalid tables, and a
 * `ConfigError` for a process that does not follow from its tables and is not given.
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
          expected: 'the numbers of the process that was given',
          actual: 'others',
          hint: 'leave `noising` out: the file has the process of the training',
        });
  }
  if (kind === 'tables') return noisingOfTables(where, tables);
  return fail('ConfigError', {
    where,
    expected: 'the process of the training, which was changed by hand',
    actual: 'none',
    hint: 'give it: loadTrained(path, { noising })',
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

/** The built-in path of a name in a file, whose code is loaded only here; undefined for another name. */
const builtPath =
  (where: string, { name, options }: AboutPath): Fallible<ContinuousNoising | undefined> =>
  async () => {
    const builders = await import('../diffusion/paths/continuousNoising.js'); // it exports nothing else
    if (!Object.hasOwn(builders, name)) return E.right(undefined);
    const built = attempt(() => builders[name as keyof typeof builders](options as never)); // it checks them
    return E.mapLeft((error: NoisefoldError) => failure('DecodeError', { ...error, where }))(built);
  };

/**
 * The continuous path of a file: the given one, which must be the one that was saved, or the built-in one of its name. Fails with
 * `CheckpointMismatch` for another, with `ConfigError` for a path of a user's own that is not given, and with `DecodeError` for
 * options that the path does not have.
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
      hint: 'give it: loadTrained(path, { noising })',
    });
  const own = aboutNoising(noising);
  return own['name'] === about.name && own['levels'] === about.levels
    ? E.right(noising)
    : fail('CheckpointMismatch', {
        where,
        expected: `the path ${about.name} that was saved`,
        actual: isDiscrete(noising) ? 'the noising process of a schedule' : `${noising.name} with other levels`,
        hint: 'leave `noising` out if the path is built in, or give the one of the training',
      });
};
