import { raise } from '../dsl/index.js';
import { namedFields } from '../dsl/options.js';
import { show } from '../internal/decode.js';

/** Raises `ConfigError` for a number that does not meet a requirement, and for other values; `where` names the option. */
export type Requirement = (where: string, n: number) => void;

/** A requirement on a number: in words, as a test, and with a hint. */
export const requirement =
  (expected: string, holds: (n: number) => boolean, hint: string): Requirement =>
  (where, n) => {
    if (typeof n !== 'number' || !holds(n)) raise('ConfigError', { where, expected, actual: show(n), hint });
  };

/** Tests if a number is finite and at least 0. */
export const isAmount = (n: number): boolean => Number.isFinite(n) && n >= 0;

/** Tests if a number counts something: an integer of at least 0. */
export const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/** Raises `ConfigError` for the decay of a moving average outside [0, 1). */
export const requireDecay = requirement('a decay in [0, 1)', (n) => n >= 0 && n < 1, '0.9 and 0.999 are usual');

/** Raises `ConfigError` unless a number of `what`, such as heads, divides a number of channels. */
export const requireDivisor = (where: string, what: string, n: number, channels: number): void =>
  requirement(
    `a number of ${what} that divides the ${channels} channels`,
    (divisor) => isCount(divisor) && divisor > 0 && channels % divisor === 0,
    'each of them gets the same number of channels',
  )(where, n);

/**
 * `namedFields` for the configuration of a layer. The required fields are integers of at least 0, each with its description
 * for errors.
 */
export const countFields = (
  where: string,
  counts: Readonly<Record<string, string>>,
  optional: readonly string[] = [],
) => {
  const named = namedFields(where, counts, optional);
  const requirements = Object.entries(counts).map(
    ([name, expected]) => [name, requirement(`${expected}, an integer ≥ 0`, isCount, 'give it as a number')] as const,
  );
  return <A extends object>(given: A): A => {
    named(given);
    for (const [name, require] of requirements)
      require(`${where}.${name}`, (given as Readonly<Record<string, number>>)[name]!); // present, as `named` checks
    return given;
  };
};
