/** The code that is common to all plans. */
import { type Body, type Func, moduleBytes, wasm, type WasmModule } from '../assembler/assembler.js';
import { driverOf } from './driver.js';

/** The modules that each thread instantiates, and the names of the functions that kernels call. */
export interface Modules {
  readonly driver: WasmModule;
  readonly kernels: WasmModule;
  readonly functions: readonly string[];
}

/** Compiles functions, and a driver: `several` is its code for several threads, whose memory is shared; null for one thread. */
export const modulesOf = (functions: readonly Func[], several: Body | null): Modules => {
  const shared = several !== null;
  return {
    driver: new wasm.Module(moduleBytes([driverOf(several)], { shared, table: true })),
    kernels: new wasm.Module(moduleBytes(functions, { shared })),
    functions: functions.map(({ name }) => name),
  };
};
