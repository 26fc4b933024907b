/** Compiles the kernels' WebAssembly functions and instantiates them on a memory. */
import { instantiate, moduleBytes, wasm } from '../assembler/assembler.js';
import type { WasmFunction, WasmMemory, WasmModule } from '../assembler/assembler.js';
import { copyKernels } from './copyKernels.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { outerKernel } from './outerKernel.js';
import { rowKernel } from './rowKernel.js';
import { PANEL_WIDTHS } from './tiles.js';
import type { PanelWidth } from './tiles.js';

/** Names of the module's functions. */
export type FunctionName =
  'copyRows' | 'copyStrided' | 'transposeBlocks' | 'copyBlocks' | `rows${PanelWidth}` | `outer${PanelWidth}`;

/** The module's functions, and the memory that they access. */
export interface KernelInstance {
  readonly memory: WasmMemory;
  readonly functions: Readonly<Record<FunctionName, WasmFunction>>;
}

const kernelModule = (multiplyAdd: MultiplyAdd): WasmModule =>
  new wasm.Module(
    moduleBytes([
      ...copyKernels,
      ...PANEL_WIDTHS.flatMap((width) => [rowKernel(width, multiplyAdd), outerKernel(width, multiplyAdd)]),
    ]),
  );

/** Instantiates the kernels' functions on a memory. */
export const kernelInstance = (memory: WasmMemory, multiplyAdd: MultiplyAdd): KernelInstance => ({
  memory,
  functions: instantiate<FunctionName>(kernelModule(multiplyAdd), memory),
});
