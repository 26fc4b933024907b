/** Labels of samples, given as numbers or as names of classes. */
import { raise } from '../../dsl/index.js';
import { suggestion } from '../../internal/suggest.js';

/** The number of names that a message lists. */
const MOST_LISTED = 20;

/** The numbers of labels, where `classes` are the known names. Raises `ConfigError` for another name. */
export const labelNumbers = (
  where: string,
  classes: readonly string[] | undefined,
  labels: readonly (number | string)[],
): readonly number[] =>
  labels.map((label, at) => {
    if (typeof label === 'number') return label;
    const names = classes ?? [];
    const found = names.indexOf(label);
    if (found !== -1) return found;
    const meant = suggestion(label, names);
    const listed = names.length > MOST_LISTED ? `${names.length} names` : names.join(', ');
    return raise('ConfigError', {
      where: `${where}: label of sample ${at}`,
      expected: names.length === 0 ? 'a number, because the model has no names of classes' : `a class: ${listed}`,
      actual: JSON.stringify(label),
      hint:
        meant === undefined
          ? 'give the number or the name of a class, see `trained.classes`'
          : `did you mean ${meant}?`,
    });
  });
