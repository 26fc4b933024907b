/** The kernels' WebAssembly functions, made for a memory. */
import { instantiate, moduleBytes, wasm } from './assembler.js';
import type { WasmFunction, WasmMemory, WasmModule } from './assembler.js';
import { copyKernels } from './copyKernels.js';
import { NARROW_OUTER_TILE, WIDE_OUTER_TILE, outerKernel } from './outerKernel.js';
import { NARROW_TILE, WIDE_TILE, rowKernel } from './rowKernel.js';

/** The functions of the module, by name. */
export type FunctionName =
  'copyRows' | 'copyStrided' | 'transposeBlocks' | 'rowsWide' | 'rowsNarrow' | 'outerWide' | 'outerNarrow';

/** The module's functions, and the memory that they work on. */
export interface Machine {
  readonly memory: WasmMemory;
  readonly functions: Readonly<Record<FunctionName, WasmFunction>>;
}

const kernelModule = (): WasmModule =>
  new wasm.Module(
    moduleBytes([
      ...copyKernels,
      rowKernel('rowsWide', WIDE_TILE),
      rowKernel('rowsNarrow', NARROW_TILE),
      outerKernel('outerWide', WIDE_OUTER_TILE),
      outerKernel('outerNarrow', NARROW_OUTER_TILE),
    ]),
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
