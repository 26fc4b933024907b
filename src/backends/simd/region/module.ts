/** Many regions as one WebAssembly module. */
import type { Region } from '../../../dsl/region.js';
import { instantiate, moduleBytes, wasm } from '../assembler.js';
import type { WasmMemory } from '../assembler.js';
import { BYTES } from './access.js';
import { FLAT_EXTENT, scheduleOf } from './choose.js';
import { emitNest, type Emitted } from './emit.js';
import { isFlat, keyOf, type Nest, nestOf } from './nest.js';
import type { HostFunction } from './values.js';

/** How one region is carried out: a function of the module, and what it is called with. */
export interface RegionEntry {
  readonly name: string;
  /** An address for each load, then for each store: that of the element at which all loops begin. */
  readonly accesses: readonly { readonly buffer: number; readonly offset: number }[];
  /** Further arguments. */
  readonly extents: readonly number[];
}

export interface RegionModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** In the order of the regions; several may share a function. */
  readonly entries: readonly RegionEntry[];
  /** The host's functions that the module imports. */
  readonly imports: readonly HostFunction[];
}

/** Code for regions: those of one structure have one function, whatever buffers they work on. */
export const regionModule = (regions: readonly Region[]): RegionModule => {
  const emitted = new Map<string, Emitted>();
  const entries = regions.map((region): RegionEntry => {
    const nest = nestOf(region);
    const key = keyOf(nest);
    const known = emitted.get(key) ?? emit(`r${emitted.size}`, nest);
    emitted.set(key, known);
    return {
      name: known.func.name,
      accesses: [...region.loads, ...region.stores].map(({ buffer, offset }) => ({ buffer, offset })),
      extents: isFlat(nest) ? [nest.loops[0]!.extent] : [],
    };
  });
  const functions = [...emitted.values()];
  const imports = [...new Map(functions.flatMap(({ calls }) => calls.map((f) => [f.name, f]))).values()];
  const bytes = moduleBytes(
    functions.map(({ func }) => func),
    {
      imports: imports.map(({ name, type, arity }) => ({
        name,
        params: Array.from({ length: arity }, () => type),
        result: type,
      })),
    },
  );
  return { bytes, entries, imports };
};

const emit = (name: string, nest: Nest): Emitted =>
  emitNest(name, nest, scheduleOf(nest), isFlat(nest) ? [FLAT_EXTENT] : []);

/** Carries out a region, given the byte addresses of the plan's buffers. */
export type RegionKernel = (addresses: readonly number[]) => void;

/** The regions of a module, on a memory. */
export const instantiateRegions = (
  { bytes, entries, imports }: RegionModule,
  memory: WasmMemory,
): readonly RegionKernel[] => {
  const host = Object.fromEntries(imports.map((f) => [f.name, f.call]));
  const functions = instantiate<string>(new wasm.Module(bytes), memory, host);
  return entries.map(({ name, accesses, extents }): RegionKernel => {
    const f = functions[name]!;
    return (addresses) =>
      void f(...accesses.map(({ buffer, offset }) => addresses[buffer]! + BYTES * offset), ...extents);
  });
};
