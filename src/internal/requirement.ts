/** Requirements on the numbers of a configuration. */
import { positive, show } from './decode.js';
import { raise } from './errors.js';

/** Raises `ConfigError` for a number that does not meet a requirement, and for other values; `where` names the option. */
export type Requirement = (where: string, n: number) => void;

/** A requirement on a number: in words, as a test, and with a hint. */
export const requirement =
  (expected: string, holds: (n: number) => boolean, hint: string): Requirement =>
  (where, n) => {
    if (typeof n !== 'number' || !holds(n)) raise('ConfigError', { where, expected, actual: show(n), hint });
  };

export const unchecked: Requirement = () => undefined;

const isFraction = (n: number): boolean => n >= 0 && n < 1;

/** Raises `ConfigError` for the decay of a moving average outside [0, 1). */
export const requireDecay = requirement('a decay in [0, 1)', isFraction, '0.9 and 0.999 are usual');

/** Raises `ConfigError` for a rate of dropout outside [0, 1). */
export const requireRate = requirement(
  'a rate in [0, 1)',
  isFraction,
  'give the fraction that is dropped, such as 0.1',
);

/** Raises `ConfigError` unless a number of `what`, such as heads, divides a number of channels. */
export const requireDivisor = (where: string, what: string, n: number, channels: number): void =>
  requirement(
    `a number of ${what} that divides the ${channels} channels`,
    (divisor) => positive.is(divisor) && channels % divisor === 0,
    'each of them gets the same number of channels',
  )(where, n);
