/** Compiles regions into one WebAssembly module. */
import type { Region } from '../../../dsl/graph/region.js';
import { instantiate, wasm } from '../assembler/assembler.js';
import type { WasmMemory } from '../assembler/assembler.js';
import { BYTES } from './access.js';
import { binaryModule } from './binary.js';
import { scheduleOf } from './choose.js';
import { emitNest } from './emit.js';
import { dependences, isFlat, keyOf, type Nest, nestOf, simplified } from '../../shared/regions/nest.js';
import type { HostFunction } from './values.js';

/** The function of the module that runs one region, and its arguments. */
export interface RegionEntry {
  readonly name: string;
  /** The loads, then the stores: the buffer and element offset that all loops begin at. */
  readonly accesses: readonly { readonly buffer: number; readonly offset: number }[];
  /** The last argument: the extent of a flat region (a single kept loop), otherwise 0. */
  readonly extent: number;
}

export interface RegionModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** In the order of the regions. Several may share a function. */
  readonly entries: readonly RegionEntry[];
  /** Host functions that the module imports. */
  readonly imports: readonly HostFunction[];
}

interface RegionFunction {
  readonly name: string;
  readonly params: number;
  readonly code: readonly number[];
  /** True if the last argument is the extent of the only loop. */
  readonly isFlat: boolean;
}

const keptElements = ({ extents, reduced }: Region): number =>
  extents.slice(0, extents.length - reduced).reduce((product, extent) => product * extent, 1);

/** Generates code for regions. Regions of equal structure share a function, whatever buffers they access. */
export const regionModule = (regions: readonly Region[]): RegionModule => {
  const imports = new Map<string, { readonly host: HostFunction; readonly index: number }>();
  const indexOf = (host: HostFunction): number => {
    const entry = imports.get(host.name) ?? { host, index: imports.size };
    imports.set(host.name, entry);
    return entry.index;
  };
  /** By the original nest, to skip the simplification of nests seen before. */
  const byNest = new Map<string, RegionFunction>();
  /** By the simplified nest: one entry for each generated function. */
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
  const getOrInsert = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
    const value = map.get(key) ?? make();
    map.set(key, value);
    return value;
  };
  const functionOf = (original: Nest): RegionFunction => {
    const nest = simplified(original);
    return getOrInsert(functions, keyOf(nest), () => emit(nest));
  };
  const entries = regions.map((region): RegionEntry => {
    const nest = nestOf(region);
    const f = getOrInsert(byNest, keyOf(nest), () => functionOf(nest));
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

/** Runs a region. Takes the byte addresses of the plan's buffers. */
export type RegionKernel = (addresses: readonly number[]) => void;

/** Instantiates a module on a memory and returns its regions in order. */
export const instantiateRegions = (
  { bytes, entries, imports }: RegionModule,
  memory: WasmMemory,
): readonly RegionKernel[] => {
  const host = Object.fromEntries(imports.map((f) => [f.name, f.call]));
  const functions = instantiate<string>(new wasm.Module(bytes), memory, host);
  return entries.map(({ name, accesses, extent }): RegionKernel => {
    const f = functions[name]!;
    return (addresses) => void f(...accesses.map(({ buffer, offset }) => addresses[buffer]! + BYTES * offset), extent);
  });
};
