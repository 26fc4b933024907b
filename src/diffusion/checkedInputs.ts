import { fail, type NoisefoldError } from '../dsl/errors.js';
import type { Shape } from '../dsl/tensor.js';
import { E, type either } from '../internal/fp.js';
import type { Denoiser } from './denoiser.js';
import type { Process } from './process.js';

type Checked = <A extends ArrayLike<number>>(numbers: A) => either.Either<NoisefoldError, A>;

const firstWrong = (numbers: ArrayLike<number>, isRight: (number: number) => boolean): number =>
  Array.from(numbers).findIndex((number) => !isRight(number));

/** Whole numbers of 0 to `last`. */
const indices =
  (where: string, what: string, last: number, hint: string): Checked =>
  (numbers) => {
    const wrong = firstWrong(numbers, (i) => Number.isInteger(i) && i >= 0 && i <= last);
    return wrong === -1
      ? E.right(numbers)
      : fail('ConfigError', {
          where,
          expected: `${what} of 0 to ${last}`,
          actual: `${numbers[wrong]} for sample ${wrong}`,
          hint,
        });
  };

/**
 * Timesteps of a process, before they are given to a program: what is not a whole number of 0 to T-1 is a
 * `ConfigError`. A graph cannot look at them: there `gather` takes what lies outside for the nearest end.
 *
 * @example
 * const of = (t: readonly number[]) => pipe(ddpm(cosine(10)), E.flatMap((process) => checkedTimesteps(process)(t)))
 * of([0, 9]) // → E.right([0, 9])
 * pipe(of([10]), E.mapLeft(({ actual }) => actual)) // → E.left('10 for sample 0')
 */
export const checkedTimesteps = ({ schedule: { T } }: Process): Checked =>
  indices('timesteps', 'whole timesteps', T - 1, 'timesteps count from 0: the last of T is T-1');

/**
 * Labels for a denoiser, before they are given to a program: whole numbers of 0 to `classes`, which is no class. What
 * they are not, and labels for a denoiser without classes, are a `ConfigError`.
 *
 * @example
 * const digits: Denoiser<null, []> = { predicts: 'v', classes: 10, apply: (_, x) => x }
 * checkedLabels(digits)([0, 10]) // → E.right([0, 10])
 * pipe(checkedLabels(digits)([11]), E.isRight) // → false
 */
export const checkedLabels = <P, I extends Shape>({ classes }: Denoiser<P, I>): Checked =>
  classes === undefined
    ? () =>
        fail('ConfigError', {
          where: 'labels',
          expected: 'no labels, as the denoiser has no classes',
          actual: 'some',
          hint: 'leave them out, or say how many `classes` the denoiser has',
        })
    : indices(
        'labels',
        'whole labels',
        classes,
        'labels count from 0; as many as there are classes is no class',
      );

/**
 * The numbers of images, before they are given to a program: what is not finite is `NonFinite`, what lies outside
 * [-1, 1] a `ConfigError`.
 *
 * @example
 * checkedImages([-1, 0.5]) // → E.right([-1, 0.5])
 * pipe(checkedImages([0, 255]), E.mapLeft(({ actual }) => actual)) // → E.left('255 at number 1')
 * pipe(checkedImages([Number.NaN]), E.mapLeft(({ _tag }) => _tag)) // → E.left('NonFinite')
 */
export const checkedImages: Checked = (numbers) => {
  const wrong = firstWrong(numbers, (x) => Math.abs(x) <= 1);
  if (wrong === -1) return E.right(numbers);
  const found = numbers[wrong]!;
  return fail(Number.isFinite(found) ? 'ConfigError' : 'NonFinite', {
    where: 'images',
    expected: 'finite numbers in [-1, 1]',
    actual: `${found} at number ${wrong}`,
    hint: 'of bytes, take byte/127.5 - 1',
  });
};
