import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { numbers as numbersPart } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
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
