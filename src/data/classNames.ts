import { raise } from '../internal/errors.js';
import { listed } from '../internal/listed.js';

/** Names of classes, by label, if there are names. */
type Names = readonly string[] | undefined;

/** Raises `ConfigError` if a label has different names in `names` and in the training. */
export const requireSameClasses = (where: string, training: Names = [], names: Names = [], hint: string): void => {
  const other = names.findIndex((name, label) => label < training.length && name !== training[label]);
  if (other !== -1)
    raise('ConfigError', {
      where: `${where}.classes`,
      expected: `the classes of the training in their order: ${listed(training)}`,
      actual: `"${names[other]}" for the label ${other}`,
      hint,
    });
};
