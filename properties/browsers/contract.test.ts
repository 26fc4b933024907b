import { isolation } from '../../examples/browser-webgpu/isolation.config.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import type { Backend } from '../../src/dsl/plan/backend.js';
import { backendLaws } from '../laws/backends.js';
import { titleOf } from '../laws/law.js';
import { valueOf } from '../oracles/plans.js';
import { checkLaws } from '../suite.js';
import { browsers, chromiumWithWebgpu, firefoxWithoutRelaxedSimd, type Kind } from './browser.js';
import { type Contract, type ContractPage, openContract } from './contract.js';
import { inBrowsers } from './inBrowsers.js';
import type { PageHeaders } from './openPage.js';

/** The fraction of the samples: Node checks the same shaders, and the same WebAssembly, with all of them. */
const FRACTION = 0.25;

// the names of the laws are needed even if they are skipped
const laws = backendLaws(valueOf(await reference()()));

/** The contract of a backend, on a page with these headers and this number of workers. */
interface Promised {
  readonly name: string;
  readonly page: ContractPage;
  readonly headers?: PageHeaders;
  readonly workers?: number;
  /** The expected rounding; by default any. */
  readonly rounding?: Backend['rounding'];
}

const contractIn = (kind: Kind, ...all: readonly Promised[]): void =>
  inBrowsers(
    'the contract of backends',
    (running) => {
      for (const { name, page, headers, workers = 0, rounding } of all)
        describe(name, () => {
          let contract: Contract;
          beforeAll(async () => {
            contract = await openContract(running(), page, headers);
          });
          afterAll(() => contract.close());

          test('the page has all laws of the contract', () => {
            expect(contract.lawTitles).toEqual(laws.map(titleOf));
          });

          if (rounding !== undefined)
            test(`its rounding is ${rounding}`, () => expect(contract.rounding).toBe(rounding));

          checkLaws(laws, async (law, times) => {
            const violation = await contract.law(titleOf(law), FRACTION * times);
            if (violation !== null) throw new Error(violation);
          });

          test(`it has ${workers} workers`, () => expect(contract.workers()).toBe(workers));
        });
    },
    [kind],
  );

const onOneThread: Promised = { name: 'wasm on one thread', page: './wasmContractPage.ts' };
const onTwoThreads: Promised = { ...onOneThread, name: 'wasm on two threads', headers: isolation, workers: 2 };

for (const kind of browsers) contractIn(kind, onOneThread, onTwoThreads);
contractIn(firefoxWithoutRelaxedSimd, { ...onTwoThreads, rounding: 'separate' });
contractIn(
  chromiumWithWebgpu,
  { name: 'webgpu', page: './webgpuContractPage.ts' },
  { name: 'tfjs-webgpu', page: './tfjsContractPage.ts' },
);
