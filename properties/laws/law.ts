/** Laws as values: a claim and its subject, independent of the test runner. */
import type { Arbitrary } from 'fast-check';

/** Null if a law holds for a sample; otherwise the expected and the actual value. */
export type Violation = string | null;

export interface Law<A = unknown> {
  readonly name: string;
  /** The subject, such as an operation, of a law that exists for many subjects. */
  readonly subject?: string;
  /** The claim as a formula. */
  readonly formula: string;
  /** The source: an equation of a paper, or a definition. */
  readonly source: string;
  readonly arbitrary: Arbitrary<A>;
  /** The number of samples, enough to make it credible in limited time. */
  readonly runs: number;
  // a method, so that laws about anything fit into a list of laws
  violation(sample: A): Violation | Promise<Violation>;
}

/**
 * The title of a law: its name, with its subject if it has one.
 * @example
 * titleOf({ name: 'is linear', subject: 'matmul' }) // → 'is linear: matmul'
 * titleOf({ name: 'is linear' }) // → 'is linear'
 */
export const titleOf = ({ name, subject }: Pick<Law, 'name' | 'subject'>): string =>
  subject === undefined ? name : `${name}: ${subject}`;

/** The first violation in a list. */
export const firstOf = (...violations: readonly Violation[]): Violation =>
  violations.find((violation) => violation !== null) ?? null;

/** Tests if a number is within a tolerance of another; NaN equals NaN. */
const isNear = (actual: number, expected: number, tolerance: number): boolean =>
  actual === expected || (Number.isNaN(actual) && Number.isNaN(expected)) || Math.abs(actual - expected) <= tolerance;

/** Requires a number within a tolerance of another; NaN equals NaN. */
export const near = (what: string, actual: number, expected: number, tolerance: number): Violation =>
  isNear(actual, expected, tolerance) ? null : `${what}: expected ${expected} ± ${tolerance}, got ${actual}`;

/** Requires numbers within a tolerance of others; NaN equals NaN. */
export const approx = (
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): Violation => {
  if (actual.length !== expected.length) return `${what}: ${actual.length} numbers instead of ${expected.length}`;
  for (let i = 0; i < actual.length; i++)
    if (!isNear(actual[i]!, expected[i]!, tolerance)) return near(`${what}[${i}]`, actual[i]!, expected[i]!, tolerance);
  return null;
};
