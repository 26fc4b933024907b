/**
 * Typed access to the `WebAssembly` global. The library is compiled without the DOM's types; these interfaces
 * declare only what kernels use, and accept the real objects.
 */

/** A `WebAssembly.Memory`. Growth replaces `buffer`, so make new views for each use. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  readonly grow: (pages: number) => number;
}

/** A `WebAssembly.Table` of functions. */
export interface WasmTable {
  readonly set: (index: number, value: WasmFunction) => void;
}

/** A `WebAssembly.Module`. */
export type WasmModule = object;

/** An exported function; its parameters and result are numbers (`i32` or `f32`). */
export type WasmFunction = (...args: readonly number[]) => number;

interface WasmGlobal {
  readonly Memory: new (descriptor: {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }) => WasmMemory;
  readonly Table: new (descriptor: { readonly element: 'anyfunc'; readonly initial: number }) => WasmTable;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: { readonly env: Readonly<Record<string, unknown>> },
  ) => { readonly exports: object };
  readonly validate: (bytes: Uint8Array<ArrayBuffer>) => boolean;
}

declare const WebAssembly: WasmGlobal;

/** The global `WebAssembly`, which every supported JavaScript engine has. */
export const wasm: WasmGlobal = WebAssembly;

/** Instantiates a module on `memory`, and on a table if it imports one, and returns its functions by name. */
export const instantiate = <Name extends string>(
  module: WasmModule,
  memory: WasmMemory,
  imports: { readonly table?: WasmTable } = {},
): Readonly<Record<Name, WasmFunction>> =>
  // The cast is safe: the caller encoded the module, so it knows the names of the exports.
  new wasm.Instance(module, { env: { ...imports, memory } }).exports as Readonly<Record<Name, WasmFunction>>;
