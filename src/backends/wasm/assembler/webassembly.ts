/**
 * The seam onto the `WebAssembly` global, with only what kernels need of it: the library is compiled
 * without the DOM's types, and these interfaces accept the real objects.
 */

/** A `WebAssembly.Memory`. Its `buffer` is another object after growth: take views anew for each use. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  readonly grow: (pages: number) => number;
}

/** A `WebAssembly.Module`. */
export type WasmModule = object;

/** Exported functions; parameters and results are numbers (`i32` or `f32`). */
export type WasmFunction = (...args: readonly number[]) => number;

interface WasmGlobal {
  readonly Memory: new (descriptor: {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: { readonly env: Readonly<Record<string, unknown>> },
  ) => { readonly exports: object };
  readonly validate: (bytes: Uint8Array<ArrayBuffer>) => boolean;
}

/** The global object of every engine that we run on. */
export const wasm: WasmGlobal = (globalThis as unknown as { readonly WebAssembly: WasmGlobal }).WebAssembly;

/** The functions of a module made for `memory`, by name; `imports` are the functions it asks for. */
export const instantiate = <Name extends string>(
  module: WasmModule,
  memory: WasmMemory,
  imports: Readonly<Record<string, (...args: readonly number[]) => number>> = {},
): Readonly<Record<Name, WasmFunction>> =>
  // The exports of a module that we wrote: its names are known where it is written.
  new wasm.Instance(module, { env: { ...imports, memory } }).exports as Readonly<Record<Name, WasmFunction>>;
