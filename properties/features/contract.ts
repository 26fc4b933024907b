/** The contract of backends, by groups of what it promises: rows of `FEATURES.md`, each with what checks it. */
import type { Backend } from '../../src/dsl/backend.js';
import { families } from '../arbitraries/operations.js';
import { type UNetCase, unetCases } from '../diffusion/unetCases.js';
import { backendLaws } from '../laws/backends.js';
import { checkLaw } from '../laws/check.js';
import { type Law, titleOf, type Violation } from '../laws/law.js';

/** One thing that can be asked of a backend, wherever it is. */
export interface Promised {
  readonly title: string;
  readonly violation: (backend: Backend) => Promise<Violation>;
}

export interface Row {
  readonly says: string;
  /** How closely it holds. */
  readonly holds: string;
  readonly promised: readonly Promised[];
}

/** Of the samples of a law: all are taken by the tests of each backend. */
const TIMES = 0.2;

/** What `checkLaw` says, with what the law said of the smallest counterexample. */
const complaint = (thrown: unknown): string =>
  thrown instanceof Error
    ? [thrown.message, ...(thrown.cause === undefined ? [] : [complaint(thrown.cause)])].join('\n')
    : String(thrown);

/** What a law says on random samples, as a value. */
export const violationOf = async (law: Law, times: number): Promise<Violation> => {
  try {
    await checkLaw(law, times);
    return null;
  } catch (thrown) {
    return complaint(thrown);
  }
};

/** The law of a title, for a backend. */
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
  // float64 rounds less
  violation: async (backend) =>
    violation(await numbersOn(backend), backend.name === 'reference' ? 1e-12 : 1e-4),
});

const OPERATIONS = 'operations agree with the reference';
const composites = new Set(families.composites.map(({ name }) => name));
const isComposite = ({ name, subject = '' }: Law): boolean => name === OPERATIONS && composites.has(subject);

/** Groups of laws, each with what it promises; every law is in one. */
const GROUPS: readonly (readonly [says: (count: number) => string, has: (law: Law) => boolean])[] = [
  [(n) => `${n} primitives, and their gradients`, (law) => law.name === OPERATIONS && !isComposite(law)],
  [(n) => `${n} composites, and their gradients`, isComposite],
  [() => 'programs, fused and planned', ({ name }) => name === 'programs agree with the reference'],
  [() => 'randomness: equal bits, and normals within 4 ulp', ({ name }) => name === 'equal keys give equal numbers'],
  [() => 'whole numbers of a key', ({ name }) => name === 'whole numbers are drawn from the bits of a key'],
  [
    () => 'memory: what is uploaded comes back, and is counted',
    ({ name }) => name === 'numbers come back as they were given, and their memory is counted',
  ],
  [
    () => 'donation; nothing is left behind',
    ({ name }) => name === 'a run consumes what is donated, changes nothing else, and leaves nothing behind',
  ],
  [() => 'determinism: equal bits, 20 times; nothing is left behind', ({ name }) => name === 'runs repeat, and leave nothing behind'],
  [() => 'profiles are runs, with a time for each call', ({ name }) => name === 'a profile is a run'],
  [() => 'errors are values, with their types', ({ name }) => name === 'wrong inputs are typed errors'],
]; // prettier-ignore

/** @param laws - of any backend: their names and formulas are needed */
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
    says: 'whole U-Nets, and the gradients of all parameters and of the images',
    holds:
      '|y − y_ref| ≤ 10⁻⁴·max|y_ref|, for the output and each gradient by itself; 10⁻¹² on the reference',
    promised: unetCases.map(byUNet),
  },
];
