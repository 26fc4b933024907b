/** Many regions as one WebAssembly module. */
import type { Region } from '../../../dsl/region.js';
import { instantiate, wasm } from '../assembler/assembler.js';
import type { WasmMemory } from '../assembler/assembler.js';
import { BYTES } from './access.js';
import { binaryModule } from './binary.js';
import { scheduleOf } from './choose.js';
import { emitNest } from './emit.js';
import { dependences, isFlat, keyOf, type Nest, nestOf, simplified } from '../../shared/regions/nest.js';
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

interface RegionFunction {
  readonly name: string;
  readonly params: number;
  readonly code: readonly number[];
  /** Whether its last argument is the extent of its loop. */
  readonly isFlat: boolean;
}

const keptElements = ({ extents, reduced }: Region): number =>
  extents.slice(0, extents.length - reduced).reduce((product, extent) => product * extent, 1);

/** Code for regions: those of one structure have one function, whatever buffers they work on. */
export const regionModule = (regions: readonly Region[]): RegionModule => {
  const imports = new Map<string, { readonly host: HostFunction; readonly index: number }>();
  const indexOf = (host: HostFunction): number => {
    const entry = imports.get(host.name) ?? { host, index: imports.size };
    imports.set(host.name, entry);
    return entry.index;
  };
  /** By nest as it is given, and by simplified nest. */
  const known = new Map<string, RegionFunction>();
  const functions = new Map<string, RegionFunction>();
  const emit = (nest: Nest): RegionFunction => {
    const depends = dependences(nest);
    return {
      name: `r${functions.size}`,
      params: nest.loads.length + nest.stores.length + 1,
      code: emitNest(nest, depends, (extent) => scheduleOf(nest, depends, extent), indexOf),
      isFlat: isFlat(nest),
    };
  };
  const found = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
    const value = map.get(key) ?? make();
    map.set(key, value);
    return value;
  };
  const functionOf = (given: Nest): RegionFunction => {
    const nest = simplified(given);
    return found(functions, keyOf(nest), () => emit(nest));
  };
  const entries = regions.map((region): RegionEntry => {
    const nest = nestOf(region);
    const f = found(known, keyOf(nest), () => functionOf(nest));
    return {
      name: f.name,
      accesses: [...region.loads, ...region.stores],
      extent: f.isFlat ? keptElements(region) : 0,
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
