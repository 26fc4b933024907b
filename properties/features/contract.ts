/** The contract of backends: promises, each with the laws that check it. They are the rows of `FEATURES.md`. */
import type { Backend } from '../../src/dsl/compile/backend.js';
import { families } from '../arbitraries/operations.js';
import { type UNetCase, unetCases } from '../diffusion/unetCases.js';
import { backendLaws } from '../laws/backends.js';
import { checkLaw } from '../laws/check.js';
import { type Law, titleOf, type Violation } from '../laws/law.js';

/** A check of a backend, named so that a page in a browser can run it too. */
export interface Promised {
  readonly title: string;
  readonly violation: (backend: Backend) => Promise<Violation>;
}

export interface Row {
  readonly says: string;
  /** The tolerance, or the law as a formula. */
  readonly holds: string;
  readonly promised: readonly Promised[];
}

/** The fraction of the samples of a law, one at least: `backends.test.ts` takes all, and `browsers/contract.test.ts` a quarter. */
const TIMES = 0.01;

/** The message of `checkLaw`, with that of the smallest counterexample. */
const complaint = (thrown: unknown): string =>
  thrown instanceof Error
    ? [thrown.message, ...(thrown.cause === undefined ? [] : [complaint(thrown.cause)])].join('\n')
    : String(thrown);

/** The outcome of a law on random samples, as a value. */
export const violationOf = async (law: Law, times: number): Promise<Violation> => {
  try {
    await checkLaw(law, times);
    return null;
  } catch (thrown) {
    return complaint(thrown);
  }
};

/** The law with a given title, for a backend. */
const byLaw = (title: string): Promised => ({
  title,
  violation: (backend) =>
    violationOf(
      backendLaws(backend).find((law) => titleOf(law) === title)!,
      TIMES,
    ),
});

const byUNet = ({ name, numbersOn, violationOf: violation }: UNetCase): Promised => ({
  title: `U-Net: ${name}`,
  // float64 has smaller rounding errors
  violation: async (backend) => violation(await numbersOn(backend), backend.name === 'reference' ? 1e-12 : 1e-4),
});

const OPERATIONS = 'operations agree with the reference';
const composites = new Set(families.composites.map(({ name }) => name));
const isComposite = ({ name, subject = '' }: Law): boolean => name === OPERATIONS && composites.has(subject);

/** Groups of laws; every law is in one. */
const GROUPS: readonly (readonly [says: (count: number) => string, has: (law: Law) => boolean])[] = [
  [(n) => `${n} primitives and their gradients`, (law) => law.name === OPERATIONS && !isComposite(law)],
  [(n) => `${n} composites and their gradients`, isComposite],
  [() => 'fused and planned programs', ({ name }) => name === 'programs agree with the reference'],
  [() => 'numbers stored as float16 or bfloat16 are decoded exactly', ({ name }) => name === 'numbers of 16 bits are decoded exactly'],
  [() => 'programs of inputs that are stored in 16 bits', ({ name }) => name.startsWith('programs of inputs of 16 bits')],
  [() => 'random bits are the same on every backend', ({ name }) => name === 'equal keys give equal numbers'],
  [() => 'random integers are the same on every backend', ({ name }) => name === 'whole numbers are drawn from the bits of a key'],
  [
    () => 'uploaded numbers are read back unchanged; memory is counted',
    ({ name }) => name === 'uploaded numbers are read back unchanged, and their memory is counted',
  ],
  [
    () => 'donated values are consumed; runs leak no memory',
    ({ name }) => name === 'a run consumes donated values, changes nothing else, and leaks no memory',
  ],
  [() => 'runs are deterministic and leak no memory', ({ name }) => name === 'runs are reproducible, and leak no memory'],
  [() => 'a profile is a run with a time for each call', ({ name }) => name === 'a profile is a run'],
  [() => 'wrong inputs are typed errors', ({ name }) => name === 'wrong inputs are typed errors'],
]; // prettier-ignore

/** The rows for the laws of any backend; only their names and formulas are used. */
export const contractRows = (laws: readonly Law[]): readonly Row[] => [
  ...GROUPS.map(([says, has]): Row => {
    const own = laws.filter(has);
    return {
      says: says(own.length),
      holds: own[0]!.formula,
      promised: own.map((law) => byLaw(titleOf(law))),
    };
  }),
  {
    says: 'two U-Nets and the gradients of their parameters and images',
    holds: '|y − y_ref| ≤ 10⁻⁴·max|y_ref| for the output and for each gradient; 10⁻¹² on the reference',
    promised: unetCases.map(byUNet),
  },
];
