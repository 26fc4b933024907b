/** Messages between the calling thread and its workers. */
import type { WasmMemory, WasmModule } from '../assembler/webassembly.js';

/** The functions of a plan: a module, and its functions and those of the kernels by index. */
export interface LoadedProgram {
  readonly program: number;
  readonly module: WasmModule;
  readonly functions: readonly string[];
}

export type ToWorker =
  | {
      readonly kind: 'start';
      readonly memory: WasmMemory;
      readonly kernels: WasmModule;
      readonly driver: WasmModule;
      readonly thread: number;
      readonly threads: number;
      /** Address of the state that threads share. */
      readonly sync: number;
    }
  | ({ readonly kind: 'load' } & LoadedProgram)
  | { readonly kind: 'drop'; readonly program: number }
  | { readonly kind: 'run'; readonly program: number; readonly address: number; readonly count: number };

export type FromWorker =
  | { readonly kind: 'ready' }
  /** All threads have finished a run; only the first thread sends this. */
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };
