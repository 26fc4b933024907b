/** The contract where it runs in a browser: `contract.ts` bundles this file, and asks for one check after the other. */
import { webgpu } from '../../src/backends/webgpu/index.js';
import { features } from '../features/all.js';
import { agreement } from '../features/checks.js';
import { contractRows, violationOf } from '../features/contract.js';
import { backendLaws } from '../laws/backends.js';
import { titleOf, type Violation } from '../laws/law.js';
import { valueOf } from '../oracles/plans.js';

/** What the page can be asked for; what is thrown in it becomes an error of who asks, without its cause. */
export interface Checks {
  readonly lawTitles: readonly string[];
  readonly law: (title: string, times: number) => Promise<Violation>;
  readonly feature: (name: string, tolerance: number) => Promise<Violation>;
  /** One of what the contract promises: a law, or a U-Net. */
  readonly promised: (title: string) => Promise<Violation>;
}

const backend = valueOf(await webgpu()());
const laws = backendLaws(backend);
const promises = contractRows(laws).flatMap(({ promised }) => promised);

const found = <A>(what: string, all: readonly A[], is: (candidate: A) => boolean): A => {
  const [only, ...others] = all.filter(is);
  if (only === undefined || others.length > 0) throw new Error(`${what}: not one of that name in the page`);
  return only;
};

const checks: Checks = {
  lawTitles: laws.map(titleOf),
  law: (title, times) => violationOf(found(title, laws, (law) => titleOf(law) === title), times), // prettier-ignore
  feature: (name, tolerance) =>
    agreement(
      backend,
      found(name, features, (feature) => feature.name === name),
      tolerance,
    ),
  promised: (title) => found(title, promises, (one) => one.title === title).violation(backend),
};
Object.assign(globalThis, { checks });
