/** Laws as values: what is claimed and of what, apart from whoever checks it. */
import type { Arbitrary } from 'fast-check';

/** Null where a law holds for a sample; otherwise what was expected and what came. */
export type Violation = string | null;

export interface Law<A = unknown> {
  readonly name: string;
  /** What it is about, where the same law holds of many things: an operation. */
  readonly subject?: string;
  /** The claim, as one reads it. */
  readonly formula: string;
  /** Where it comes from: a paper's equation, a definition. */
  readonly source: string;
  readonly arbitrary: Arbitrary<A>;
  /** How many samples make it credible, in bounded time. */
  readonly runs: number;
  // a method, so that laws about anything fit into a list of laws
  violation(sample: A): Violation | Promise<Violation>;
}

/**
 * A law's name among laws that hold of several things: that with the name of the thing.
 * @example
 * titleOf({ name: 'is linear', subject: 'matmul' }) // → 'is linear: matmul'
 * titleOf({ name: 'is linear' }) // → 'is linear'
 */
export const titleOf = ({ name, subject }: Pick<Law, 'name' | 'subject'>): string =>
  subject === undefined ? name : `${name}: ${subject}`;

/** The first violation among some. */
export const firstOf = (...violations: readonly Violation[]): Violation =>
  violations.find((violation) => violation !== null) ?? null;

/** Demands a number within a tolerance of another, NaN equal to NaN. */
export const near = (what: string, actual: number, expected: number, tolerance: number): Violation => {
  const same = actual === expected || (Number.isNaN(actual) && Number.isNaN(expected));
  return same || Math.abs(actual - expected) <= tolerance
    ? null
    : `${what}: expected ${expected} ± ${tolerance}, got ${actual}`;
};

/** Demands numbers within a tolerance of each other, NaN equal to NaN. */
export const approx = (
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): Violation => {
  if (actual.length !== expected.length) return `${what}: ${actual.length} numbers instead of ${expected.length}`;
  for (let i = 0; i < actual.length; i++) {
    const violation = near(`${what}[${i}]`, actual[i]!, expected[i]!, tolerance);
    if (violation !== null) return violation;
  }
  return null;
};
