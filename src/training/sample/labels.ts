/** Labels of samples, given as numbers or as names of classes. */
import { checkedLabels } from '../../diffusion/index.js';
import { orRaise, raise } from '../../internal/errors.js';
import { suggestion } from '../../internal/suggest.js';

/** The number of names that a message lists. */
const MOST_LISTED = 20;

/** The network of a sampling, and the names of its classes. */
interface Classes {
  readonly where: string;
  readonly denoiser: { readonly classes?: number | undefined };
  readonly names?: readonly string[] | undefined;
}

/** The number of the class of this name. Raises `ConfigError` for another name. */
const named = (where: string, names: readonly string[], label: string): number => {
  const index = names.indexOf(label);
  if (index !== -1) return index;
  const meant = suggestion(label, names);
  const listed = names.length > MOST_LISTED ? `${names.length} names` : names.join(', ');
  const hint = meant === undefined ? 'give the number or the name of a class' : `did you mean ${meant}?`;
  return raise('ConfigError', {
    where,
    actual: JSON.stringify(label),
    ...(names.length === 0
      ? {
          expected: 'a number, because there are no names of classes',
          hint: 'add them: { ...trained, classes: data.classes }',
        }
      : { expected: `a class: ${listed}`, hint }),
  });
};

/**
 * The numbers of labels; that of null, which means no class, is the number of classes. Raises `ConfigError` for a number
 * or a name that is not a class, and for any label of a model without classes.
 */
export const labelNumbers = (
  { where, denoiser, names = [] }: Classes,
  labels: readonly (number | string | null)[],
): readonly number[] => {
  const whereOf = (at: number): string => `${where}: label of sample ${at}`;
  const { classes } = denoiser;
  return labels.map((label, at) => {
    if (label === null && classes !== undefined) return classes;
    if (label === classes)
      raise('ConfigError', {
        where: whereOf(at),
        expected: `a class of the model, 0 to ${label - 1}`,
        actual: `${label}`,
        hint: 'classes are numbered from 0; null draws a sample without a class',
      });
    const number = typeof label === 'string' && classes !== undefined ? named(whereOf(at), names, label) : label;
    // the check refuses null and names, which are left for a model without classes
    orRaise(checkedLabels(denoiser, { orNone: false, where: () => whereOf(at) })([number as number]));
    return number as number;
  });
};
