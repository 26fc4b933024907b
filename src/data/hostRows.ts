/** Conditions on the host as callers give them, before a model is known. */
import type { HostCondition, HostConditions, HostNumbers, HostTokenArray } from '../conditions/hostValues.js';
import { raise } from '../internal/errors.js';
import { hinted, positive, refined } from '../internal/decode.js';
import { argument } from '../internal/schema.js';
import { t } from '../internal/fp.js';
import { isObject } from '../internal/parts.js';

/** Tests for numbers with their shape, `{ data, shape }`. */
export const isNumbers = (x: unknown): x is HostNumbers =>
  isObject(x) && 'data' in x && 'shape' in x && Array.isArray(x.shape) && isObject(x.data) && 'length' in x.data;
const isList = (values: unknown): values is ArrayLike<unknown> => isObject(values) && 'length' in values;

const hostCondition = hinted(
  refined(t.unknown, 'a list with a value of each sample, or { data, shape }', (x) => isNumbers(x) || isList(x)),
  'give [0, null], with null for none',
) as t.Type<HostCondition>;

/** Values of conditions by name; a model checks them. */
export const hostConditions: t.Type<HostConditions> = hinted(
  t.record(t.string, hostCondition),
  "give the values by name: { hair: ['short', null], palette: { data, shape: [2, 8] } }",
);

/** The number of samples that have a value or null. */
export const countOf = (values: HostCondition): number => (isNumbers(values) ? (values.shape[0] ?? 0) : values.length);

type ByName = Readonly<Record<string, readonly string[]>>;

/**
 * The names that occur in lists of names, sorted, for conditions without `names`. Raises `DecodeError` for numbers beside names,
 * because the classes of the numbers are not known.
 */
export const namesIn = (conditions: HostConditions, names: ByName = {}): ByName =>
  Object.fromEntries(
    Object.entries(conditions).flatMap(([name, values]) => {
      const all = isNumbers(values) || Object.hasOwn(names, name) ? [] : Array.from(values as ArrayLike<unknown>);
      const own = [...new Set(all.filter((value) => typeof value === 'string'))].sort();
      if (own.length === 0) return [];
      const number = all.find((value) => typeof value === 'number');
      if (number !== undefined)
        raise('DecodeError', {
          where: `data set: conditions.${name}`,
          expected: 'names of classes, or numbers',
          actual: `"${own[0]}" and ${number}`,
          hint: `give the names in the order of the numbers: names: { ${name}: […] }`,
        });
      return [[name, own]];
    }),
  );

/** A value of a sample; undefined, null and '', an empty cell of a table, mean none. */
export type Cell = string | number | ArrayLike<number> | HostNumbers | null | undefined;

const rowsOfValues = argument(
  'listsOf: rows',
  t.array(t.UnknownRecord, "rows, such as [{ hair: 'long' }]"),
  'give an array of objects',
);
const timesOfRow = argument('listsOf: each', positive, 'give the number of samples of each row');

/** The lists of rows `R`: a value, or null for none, of each row. */
export type Lists<R> = { readonly [N in keyof R]: readonly (Exclude<R[N], undefined> | null)[] };

/**
 * Turns rows, such as requests or the rows of a table, to lists by name, as `sample` and `datasetOf` take them. Repeats each row `each`
 * times. A value that is missing, undefined, null or '', an empty cell, becomes null, which means none. A name that no row has gets no
 * list. Raises `ConfigError` if the rows are not objects, or `each` is not an integer ≥ 1.
 * @example
 * const requests = [{ hair: 'long', hat: 'cap' }, { hair: 'short', hat: '' }, {}]
 * listsOf(requests) // → { hair: ['long', 'short', null], hat: ['cap', null, null] }
 * listsOf([{ hair: 'long' }, {}], 2) // → { hair: ['long', 'long', null, null] }
 */
export const listsOf = <const R extends { readonly [N in keyof R]?: Cell }>(rows: readonly R[], each = 1): Lists<R> => {
  rowsOfValues.demand(rows);
  timesOfRow.demand(each);
  const names = new Set(rows.flatMap((row) => Object.keys(row) as (keyof R)[]));
  const valueIn = (row: R, name: keyof R): Cell => {
    const value: Cell = Object.hasOwn(row, name) ? row[name] : null; // not a member of every object
    return value === '' ? null : (value ?? null);
  };
  return Object.fromEntries(
    Array.from(names, (name) => [name, rows.flatMap((row) => Array<Cell>(each).fill(valueIn(row, name)))]),
  ) as unknown as Lists<R>; // of the names of the rows
};

/** The values of the samples at some positions. A value of one sample serves all. */
export const hostRowsAt = (conditions: HostConditions, positions: ArrayLike<number>): HostConditions =>
  Object.fromEntries(
    Object.entries(conditions).map(([name, values]) => {
      const count = countOf(values);
      const rows = <A>(all: ArrayLike<A>): ArrayLike<A> => rowsOf(all, count, positions);
      if (!isNumbers(values)) return [name, rows(values as ArrayLike<unknown>)];
      const { data, shape, mask } = values as HostTokenArray;
      return [
        name,
        {
          ...values,
          data: rows(data),
          shape: [positions.length, ...shape.slice(1)],
          ...(mask && { mask: rows(mask) }),
        },
      ];
    }),
  ) as HostConditions;

/** The rows at some positions of `count` rows, in an array of the same type. */
const rowsOf = <A>(all: ArrayLike<A>, count: number, positions: ArrayLike<number>): ArrayLike<A> => {
  const each = all.length / count;
  const own = (ArrayBuffer.isView(all) ? all.constructor : Array) as new (length: number) => A[];
  const taken = new own(positions.length * each);
  for (let i = 0; i < positions.length; i++) {
    const row = count === 1 ? 0 : positions[i]!;
    for (let j = 0; j < each; j++) taken[i * each + j] = all[row * each + j]!;
  }
  return taken;
};
