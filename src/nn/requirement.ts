import { raise } from '../dsl/index.js';

/** Raises `ConfigError` for a number that is not what is needed at a place. */
export type Requirement = (where: string, n: number) => void;

/** What a number of a configuration must be, in words and as a test, and what to give instead. */
export const requirement =
  (expected: string, holds: (n: number) => boolean, hint: string): Requirement =>
  (where, n) => {
    if (!holds(n)) raise('ConfigError', { where, expected, actual: `${n}`, hint });
  };

/** Whether a number is finite and not below 0. */
export const isAmount = (n: number): boolean => Number.isFinite(n) && n >= 0;
