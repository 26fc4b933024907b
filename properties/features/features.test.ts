import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import { cpu } from '../../src/backends/tfjs/cpu.js';
import { wasm } from '../../src/backends/tfjs/wasm.js';
import { webgpu } from '../../src/backends/webgpu/index.js';
import type { Backend } from '../../src/dsl/backend.js';
import { noChromium } from '../chromium/browser.js';
import { openContract } from '../chromium/contract.js';
import { publicNames } from '../documentation/examples.js';
import type { Violation } from '../laws/law.js';
import { valueOf } from '../oracles/plans.js';
import { noWebgpu } from '../webgpu.js';
import { features } from './all.js';
import { agreement, gradientAgreement } from './checks.js';
import type { Feature } from './feature.js';
import { featuresPage, type Found } from './page.js';

type Check = (feature: Feature) => Promise<Violation>;

const within =
  (tolerance: number, backend: Backend): Check =>
  (feature) =>
    agreement(backend, feature, tolerance);

const notHere: Check = () => Promise.reject(new Error('skipped'));

const contract = noChromium === '' ? await openContract() : null;
afterAll(() => contract?.close());

/** The columns; `missing` says why one cannot be checked on this machine, and is empty where it can. */
const backends: readonly { readonly name: string; readonly missing: string; readonly check: Check }[] = [
  { name: 'reference', missing: '', check: within(1e-12, valueOf(await reference()())) },
  { name: 'cpu', missing: '', check: within(1e-5, valueOf(await cpu()())) },
  { name: 'wasm', missing: '', check: within(1e-5, valueOf(await wasm()())) },
  {
    name: 'webgpu in Node',
    missing: noWebgpu,
    check: noWebgpu === '' ? within(1e-5, valueOf(await webgpu()())) : notHere,
  },
  {
    name: 'webgpu in Chromium',
    missing: noChromium,
    check: contract === null ? notHere : ({ name }) => contract.feature(name, 1e-5),
  },
];
const missing = backends.map((backend) => backend.missing).filter((reason) => reason !== '').join(', '); // prettier-ignore

/** A check that is made once: for its test, and for the page. */
const once = <A>(make: () => Promise<A>): (() => Promise<A>) => {
  let made: Promise<A> | undefined;
  return () => (made ??= make());
};

const checks = features.map((feature) => ({
  feature,
  backends: backends.map(({ check, ...backend }) => ({ ...backend, found: once(() => check(feature)) })),
  gradient: once(() => gradientAgreement(feature)),
}));

describe.each(checks)('$feature.name', ({ backends, gradient }) => {
  test.for(backends)('$name computes it and its gradient', async ({ found, missing: why }, { skip }) => {
    skip(why !== '', why);
    expect(await found()).toBeNull();
  });
  test('its gradient is what differences of values give, or 0', async () => {
    expect(await gradient()).toBeNull();
  });
});

/** Exported beside operations, and none: they give keys. */
const NONE = ['foldIn', 'fork', 'key'];

const exported = publicNames().filter(
  ({ entry, isValue, file }) => entry === 'dsl' && isValue && /^src\/dsl\/(ops\/|keys\.)/.test(file),
);

test('every operation that noisefold/dsl exports is among them, once', () => {
  const names = exported.map(({ name }) => name).filter((name) => !NONE.includes(name));
  expect(features.map(({ name }) => name).sort()).toEqual(names.sort());
});

test.skipIf(missing !== '')(
  `FEATURES.md is what the checks find (npm run features writes it) ${missing}`,
  async () => {
    const found: Found[] = [];
    for (const { feature, backends, gradient } of checks) {
      const outcomes: Record<string, Violation> = {};
      for (const { name, found: outcome } of backends) outcomes[name] = await outcome();
      const says = exported.find(({ name }) => name === feature.name)!.summary;
      found.push({ feature, says, backends: outcomes, gradient: await gradient() });
    }
    await expect(featuresPage(found)).toMatchFileSnapshot(
      fileURLToPath(new URL('../../FEATURES.md', import.meta.url)),
    );
  },
);
