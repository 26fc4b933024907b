import { describe } from 'vitest';
import { reference } from '../src/backends/reference/index.js';
import { cpu } from '../src/backends/tfjs/cpu.js';
import { wasm } from '../src/backends/wasm/backend.js';
import { webgpu } from '../src/backends/webgpu/index.js';
import { backendLaws } from './laws/backends.js';
import { valueOf } from './oracles/plans.js';
import { checkLaws } from './suite.js';
import { noWebgpu } from './webgpu.js';

for (const acquire of [reference, cpu, wasm]) {
  const backend = valueOf(await acquire()());
  describe(backend.name, () => checkLaws(backendLaws(backend)));
}

describe.skipIf(noWebgpu !== '')(`webgpu ${noWebgpu}`, async () => {
  // the laws' names are needed where they are skipped, too
  const backend = valueOf(await (noWebgpu === '' ? webgpu() : reference())());
  checkLaws(backendLaws(backend));
});
