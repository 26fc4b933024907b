/** Many regions as one WebAssembly module. */
import type { Region } from '../../../dsl/region.js';
import { instantiate, wasm } from '../assembler.js';
import type { WasmMemory } from '../assembler.js';
import { BYTES } from './access.js';
import { binaryModule } from './binary.js';
import { scheduleOf } from './choose.js';
import { dependences } from './effort.js';
import { emitNest } from './emit.js';
import { isFlat, keyOf, type Nest, nestOf } from './nest.js';
import type { HostFunction } from './values.js';

/** How one region is carried out: a function of the module, and what it is called with. */
export interface RegionEntry {
  readonly name: string;
  /** An address for each load, then for each store: that of the element at which all loops begin. */
  readonly accesses: readonly { readonly buffer: number; readonly offset: number }[];
  /** The last argument: the extent of a region of one loop, 0 for others. */
  readonly extent: number;
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
  const imports = new Map<string, { readonly host: HostFunction; readonly index: number }>();
  const indexOf = (host: HostFunction): number => {
    const entry = imports.get(host.name) ?? { host, index: imports.size };
    imports.set(host.name, entry);
    return entry.index;
  };
  const functions = new Map<
    string,
    { readonly name: string; readonly params: number; readonly code: readonly number[] }
  >();
  const emit = (nest: Nest) => {
    const depends = dependences(nest);
    return {
      name: `r${functions.size}`,
      params: nest.loads.length + nest.stores.length + 1,
      code: emitNest(nest, depends, (extent) => scheduleOf(nest, depends, extent), indexOf),
    };
  };
  const entries = regions.map((region): RegionEntry => {
    const nest = nestOf(region);
    const key = keyOf(nest);
    const f = functions.get(key) ?? emit(nest);
    functions.set(key, f);
    return {
      name: f.name,
      accesses: [...region.loads, ...region.stores].map(({ buffer, offset }) => ({ buffer, offset })),
      extent: isFlat(nest) ? nest.loops[0]!.extent : 0,
    };
  });
  const hosts = [...imports.values()].map(({ host }) => host);
  const bytes = binaryModule(
    hosts.map(({ name, type, arity }) => ({
      name,
      params: Array.from({ length: arity }, () => type),
      result: type,
    })),
    [...functions.values()],
  );
  return { bytes, entries, imports: hosts };
};

/** Carries out a region, given the byte addresses of the plan's buffers. */
export type RegionKernel = (addresses: readonly number[]) => void;

/** The regions of a module, on a memory. */
export const instantiateRegions = (
  { bytes, entries, imports }: RegionModule,
  memory: WasmMemory,
): readonly RegionKernel[] => {
  const host = Object.fromEntries(imports.map((f) => [f.name, f.call]));
  const functions = instantiate<string>(new wasm.Module(bytes), memory, host);
  return entries.map(({ name, accesses, extent }): RegionKernel => {
    const f = functions[name]!;
    return (addresses) =>
      void f(...accesses.map(({ buffer, offset }) => addresses[buffer]! + BYTES * offset), extent);
  });
};
