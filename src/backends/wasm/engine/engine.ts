/** The engine of a backend: its memory, and the functions that its threads run. */
import {
  type Func,
  instantiate,
  moduleBytes,
  wasm,
  type WasmFunction,
  type WasmMemory,
  type WasmModule,
} from '../assembler/assembler.js';
import { driver } from './driver.js';
import type { Program } from './program.js';

/** The modules that each thread instantiates, and the names of the functions that kernels call. */
export interface Modules {
  readonly driver: WasmModule;
  readonly kernels: WasmModule;
  readonly functions: readonly string[];
}

export interface Engine {
  readonly memory: WasmMemory;
  /** True if threads share the memory. */
  readonly shared: boolean;
  readonly modules: Modules;
}

export const newEngine = (memory: WasmMemory, shared: boolean, functions: readonly Func[]): Engine => ({
  memory,
  shared,
  modules: {
    driver: new wasm.Module(moduleBytes([driver], { shared, table: true })),
    kernels: new wasm.Module(moduleBytes(functions, { shared })),
    functions: functions.map(({ name }) => name),
  },
});

/** The index of each function in the table of a plan: the kernels' functions, then the regions'. */
export const functionIndices = ({ functions }: Modules, { regions }: Program): ReadonlyMap<string, number> =>
  new Map([...functions, ...regions.functions].map((name, i) => [name, i]));

/** Runs `count` stages that begin at an address. */
export type RunStages = (address: number, count: number) => void;

/** Instantiates the functions of a plan for the calling thread. */
export const loadProgram = ({ memory, modules }: Engine, program: Program): RunStages => {
  const host = Object.fromEntries(program.regions.imports.map((f) => [f.name, f.call]));
  const functions: Readonly<Record<string, WasmFunction>> = {
    ...instantiate<string>(modules.kernels, memory),
    ...instantiate<string>(program.module, memory, host),
  };
  const indices = functionIndices(modules, program);
  const table = new wasm.Table({ element: 'anyfunc', initial: indices.size });
  for (const [name, index] of indices) table.set(index, functions[name]!);
  const { run } = instantiate<'run'>(modules.driver, memory, { table });
  return (address, count) => void run(address, count, 0, 1, 0);
};
