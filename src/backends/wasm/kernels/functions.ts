/** Compiles the kernels' WebAssembly functions and instantiates them on a memory. */
import { instantiate, moduleBytes, wasm } from '../assembler/assembler.js';
import type { WasmFunction, WasmMemory, WasmModule } from '../assembler/assembler.js';
import { copyKernels } from './copyKernels.js';
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

const kernelModule = (): WasmModule =>
  new wasm.Module(moduleBytes([...copyKernels, ...PANEL_WIDTHS.map(rowKernel), ...PANEL_WIDTHS.map(outerKernel)]));

/** Defers a computation to the first call and keeps its result. */
const lazy = <A>(compute: () => A): (() => A) => {
  let known: { readonly value: A } | undefined;
  return () => (known ??= { value: compute() }).value;
};

const sharedModule = lazy(kernelModule);

/** Instantiates the kernels' functions on a memory. The module is compiled once per process. */
export const kernelInstance = (memory: WasmMemory): KernelInstance => ({
  memory,
  functions: instantiate<FunctionName>(sharedModule(), memory),
});
