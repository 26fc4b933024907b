/** The contract of backends in a browser: a page that `contract.ts` bundles exposes these checks of a backend. */
import type { Backend } from '../../src/dsl/plan/backend.js';
import { features } from '../features/all.js';
import { agreement } from '../features/checks.js';
import { unetCases } from '../diffusion/unetCases.js';
import { backendLaws } from '../laws/backends.js';
import { checkLaw } from '../laws/check.js';
import { type Law, titleOf, type Violation } from '../laws/law.js';

/** The checks that a test can run in the page. An error thrown in the page reaches the test without its cause. */
export interface Checks {
  readonly lawTitles: readonly string[];
  readonly rounding: Backend['rounding'];
  readonly law: (title: string, times: number) => Promise<Violation>;
  readonly feature: (name: string, tolerance: number) => Promise<Violation>;
  readonly unet: (name: string) => Promise<Violation>;
}

/** The message of `checkLaw`, with that of the smallest counterexample. */
const complaint = (thrown: unknown): string =>
  thrown instanceof Error
    ? [thrown.message, ...(thrown.cause === undefined ? [] : [complaint(thrown.cause)])].join('\n')
    : String(thrown);

/** The outcome of a law on random samples, as a value. */
const violationOf = async (law: Law, times: number): Promise<Violation> => {
  try {
    await checkLaw(law, times);
    return null;
  } catch (thrown) {
    return complaint(thrown);
  }
};

const only = <A>(what: string, all: readonly A[], is: (candidate: A) => boolean): A => {
  const [only, ...others] = all.filter(is);
  if (only === undefined || others.length > 0) throw new Error(`${what}: the page has none of that name`);
  return only;
};

/** Exposes the checks of a backend to the test. */
export const offerChecks = (backend: Backend): void => {
  const laws = backendLaws(backend);
  const checks: Checks = {
    lawTitles: laws.map(titleOf),
    rounding: backend.rounding,
    law: (title, times) =>
      violationOf(
        only(title, laws, (law) => titleOf(law) === title),
        times,
      ),
    feature: (name, tolerance) =>
      agreement(
        backend,
        only(name, features, (feature) => feature.name === name),
        tolerance,
      ),
    unet: (name) => only(name, unetCases, (one) => one.name === name).check(backend),
  };
  Object.assign(globalThis, { checks });
};
