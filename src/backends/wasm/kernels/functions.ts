/** The kernels' WebAssembly functions, made for a memory. */
import { instantiate, moduleBytes, wasm } from '../assembler/assembler.js';
import type { WasmFunction, WasmMemory, WasmModule } from '../assembler/assembler.js';
import { copyKernels } from './copyKernels.js';
import { outerKernel } from './outerKernel.js';
import { rowKernel } from './rowKernel.js';
import { PANEL_WIDTHS } from './tiles.js';
import type { PanelWidth } from './tiles.js';

/** The functions of the module, by name. */
export type FunctionName =
  'copyRows' | 'copyStrided' | 'transposeBlocks' | 'copyBlocks' | `rows${PanelWidth}` | `outer${PanelWidth}`;

/** The module's functions, and the memory that they work on. */
export interface Machine {
  readonly memory: WasmMemory;
  readonly functions: Readonly<Record<FunctionName, WasmFunction>>;
}

const kernelModule = (): WasmModule =>
  new wasm.Module(
    moduleBytes([...copyKernels, ...PANEL_WIDTHS.map(rowKernel), ...PANEL_WIDTHS.map(outerKernel)]),
  );

/** A value that is computed when it is first asked for. */
const lazy = <A>(compute: () => A): (() => A) => {
  let known: { readonly value: A } | undefined;
  return () => (known ??= { value: compute() }).value;
};

const sharedModule = lazy(kernelModule);

/** The kernels' functions for a memory. The module is compiled once in a process. */
export const machine = (memory: WasmMemory): Machine => ({
  memory,
  functions: instantiate<FunctionName>(sharedModule(), memory),
});
