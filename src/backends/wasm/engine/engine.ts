/** The engine of a backend: its memory, the functions that its threads run, and its workers. */
import { instantiate, wasm, type WasmFunction, type WasmMemory } from '../assembler/assembler.js';
import type { Target } from '../region/index.js';
import type { Turns } from '../../shared/runs.js';
import type { Pool } from '../threads/pool.js';
import type { Modules } from '../threads/modules.js';
import type { Program } from './program.js';

type Functions = Readonly<Record<string, WasmFunction>>;

/** Instantiates the kernels' functions. */
export const loadKernels = ({ memory, modules }: Pick<Engine, 'memory' | 'modules'>): Functions =>
  instantiate<string>(modules.kernels, memory);

export interface Engine extends Target {
  readonly memory: WasmMemory;
  readonly modules: Modules;
  /** The kernels' functions for the calling thread. All plans share this instance. */
  readonly kernels: () => Functions;
  /** Null if everything runs on the calling thread. */
  readonly pool: Pool | null;
  /** The minimum number of cycles of stages that run on workers. */
  readonly worthWorkers: number;
  readonly turns: Turns;
}

/** The functions in the table of a plan, in order: the kernels' functions, then the regions'. */
export const functionNames = ({ functions }: Modules, { regions }: Program): readonly string[] => [
  ...functions,
  ...regions.functions,
];

/** Runs `count` stages that begin at an address. */
export type RunStages = (address: number, count: number) => void;

/** Instantiates the functions of a plan for the calling thread. */
export const loadProgram = (
  { memory, modules, kernels }: Pick<Engine, 'memory' | 'modules' | 'kernels'>,
  program: Program,
): RunStages => {
  const functions: Functions = { ...kernels(), ...instantiate<string>(program.module, memory) };
  const names = functionNames(modules, program);
  const table = new wasm.Table({ element: 'anyfunc', initial: names.length });
  names.forEach((name, i) => table.set(i, functions[name]!));
  const { run } = instantiate<'run'>(modules.driver, memory, { table });
  return (address, count) => void run(address, count, 0, 1, 0);
};
