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

export const unchecked: Requirement = () => undefined;

/** Tests if a number is finite and at least 0. */
export const isAmount = (n: number): boolean => Number.isFinite(n) && n >= 0;

/** Tests if a number counts something: an integer of at least 0. */
export const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/** Raises `ConfigError` for the decay of a moving average outside [0, 1). */
export const requireDecay = requirement('a decay in [0, 1)', (n) => n >= 0 && n < 1, '0.9 and 0.999 are usual');

/** Raises `ConfigError` for a rate of dropout outside [0, 1). */
export const requireRate = requirement(
  'a rate in [0, 1)',
  (n) => n >= 0 && n < 1,
  'give the fraction that is dropped, such as 0.1',
);

/** Raises `ConfigError` unless a number of `what`, such as heads, divides a number of channels. */
export const requireDivisor = (where: string, what: string, n: number, channels: number): void =>
  requirement(
    `a number of ${what} that divides the ${channels} channels`,
    (divisor) => isCount(divisor) && divisor > 0 && channels % divisor === 0,
    'each of them gets the same number of channels',
  )(where, n);

const countOf = (what: string): Requirement => requirement(`${what}, an integer ≥ 0`, isCount, 'give it as a number');

/**
 * `namedFields` for the configuration of a layer, which checks values too. `required` describes the required fields. They
 * are integers of at least 0, except those in `checks`, which also lists the optional fields.
 */
export const checkedFields = (
  where: string,
  required: Readonly<Record<string, string>>,
  checks: Readonly<Record<string, Requirement>> = {},
) => {
  const named = namedFields(
    where,
    required,
    Object.keys(checks).filter((name) => !Object.hasOwn(required, name)),
  );
  const counts = Object.entries(required).map(([name, what]) => [name, countOf(what)] as const);
  const all = Object.entries({ ...Object.fromEntries(counts), ...checks });
  return <A extends object>(given: A): A => {
    const values = named(given) as Readonly<Record<string, number | undefined>>;
    for (const [name, require] of all) if (values[name] !== undefined) require(`${where}.${name}`, values[name]);
    return given;
  };
};
