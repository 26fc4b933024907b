/** A plan as code: its regions compiled to a module, and its kernels as commands on a table of functions. */
import type { Pieces } from '../../../internal/stop.js';
import { wasm, type WasmModule } from '../assembler/assembler.js';
import { type RegionModule, regionModule, type Target } from '../region/index.js';
import { regionCycles, splitRegion } from '../region/split.js';
import type { WasmKernel } from './kernel.js';
import type { Stage } from '../stage/stage.js';

/** A kernel that is ready to be encoded, and the approximate cycles that one thread takes. */
export type Prepared = { readonly cycles: number } & (
  | { readonly kind: 'host'; readonly kernel: Extract<WasmKernel, { kind: 'host' }> }
  | { readonly kind: 'stages'; readonly stages: readonly Stage[] }
);

export interface Program {
  readonly module: WasmModule;
  readonly regions: RegionModule;
  readonly kernels: readonly Prepared[];
}

/** The number of multiply-adds per cycle, with four lanes. */
const MULTIPLY_ADDS = 8;

const cyclesOf = (kernel: WasmKernel): number => {
  if (kernel.kind === 'host') return 0;
  return kernel.kind === 'region' ? regionCycles(kernel.region) : kernel.multiplyAdds / MULTIPLY_ADDS;
};

/** Compiles the regions of kernels. Each region is split into parts for several threads. */
export function* programOf(kernels: readonly WasmKernel[], target: Target): Pieces<Program> {
  const parts = kernels.map((kernel) => (kernel.kind === 'region' ? splitRegion(kernel.region) : []));
  yield;
  const regions = yield* regionModule(parts.flat(), target);
  let next = 0;
  const prepared: Prepared[] = [];
  const prepare = (kernel: WasmKernel, i: number): Prepared => {
    const cycles = cyclesOf(kernel);
    if (kernel.kind === 'host') return { kind: 'host', kernel, cycles };
    if (kernel.kind === 'stages') return { kind: 'stages', stages: kernel.stages(), cycles };
    const commands = regions.commands.slice(next, (next += parts[i]!.length));
    return { kind: 'stages', stages: [commands.map((command) => [command])], cycles };
  };
  for (const [i, kernel] of kernels.entries()) {
    prepared.push(prepare(kernel, i));
    yield;
  }
  return { module: new wasm.Module(regions.bytes), regions, kernels: prepared };
}
