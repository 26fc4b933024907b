/** The contract of backends, as a table of `FEATURES.md`. */
import { families } from '../arbitraries/operations.js';
import { type Law, titleOf } from '../laws/law.js';

/** A promise of the contract, and the laws that check it, on every backend: `backends.test.ts` and `browsers/contract.test.ts`. */
export interface Row {
  readonly says: string;
  /** The tolerance, or the law as a formula. */
  readonly holds: string;
  /** The titles of the laws. */
  readonly laws: readonly string[];
}

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
]; // oxfmt-ignore

/** The rows for the laws of any backend. */
export const contractRows = (laws: readonly Law[]): readonly Row[] =>
  GROUPS.map(([says, has]) => {
    const own = laws.filter(has);
    return { says: says(own.length), holds: own[0]!.formula, laws: own.map(titleOf) };
  });
