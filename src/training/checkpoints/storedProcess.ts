/** Processes in files: their tables, in float64. */
import type { Process } from '../../diffusion/index.js';
import {
  differingTable,
  processOfTables,
  type ProcessTables,
  TABLES,
  tablesOf,
} from '../../diffusion/process/processTables.js';
import { leafSpec, type LeafSpec, type NoisefoldError } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import type { StoredTensor } from '../../formats/safetensors.js';
import { E, type either } from '../../internal/fp.js';

/** The tables of a process as tensors, `process.betas` and so on. */
export const processTensors = (process: Process): ReadonlyMap<string, StoredTensor> => {
  const tables = Object.entries<ArrayLike<number>>(tablesOf(process));
  return new Map(
    tables.map(([name, table]): [string, StoredTensor] => {
      const shape = [table.length];
      return name === 'timesteps'
        ? [`process.${name}`, { dtype: 'I32', shape, data: Int32Array.from(table) }]
        : [`process.${name}`, { dtype: 'F64', shape, data: Float64Array.from(table) }];
    }),
  );
};

/** The names of the tables in a file: only a process of given σ has `sigmas`. */
export const storedTables = (entries: ReadonlyMap<string, unknown>): readonly (keyof ProcessTables)[] =>
  entries.has('process.sigmas') ? [...TABLES, 'sigmas'] : TABLES;

/** The specs of the named tables of a process of T steps. */
export const processSpec = (names: readonly string[], T: number): Readonly<Record<string, LeafSpec>> =>
  Object.fromEntries(names.map((name) => [name, leafSpec([T], name === 'timesteps' ? 'int32' : 'float32')]));

/**
 * The process of a file: the given one, which must have the tables of the file, or the one that follows from the
 * tables. Returns a `CheckpointMismatch` at the first table that differs, a `DecodeError` for invalid tables, and a
 * `ConfigError` for a process that does not follow from its tables and is not given.
 */
export const processFrom = (
  path: string,
  tables: ProcessTables,
  kind: 'tables' | 'custom',
  given: Process | undefined,
): either.Either<NoisefoldError, Process> => {
  const where = `${path}: process`;
  if (given !== undefined) {
    const other = differingTable(tablesOf(given), tables);
    return other === undefined
      ? E.right(given)
      : fail('CheckpointMismatch', {
          where: `${where}.${other}`,
          expected: 'the numbers of the process that was given',
          actual: 'others',
          hint: 'leave `process` out: the file has the process of the training',
        });
  }
  if (kind === 'tables') return processOfTables(where, tables);
  return fail('ConfigError', {
    where,
    expected: 'the process of the training, which was changed by hand',
    actual: 'none',
    hint: 'give it: loadTrained(path, { process })',
  });
};
