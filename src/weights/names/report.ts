/** Compares the tensors of a file with those that a network needs. */
import { showShape } from '../../internal/errors.js';
import { listed } from '../../internal/listed.js';
import { namesIn } from './rename.js';
import type { WeightEntry, WeightTable } from './table.js';

/** A tensor of a file, without its values. */
export interface StoredShape {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A tensor that has another shape or dtype than the network needs. */
export interface Mismatched {
  readonly name: string;
  /** A shape: `[64, 3, 3, 3]`; after `F32` if the dtype is not a float. */
  readonly expected: string;
  /** A shape: `[64, 3, 3]`; after the dtype of the file if that is not a float. */
  readonly actual: string;
}

/** All differences between the tensors of a file and those of a network, by their names in the file. */
export interface WeightReport {
  /** Tensors that the network needs and the file lacks. */
  readonly missing: readonly string[];
  /** Tensors of the file that the network does not have. */
  readonly unexpected: readonly string[];
  /** Tensors of another shape or dtype. */
  readonly mismatched: readonly Mismatched[];
}

/** A parameter with the names of its tensors in a file; `fits` is true if the file has all of them in the right shapes. */
export interface Place {
  readonly entry: WeightEntry;
  readonly names: readonly string[];
  readonly fits: boolean;
}

/** The dtypes of weights. 16-bit floats have already been widened. */
const FLOATS = ['F64', 'F32'];

/** Describes a tensor that does not fit; undefined for one that does. */
const misfitOf = ({ dtype, shape }: StoredShape, needed: string): Omit<Mismatched, 'name'> | undefined => {
  const actual = showShape(shape);
  if (!FLOATS.includes(dtype)) return { expected: `F32 ${needed}`, actual: `${dtype} ${actual}` };
  return actual === needed ? undefined : { expected: needed, actual };
};

/** Tests if a tensor has another dtype than a float. */
export const isOfOtherDType = ({ expected }: Mismatched): boolean => expected.startsWith('F32');

/**
 * Compares the tensors of a file with a table. Considers only names that begin with `prefix`. The constants of the
 * other project are neither missing nor unexpected.
 */
export const compareWeights = (
  { entries, constants }: WeightTable,
  tensors: ReadonlyMap<string, StoredShape>,
  prefix: string,
): { readonly report: WeightReport; readonly places: readonly Place[] } => {
  const candidates = entries.map((entry) => ({
    entry,
    names: namesIn(entry, (name) => tensors.has(prefix + name)).map((name) => prefix + name),
  }));
  const requirements = candidates.flatMap(({ entry, names }) =>
    names.map((name) => ({ name, expected: showShape(entry.theirShape), tensor: tensors.get(name) })),
  );
  const missing = requirements.filter(({ tensor }) => tensor === undefined).map(({ name }) => name);
  const mismatched = requirements.flatMap(({ name, expected, tensor }) => {
    const misfit = tensor && misfitOf(tensor, expected);
    return misfit === undefined ? [] : [{ name, ...misfit }];
  });
  const known = new Set([
    ...requirements.map(({ name }) => name),
    ...[...constants.keys()].map((name) => prefix + name),
  ]);
  const unexpected = [...tensors.keys()].filter((name) => name.startsWith(prefix) && !known.has(name));
  const faulty = new Set([...missing, ...mismatched.map(({ name }) => name)]);
  const places = candidates.map(({ entry, names }) => ({
    entry,
    names,
    fits: names.every((name) => !faulty.has(name)),
  }));
  return { report: { missing, unexpected, mismatched }, places };
};

const counted = (kind: string, items: readonly string[]): readonly string[] =>
  items.length === 0 ? [] : [`${items.length} ${kind}: ${listed(items)}`];

/**
 * Describes a report in words: `1 missing: a; 2 unexpected: b, c`, with up to ten names of each kind. Empty if there is no
 * difference.
 * @example
 * const mismatched = [{ name: 'b', expected: '[2]', actual: '[3]' }]
 * const text = describeReport({ missing: ['a'], unexpected: [], mismatched })
 * text // → '1 missing: a; 1 of another shape: b [3] for [2]'
 */
export const describeReport = ({ missing, unexpected, mismatched }: WeightReport): string => {
  const misfits = (isOfDType: boolean) =>
    mismatched
      .filter((one) => isOfOtherDType(one) === isOfDType)
      .map(({ name, expected, actual }) => `${name} ${actual} for ${expected}`);
  return [
    ...counted('missing', missing),
    ...counted('unexpected', unexpected),
    ...counted('of another shape', misfits(false)),
    ...counted('of another dtype', misfits(true)),
  ].join('; ');
};
