/**
 * `npm run bench -- presets`: prints the presets of U-Nets, with their parameters and the operations of a forward pass, the
 * memory of an evaluation with parameters of 32 and of 16 bits, and the cost of planning and differentiating ADM-256, with
 * and without recomputation. Computes no tensors.
 */
import { type FloatStorage, planMemory } from 'noisefold/dsl';
import { parameterCount, unet, type UNetConfig, unetPresets } from 'noisefold/nn';
import { wasm } from 'noisefold/backends/wasm';
import { plan } from '../src/dsl/compile/planning.js';
import { storingOf } from '../src/dsl/compile/storing.js';
import type { Plan } from '../src/dsl/plan/plan.js';
import { explain } from '../src/dsl/run/explain.js';
import { milliseconds } from './measure.js';
import { programOf } from './presetPrograms.js';
import { orThrow } from './table.js';

const backend = orThrow(await wasm()());
const { capabilities } = backend;

const planned = (config: UNetConfig, what: 'forward' | 'gradient', params: FloatStorage = 'float32'): Plan =>
  orThrow(plan(programOf(config, what) as never, { B: 1 }, capabilities, [], storingOf({ params }))).plan; // of one of two programs

const gigaflops = (p: Plan): number =>
  explain({ plan: p, kernels: [] }).reduce((total, { flops }) => total + (flops ?? 0), 0) / 1e9;
const megabytes = (p: Plan): number => (4 * p.arenaElements) / 1e6;

console.log(
  `${'preset'.padEnd(26)}${'parameters'.padStart(13)}${'GFLOP'.padStart(9)}${'MB'.padStart(8)}  (forward pass of one image)`,
);
for (const [name, config] of Object.entries<UNetConfig>(unetPresets)) {
  const forward = planned(config, 'forward');
  const count = parameterCount(orThrow(unet(config as never)).params); // for any image
  console.log(
    `${name.padEnd(26)}${count.toLocaleString('en').padStart(13)}${gigaflops(forward).toFixed(1).padStart(9)}${megabytes(forward).toFixed(0).padStart(8)}`,
  );
}

console.log('\nMiB of an evaluation of one image, by the storage of the parameters');
for (const name of ['adm-256', 'adm-512'] as const)
  for (const storage of ['float32', 'float16', 'bfloat16'] as const) {
    const { inputs, working, total } = planMemory({ plan: planned(unetPresets[name], 'forward', storage) });
    const [first, arena, all] = [inputs, working, total].map((bytes) => (bytes / 2 ** 20).toFixed(0).padStart(6));
    console.log(`${name}  ${storage.padEnd(8)}  inputs ${first}  working ${arena}  total ${all}  (${total} bytes)`);
  }

console.log('\nadm-256, gradients of all parameters, one image');
for (const recompute of [false, true]) {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  let gradient: Plan | undefined;
  const time = await milliseconds(
    () => void (gradient = planned({ ...unetPresets['adm-256'], recompute }, 'gradient')),
  );
  const heap = process.memoryUsage().heapUsed - before;
  console.log(
    `recompute ${recompute}: ${(time / 1000).toFixed(2)} s, ${(heap / 1e6).toFixed(0)} MB of heap, ${gradient!.calls.length} calls, ` +
      `${gigaflops(gradient!).toFixed(0)} GFLOP, ${megabytes(gradient!).toFixed(0)} MB beside parameters and gradients`,
  );
}
console.log(`peak memory of the process ${(process.resourceUsage().maxRSS / 1000).toFixed(0)} MB`);
await backend.close();
