/** Finds where the parameters of a network lie in a file: the prefixes of their names. */
import { listed } from '../../internal/listed.js';
import { compareWeights, type StoredShape } from './report.js';
import type { WeightTable } from './table.js';

/** A prefix of names in a file, and what lies below it. */
export interface Prefix {
  readonly prefix: string;
  /** The number of parameters whose tensors all have names there. */
  readonly parameters: number;
  /** The number of tensors of another shape or dtype. */
  readonly misfits: number;
}

/** Parts of names that mark averages, as in `ema.`, `model_ema.` and `ema_model.`, and a part that excludes them. */
const [OF_AVERAGES, OF_OTHERS] = [
  /(^|[._])(ema|emas|swa|avg|average|averages|averaged|shadow)([._]|$)/i,
  /(^|\.)online/,
];

const isAverage = (prefix: string): boolean => OF_AVERAGES.test(prefix) && !OF_OTHERS.test(prefix);

/** Counts, for each prefix that ends with a dot, and for none, how many names of a set have it in a file. */
const countsOf = (names: ReadonlySet<string>, inFile: Iterable<string>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  const longest = Math.max(...Array.from(names, (name) => name.length)); // a file may have names of any length
  for (const name of inFile)
    for (let at = 0; ;) {
      if (name.length - at <= longest && names.has(name.slice(at))) {
        const prefix = name.slice(0, at);
        counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      }
      const dot = name.indexOf('.', at);
      if (dot < 0) break;
      at = dot + 1;
    }
  return counts;
};

/**
 * The prefixes under which a file has more than half of the tensors of a network: prefixes of averages first, then the
 * prefixes with most parameters.
 */
export const prefixesIn = (table: WeightTable, tensors: ReadonlyMap<string, StoredShape>): readonly Prefix[] => {
  const { entries } = table;
  const names = new Set(entries.flatMap(({ theirs, older = [] }) => [...theirs, ...older]));
  const least = entries.reduce((sum, { theirs }) => sum + theirs.length, 0) / 2;
  return [...countsOf(names, tensors.keys())]
    .filter(([, count]) => count > least)
    .map(([prefix]): Prefix => {
      const { report, places } = compareWeights(table, tensors, prefix);
      const parameters = places.filter((place) => place.names.every((name) => tensors.has(name))).length;
      return { prefix, parameters, misfits: report.mismatched.length };
    })
    .sort((a, b) => Number(isAverage(b.prefix)) - Number(isAverage(a.prefix)) || b.parameters - a.parameters);
};

/** Describes prefixes in words: `"ema." (averages, all 24 parameters), "model." (20 of 24 parameters)`. */
export const describePrefixes = ({ entries: { length } }: WeightTable, prefixes: readonly Prefix[]): string =>
  listed(
    prefixes.map(({ prefix, parameters, misfits }) => {
      const kind = isAverage(prefix) ? 'averages, ' : '';
      const count = parameters === length ? `all ${length}` : `${parameters} of ${length}`;
      const shapes = misfits === 0 ? '' : `, ${misfits} of another shape`;
      return `${JSON.stringify(prefix)} (${kind}${count} parameters${shapes})`;
    }),
  );
