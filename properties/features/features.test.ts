import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import { tfjs } from '../../src/backends/tfjs/index.js';
import { wasm } from '../../src/backends/wasm/backend.js';
import { webgpu } from '../../src/backends/webgpu/index.js';
import type { Backend } from '../../src/dsl/plan/backend.js';
import { E } from '../../src/internal/fp.js';
import { chromiumWithWebgpu, firefox, type Kind } from '../browsers/browser.js';
import { type ContractPage, openContract } from '../browsers/contract.js';
import { type Running, start } from '../browsers/inBrowsers.js';
import { type UNetCase, unetCases } from '../diffusion/unetCases.js';
import { publicNames } from '../documentation/examples.js';
import { backendLaws } from '../laws/backends.js';
import { titleOf, type Violation } from '../laws/law.js';
import { valueOf } from '../oracles/plans.js';
import { skippedFor } from '../skips.js';
import { noWebgpu } from '../webgpu.js';
import { features } from './all.js';
import { agreement, gradientAgreement } from './checks.js';
import { contractRows } from './contract.js';
import type { Feature } from './feature.js';
import { featuresPage, type FeatureOutcomes, type NetworkOutcomes } from './page.js';

/** The checks on one backend: of an operation, and of a U-Net. */
interface Checks {
  readonly feature: (feature: Feature) => Promise<Violation>;
  readonly unet: (unet: UNetCase) => Promise<Violation>;
}

const within = (tolerance: number, backend: Backend): Checks => ({
  feature: (feature) => agreement(backend, feature, tolerance),
  unet: ({ check }) => check(backend),
});

const skipped = () => Promise.reject(new Error('skipped'));
const notHere: Checks = { feature: skipped, unet: skipped };

const started = new Map<Kind, Running>();
afterAll(() => Promise.all(Array.from(started.values(), ({ browser }) => browser.close())));

/** A backend in a page of a browser, if there is one. */
const inPage = async (name: string, kind: Kind, page: ContractPage): Promise<Checked> => {
  if (kind.missing !== '') return { name, missing: kind.missing, check: notHere };
  const running = started.get(kind) ?? (await start(kind));
  started.set(kind, running);
  const contract = await openContract(running, page);
  return {
    name,
    missing: '',
    check: {
      feature: ({ name: feature }) => contract.feature(feature, 1e-5),
      unet: ({ name: unet }) => contract.unet(unet),
    },
  };
};

/** A backend; `missing` is the reason why this machine cannot check it, or empty. */
interface Checked {
  readonly name: string;
  readonly missing: string;
  readonly check: Checks;
}

/** The backends of the page. */
const onPage: readonly Checked[] = [
  { name: 'reference', missing: '', check: within(1e-12, valueOf(await reference()())) },
  { name: 'wasm', missing: '', check: within(1e-5, valueOf(await wasm()())) },
  await inPage('wasm in Firefox', firefox, './wasmContractPage.ts'),
  {
    name: 'webgpu in Node',
    missing: noWebgpu,
    check: noWebgpu === '' ? within(1e-5, valueOf(await webgpu()())) : notHere,
  },
  await inPage('webgpu in Chromium', chromiumWithWebgpu, './webgpuContractPage.ts'),
  { name: 'tfjs-cpu', missing: '', check: within(1e-5, valueOf(await tfjs('cpu')())) },
  { name: 'tfjs-wasm', missing: '', check: within(1e-5, valueOf(await tfjs('wasm')())) },
  {
    name: 'tfjs-webgpu in Node',
    missing: noWebgpu,
    check: noWebgpu === '' ? within(1e-5, valueOf(await tfjs('webgpu')())) : notHere,
  },
  await inPage('tfjs-webgpu in Chromium', chromiumWithWebgpu, './tfjsContractPage.ts'),
];
const missing = onPage.map((backend) => backend.missing).find((reason) => reason !== '') ?? '';

/** TensorFlow, which does not run on every machine. The page leaves it out. */
const onTensorflow = async (engine: 'node' | 'node-gpu'): Promise<Checked> => {
  const acquired = await tfjs(engine)();
  return E.isLeft(acquired)
    ? { name: `tfjs-${engine}`, missing: acquired.left.message, check: notHere }
    : { name: `tfjs-${engine}`, missing: '', check: within(1e-5, acquired.right) };
};

const backends = [...onPage, await onTensorflow('node'), await onTensorflow('node-gpu')];

/** Runs a check once: for its test and for the page. */
const once = <A>(make: () => Promise<A>): (() => Promise<A>) => {
  let made: Promise<A> | undefined;
  return () => (made ??= make());
};

/** A check on one backend. */
interface Column {
  readonly name: string;
  readonly missing: string;
  readonly found: () => Promise<Violation>;
}

/** A test for each backend. */
const findNothing = (what: string, columns: readonly Column[]): void => {
  for (const { name, missing: why, found } of columns)
    test(`${name} ${what}`.trim(), skippedFor(why), async () => {
      expect(await found()).toBeNull();
    });
};

const checks = features.map((feature) => ({
  feature,
  backends: backends.map(({ check, ...backend }) => ({
    ...backend,
    found: once(() => check.feature(feature)),
  })),
  gradient: once(() => gradientAgreement(feature)),
}));

describe.each(checks)('$feature.name', ({ backends, gradient }) => {
  findNothing('computes it and its gradient', backends);
  test('its gradient agrees with finite differences, or is 0', async () => {
    expect(await gradient()).toBeNull();
  });
});

const laws = backendLaws(valueOf(await reference()()));

const rows = contractRows(laws);

test('every law of backends is in one row of the contract', () => {
  expect(rows.flatMap((row) => row.laws).sort()).toEqual(laws.map(titleOf).sort());
});

const networks = unetCases.map((unet) => ({
  name: unet.name,
  backends: backends.map(({ check, ...backend }) => ({ ...backend, found: once(() => check.unet(unet)) })),
}));

describe.each(networks)('a U-Net, $name', ({ backends }) => {
  findNothing('computes it and its gradients', backends);
});

/** The outcomes on the backends of the page. */
const outcomesOf = async (backends: readonly Column[]): Promise<Readonly<Record<string, Violation>>> => {
  const outcomes: Record<string, Violation> = {};
  for (const { name, found } of backends)
    if (onPage.some((backend) => backend.name === name)) outcomes[name] = await found();
  return outcomes;
};

test('FEATURES.md agrees with the checks (npm run features writes it)', skippedFor(missing), async () => {
  const list: FeatureOutcomes[] = [];
  for (const { feature, backends, gradient } of checks) {
    const says = publicNames().find(({ entry, name }) => entry === 'dsl' && name === feature.name)!.summary;
    list.push({ feature, says, backends: await outcomesOf(backends), gradient: await gradient() });
  }
  const unets: NetworkOutcomes[] = [];
  for (const { name, backends } of networks) unets.push({ name, backends: await outcomesOf(backends) });
  await expect(featuresPage(list, unets, rows)).toMatchFileSnapshot(
    fileURLToPath(new URL('../../FEATURES.md', import.meta.url)),
  );
});
