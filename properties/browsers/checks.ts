/** The contract of backends in a browser: a page that `contract.ts` bundles exposes these checks of a backend. */
import type { Backend } from '../../src/dsl/compile/backend.js';
import { features } from '../features/all.js';
import { agreement } from '../features/checks.js';
import { contractRows, violationOf } from '../features/contract.js';
import { backendLaws } from '../laws/backends.js';
import { titleOf, type Violation } from '../laws/law.js';

/** The checks that a test can run in the page. An error thrown in the page reaches the test without its cause. */
export interface Checks {
  readonly lawTitles: readonly string[];
  readonly rounding: Backend['rounding'];
  readonly law: (title: string, times: number) => Promise<Violation>;
  readonly feature: (name: string, tolerance: number) => Promise<Violation>;
  /** A check of the contract: a law, or a U-Net. */
  readonly promised: (title: string) => Promise<Violation>;
}

const only = <A>(what: string, all: readonly A[], is: (candidate: A) => boolean): A => {
  const [only, ...others] = all.filter(is);
  if (only === undefined || others.length > 0) throw new Error(`${what}: the page has none of that name`);
  return only;
};

/** Exposes the checks of a backend to the test. */
export const offerChecks = (backend: Backend): void => {
  const laws = backendLaws(backend);
  const promises = contractRows(laws).flatMap(({ promised }) => promised);
  const checks: Checks = {
    lawTitles: laws.map(titleOf),
    rounding: backend.rounding,
    law: (title, times) => violationOf(only(title, laws, (law) => titleOf(law) === title), times), // prettier-ignore
    feature: (name, tolerance) =>
      agreement(
        backend,
        only(name, features, (feature) => feature.name === name),
        tolerance,
      ),
    promised: (title) => only(title, promises, (one) => one.title === title).violation(backend),
  };
  Object.assign(globalThis, { checks });
};
