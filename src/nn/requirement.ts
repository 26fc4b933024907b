import { raise } from '../dsl/index.js';

/** Raises `ConfigError` for a number that does not meet a requirement; `where` names the option. */
export type Requirement = (where: string, n: number) => void;

/** A requirement on a number: in words, as a test, and with a hint. */
export const requirement =
  (expected: string, holds: (n: number) => boolean, hint: string): Requirement =>
  (where, n) => {
    if (!holds(n)) raise('ConfigError', { where, expected, actual: `${n}`, hint });
  };

/** Tests if a number is finite and at least 0. */
export const isAmount = (n: number): boolean => Number.isFinite(n) && n >= 0;
