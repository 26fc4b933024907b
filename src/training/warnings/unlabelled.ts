/** Warns about data of which most images have no class, such as pictures beside a table with other names. */
import type { Conditions } from '../../conditions/conditions.js';
import { type Columns, isHostTensor } from '../../data/columns.js';

/** The number of images without a class, by the name of the condition. */
export type Unlabelled = Readonly<Record<string, number>>;

/** Adds the classes of a batch. */
export const withClasses = (before: Unlabelled, conditions: Conditions, columns: Columns): Unlabelled =>
  Object.fromEntries(
    Object.entries(conditions).flatMap(([name, spec]) => {
      const value = columns[name]?.value;
      if (!('classes' in spec) || !isHostTensor(value)) return [];
      const none = Array.from(value.data).filter((label) => label === spec.classes).length;
      return [[name, (before[name] ?? 0) + none]];
    }),
  );

/** The text of the warning, if more than half of `all` images have no class for a condition; else null. */
export const unlabelledText = (counts: Unlabelled, all: number): string | null => {
  const missing = Object.entries(counts).filter(([, count]) => count > all / 2);
  return missing.length === 0
    ? null
    : `${missing.map(([name, count]) => `${count} of ${all} images have no ${name}`).join(', ')}: if that is a mistake, ` +
        'look at the values that the data set was made with, such as the rows of a table';
};
