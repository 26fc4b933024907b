import { describe } from 'vitest';
import { reference } from '../src/backends/reference/index.js';
import { cpu } from '../src/backends/tfjs/cpu.js';
import { wasm } from '../src/backends/tfjs/wasm.js';
import { backendLaws } from './laws/backends.js';
import { valueOf } from './oracles/plans.js';
import { checkLaws } from './suite.js';

for (const acquire of [reference, cpu, wasm]) {
  const backend = valueOf(await acquire()());
  describe(backend.name, () => checkLaws(backendLaws(backend)));
}
