import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, t } from '../../internal/fp.js';
import { functionOf } from '../../internal/decode.js';
import { numbers as numbersPart } from '../../internal/parts.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { TO_UNIT } from '../../internal/numbers.js';

type Checked = <A extends ArrayLike<number>>(numbers: A) => either.Either<NoisefoldError, A>;

const firstWrong = (numbers: ArrayLike<number>, isRight: (number: number) => boolean): number =>
  Array.from(numbers).findIndex((number) => !isRight(number));

/**
 * Checks timesteps of a process before a program gets them. Returns a `ConfigError` unless all are whole numbers of 0 to
 * T-1. A graph cannot check them: there the tables of a process give NaN for a timestep out of range.
 * @example
 * const checked = checkedTimesteps(unwrap(ddpm(cosine(10))))
 * unwrap(checked([0, 9])) // → [0, 9]
 * const wrong = checked([10])
 * isLeft(wrong) && wrong.left.actual // → '10 for sample 0'
 */
export const checkedTimesteps =
  ({ schedule: { T } }: DiscreteNoising): Checked =>
  (timesteps) => {
    const wrong = firstWrong(timesteps, (t) => Number.isInteger(t) && t >= 0 && t < T);
    return wrong === -1
      ? E.right(timesteps)
      : fail('ConfigError', {
          where: 'timesteps',
          expected: `whole timesteps of 0 to ${T - 1}`,
          actual: `${timesteps[wrong]} for sample ${wrong}`,
          hint: 'timesteps begin at 0; the last of T is T-1',
        });
  };

const labelCheck = schema('checkedLabels', {
  /** True if the label `classes`, which means no class, is allowed. Default: true. */
  orNone: optional(t.boolean, true),
  /** The name of label `at` in errors; such as `label of sample 0`, if left out. */
  where: optional(
    functionOf<(at: number) => string>('a function that names a label'),
    (at: number) => `label of sample ${at}`,
  ),
});

/** Options of {@link checkedLabels}. */
export interface LabelCheck extends OptionsOf<typeof labelCheck> {}

/**
 * Checks labels for a model or a denoiser before a program gets them: whole numbers of 0 to `classes`, which means no class.
 * Returns a `ConfigError` for others, and for any label of a model without classes. A program would treat them as no class.
 * @example
 * const digits: Denoiser<null, []> = { predicts: 'v', classes: 10, apply: (_, x) => x }
 * unwrap(checkedLabels(digits)([0, 10])) // → [0, 10]
 * const wrong = checkedLabels(digits, { orNone: false })([0, 10])
 * isLeft(wrong) && wrong.left.where // → 'label of sample 1'
 */
export const checkedLabels = <G = unknown>(
  { classes }: { readonly classes?: number | undefined },
  check?: Exact<G, keyof LabelCheck> & LabelCheck,
): Checked => {
  const { orNone, where } = labelCheck.demand(check);
  const end = classes === undefined ? 0 : classes + (orNone ? 1 : 0);
  return (labels) => {
    const wrong = firstWrong(labels, (label) => Number.isInteger(label) && label >= 0 && label < end);
    if (wrong === -1) return E.right(labels);
    const label = { where: where(wrong), actual: `${labels[wrong]}` };
    return classes === undefined
      ? fail('ConfigError', {
          ...label,
          expected: 'no labels: the model has no classes',
          hint: 'leave them out, or make the model with `classes`',
        })
      : fail('ConfigError', {
          ...label,
          expected: `a class of the model, 0 to ${classes - 1}${orNone ? `, or ${classes} for no class` : ''}`,
          hint: 'give other labels, or make the model with more `classes`',
        });
  };
};

/**
 * Checks the numbers of images before a program gets them. Returns a `NonFinite` for a number that is not finite, and a
 * `ConfigError` for one outside of [-1, 1].
 *
 * @param where - their name in errors; `images` if left out
 * @example
 * unwrap(checkedImages([-1, 0.5])) // → [-1, 0.5]
 * const wrong = checkedImages([0, 255])
 * isLeft(wrong) && wrong.left.actual // → '255 at number 1'
 * const refusal = checkedImages([Number.NaN])
 * isLeft(refusal) && refusal.left._tag // → 'NonFinite'
 */
export const checkedImages = <A extends ArrayLike<number>>(
  numbers: A,
  where = 'images',
): either.Either<NoisefoldError, A> => {
  const checked = argument(where, numbersPart).decode(numbers);
  if (E.isLeft(checked)) return checked;
  const wrong = firstWrong(numbers, (x) => Math.abs(x) <= 1);
  if (wrong === -1) return E.right(numbers);
  const value = numbers[wrong]!;
  return fail(Number.isFinite(value) ? 'ConfigError' : 'NonFinite', {
    where,
    expected: 'finite numbers in [-1, 1]',
    actual: `${value} at number ${wrong}`,
    hint: TO_UNIT,
  });
};
