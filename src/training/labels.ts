import { fail, type NoisefoldError } from '../dsl/index.js';
import { E, type either } from '../internal/fp.js';

/** What labels may be. */
interface Labelled {
  /** How many classes the model has, where it has some. */
  readonly classes: number | undefined;
  /** Whether the number of classes, which is no class, is a label too: that of samples without one. */
  readonly orNone?: boolean;
}

/**
 * Labels that are all classes of a model. Another is a `ConfigError`: it would be taken for no class at all. So is every
 * label where the model has no classes.
 *
 * @param where - the place of the label of a number, for the error
 */
export const checkedLabels =
  ({ classes, orNone = false }: Labelled, where: (at: number) => string) =>
  <L extends ArrayLike<number>>(labels: L): either.Either<NoisefoldError, L> => {
    const end = classes === undefined ? 0 : classes + (orNone ? 1 : 0);
    const wrong = Array.from(labels).findIndex(
      (label) => !(Number.isInteger(label) && label >= 0 && label < end),
    );
    return wrong === -1
      ? E.right(labels)
      : fail('ConfigError', {
          where: where(wrong),
          expected:
            classes === undefined
              ? 'no labels: the model has no classes'
              : `a class of the model, 0 to ${classes - 1}${orNone ? `, or ${classes} for none` : ''}`,
          actual: `${labels[wrong]}`,
          hint: 'give other labels, or make the model with as many `classes` as they have',
        });
  };
