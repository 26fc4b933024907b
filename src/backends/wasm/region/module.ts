/** Compiles regions into one WebAssembly module. */
import type { Region } from '../../../dsl/graph/region.js';
import type { Pieces } from '../../../internal/stop.js';
import { dependences, isFlat, keyOf, type Nest, nestOf, simplified } from '../../shared/regions/nest.js';
import { moduleOf, TABLE_SIGNATURE } from '../assembler/assembler.js';
import { type Command, command } from '../engine/stage.js';
import type { MultiplyAdd } from '../kernels/multiplyAdd.js';
import { scheduleOf } from './choose.js';
import { emitNest } from './emit.js';
import type { HostFunction } from './values.js';
import { range, WORD_BYTES } from '../numbers.js';

/** Properties of the machine that code is generated for. */
export interface Target {
  /** True if threads share the memory. */
  readonly isShared: boolean;
  readonly multiplyAdd: MultiplyAdd;
  /** The code that was generated for earlier plans with this `multiplyAdd`. Default: none. */
  readonly known?: KnownCode;
}

/** Code by the key of its nest. Only code that calls the host depends on its module, which numbers the host functions. */
export interface KnownCode {
  readonly codes: Map<string, RegionCode>;
  /** The bytes of all codes. */
  bytes: number;
}

export const noCode = (): KnownCode => ({ codes: new Map(), bytes: 0 });

/** The maximum number of bytes of code to remember. */
const MOST_BYTES = 2 ** 22;

/** The command that runs a region, and whether its function calls the host. */
export interface RegionEntry {
  readonly command: Command;
  readonly callsHost: boolean;
}

export interface RegionModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Names of the functions. */
  readonly functions: readonly string[];
  /** In the order of the regions. Several may share a function. */
  readonly entries: readonly RegionEntry[];
  /** Host functions that the module imports. */
  readonly imports: readonly HostFunction[];
}

interface RegionCode {
  readonly code: Uint8Array;
  /** True if the last argument is the extent of the only loop. */
  readonly isFlat: boolean;
  readonly callsHost: boolean;
}

interface RegionFunction extends RegionCode {
  readonly name: string;
}

const keptElements = ({ extents, reduced }: Region): number =>
  extents.slice(0, extents.length - reduced).reduce((product, extent) => product * extent, 1);

const getOrInsert = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
};

/**
 * Generates code for regions. Regions of equal structure share a function, regardless of the buffers they access.
 */
export function* regionModule(
  regions: readonly Region[],
  { isShared, multiplyAdd, known = noCode() }: Target,
): Pieces<RegionModule> {
  const imports = new Map<string, { readonly host: HostFunction; readonly index: number }>();
  /** By the original nest, to skip the simplification of nests seen before. */
  const byNest = new Map<string, RegionFunction>();
  /** By the simplified nest: one entry for each generated function. */
  const functions = new Map<string, RegionFunction>();
  const emit = (nest: Nest): RegionCode => {
    const depends = dependences(nest);
    let callsHost = false;
    const indexOf = (host: HostFunction): number => {
      callsHost = true;
      return getOrInsert(imports, host.name, () => ({ host, index: imports.size })).index;
    };
    const code = emitNest(nest, depends, (extent) => scheduleOf(nest, depends, extent), indexOf, multiplyAdd);
    return { code, isFlat: isFlat(nest), callsHost };
  };
  const codeOf = (nest: Nest, key: string): RegionCode => {
    const before = known.codes.get(key);
    if (before !== undefined) return before;
    const made = emit(nest);
    if (made.callsHost) return made;
    if (known.bytes + made.code.length > MOST_BYTES) {
      known.codes.clear();
      known.bytes = 0;
    }
    known.codes.set(key, made);
    known.bytes += made.code.length;
    return made;
  };
  const functionOf = (original: Nest): RegionFunction => {
    const nest = simplified(original);
    const key = keyOf(nest);
    return getOrInsert(functions, key, () => ({ name: `r${functions.size}`, ...codeOf(nest, key) }));
  };
  const isLike = (a: Region, b: Region): boolean =>
    a.body === b.body && a.extents.every((extent, i) => extent === b.extents[i]);
  let before: { readonly region: Region; readonly f: RegionFunction } | null = null;
  const functionOfRegion = (region: Region): RegionFunction => {
    // the parts of a region have the same body, so the key of most of them is already known
    if (before !== null && isLike(region, before.region)) return before.f;
    const nest = nestOf(region);
    const f = getOrInsert(byNest, keyOf(nest), () => functionOf(nest));
    before = { region, f };
    return f;
  };
  const entries: RegionEntry[] = [];
  for (const region of regions) {
    const { name, isFlat, callsHost } = functionOfRegion(region);
    const places = [...region.loads, ...region.stores].map(({ buffer, offset }) => ({
      buffer,
      offset: WORD_BYTES * offset,
    }));
    entries.push({ command: command(name, ...places, isFlat ? keptElements(region) : 0), callsHost });
    yield;
  }
  const hosts = [...imports.values()].map(({ host }) => host);
  const emitted = [...functions.values()];
  const bytes = moduleOf(
    emitted.map(({ name, code }) => ({ name, code, signature: TABLE_SIGNATURE })),
    {
      imports: hosts.map(({ name, type, arity }) => ({ name, params: range(arity).map(() => type), result: type })),
      shared: isShared,
    },
  );
  return { bytes, functions: emitted.map(({ name }) => name), entries, imports: hosts };
}
