import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import { cpu } from '../../src/backends/tfjs/cpu.js';
import { wasm } from '../../src/backends/tfjs/wasm.js';
import { webgpu } from '../../src/backends/webgpu/index.js';
import { publicNames } from '../documentation/examples.js';
import type { Violation } from '../laws/law.js';
import { valueOf } from '../oracles/plans.js';
import { noWebgpu } from '../webgpu.js';
import { arrays } from './arrays.js';
import { agreement, gradientAgreement } from './checks.js';
import { elementwise } from './elementwise.js';
import type { Feature } from './feature.js';
import { networks } from './networks.js';
import { featuresPage, type Found } from './page.js';

const features: readonly Feature[] = [...elementwise, ...arrays, ...networks];

const backends = [
  { name: 'reference', backend: valueOf(await reference()()), tolerance: 1e-12 },
  { name: 'cpu', backend: valueOf(await cpu()()), tolerance: 1e-5 },
  { name: 'wasm', backend: valueOf(await wasm()()), tolerance: 1e-5 },
  ...(noWebgpu === '' ? [{ name: 'webgpu', backend: valueOf(await webgpu()()), tolerance: 1e-5 }] : []),
];

/** A check that is made once: for its test, and for the page. */
const once = <A>(make: () => Promise<A>): (() => Promise<A>) => {
  let made: Promise<A> | undefined;
  return () => (made ??= make());
};

const checks = features.map((feature) => ({
  feature,
  backends: backends.map(({ name, backend, tolerance }) => ({
    name,
    found: once(() => agreement(backend, feature, tolerance)),
  })),
  gradient: once(() => gradientAgreement(feature)),
}));

describe.each(checks)('$feature.name', ({ backends, gradient }) => {
  test.each(backends)('$name computes it and its gradient', async ({ found }) => {
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

test.skipIf(noWebgpu !== '')(
  `FEATURES.md is what the checks find (npm run features writes it) ${noWebgpu}`,
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
