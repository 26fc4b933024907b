/** Compiles all regions of a plan into one WebAssembly module. */
import type { Plan } from '../../dsl/compile/plan.js';
import type { Rule } from '../shared/kernel.js';
import { instantiateRegions, regionModule } from './region/index.js';
import type { WasmMemory } from './assembler/webassembly.js';

/** Rule that runs the regions of `plan` on `memory`. */
export const simdRegionRule = (plan: Plan, memory: WasmMemory): Rule => {
  const calls = plan.calls.flatMap((call) => (call.kind === 'region' ? [call] : []));
  const kernels = instantiateRegions(regionModule(calls.map(({ region }) => region)), memory);
  return (call) => {
    const kernel = call.kind === 'region' ? kernels[calls.indexOf(call)] : undefined;
    return kernel === undefined ? null : { name: 'simd region', run: ({ addresses }) => kernel(addresses) };
  };
};
