/** The code that is common to all plans. */
import { type Func, moduleBytes, wasm, type WasmModule } from '../assembler/assembler.js';
import { driver } from './driver.js';

/** The modules that each thread instantiates, and the names of the functions that kernels call. */
export interface Modules {
  readonly driver: WasmModule;
  readonly kernels: WasmModule;
  readonly functions: readonly string[];
}

export const modulesOf = (functions: readonly Func[], shared: boolean): Modules => ({
  driver: new wasm.Module(moduleBytes([driver], { shared, table: true })),
  kernels: new wasm.Module(moduleBytes(functions, { shared })),
  functions: functions.map(({ name }) => name),
});
