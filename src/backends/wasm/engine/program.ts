/** A plan as code: its regions compiled to a module, and its kernels as commands on a table of functions. */
import type { WasmModule } from '../assembler/assembler.js';
import { type RegionEntry, type RegionModule, regionModule } from '../region/index.js';
import { splitRegion } from '../region/split.js';
import type { WasmKernel } from './kernel.js';
import type { Stage } from './stage.js';
import { wasm } from '../assembler/assembler.js';

/** A kernel that is ready to be encoded. */
export type Prepared =
  | { readonly kind: 'host'; readonly kernel: Extract<WasmKernel, { kind: 'host' }> }
  /** Stages that only the calling thread can run, as they call JavaScript, are not `shared`. */
  | { readonly kind: 'stages'; readonly stages: readonly Stage[]; readonly shared: boolean };

export interface Program {
  readonly module: WasmModule;
  readonly regions: RegionModule;
  readonly kernels: readonly Prepared[];
}

/** Compiles the regions of kernels, in parts. */
export const programOf = (kernels: readonly WasmKernel[], shared: boolean): Program => {
  const parts = kernels.map((kernel) => (kernel.kind === 'region' ? splitRegion(kernel.region) : []));
  const regions = regionModule(parts.flat(), shared);
  let next = 0;
  const prepared = kernels.map((kernel, i): Prepared => {
    if (kernel.kind === 'host') return { kind: 'host', kernel };
    if (kernel.kind === 'stages') return { kind: 'stages', stages: kernel.stages, shared: true };
    const entries: readonly RegionEntry[] = regions.entries.slice(next, (next += parts[i]!.length));
    const stage: Stage = entries.map(({ command }) => [command]);
    return { kind: 'stages', stages: [stage], shared: !entries.some(({ callsHost }) => callsHost) };
  });
  return { module: new wasm.Module(regions.bytes), regions, kernels: prepared };
};
