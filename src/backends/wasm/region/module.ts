/** Compiles regions into one WebAssembly module. */
import type { Region } from '../../../dsl/graph/region.js';
import type { Pieces } from '../../../internal/stop.js';
import { dependences, isFlat, keyOf, type Nest, nestOf, simplified } from '../../shared/regions/nest.js';
import { moduleOf, TABLE_SIGNATURE } from '../assembler/assembler.js';
import { type Command, command } from '../stage/stage.js';
import type { MultiplyAdd } from '../kernels/multiplyAdd.js';
import { scheduleOf } from './choose.js';
import { emitNest } from './emit.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/** Properties of the machine that code is generated for. */
export interface Target {
  /** True if threads share the memory. */
  readonly isShared: boolean;
  readonly multiplyAdd: MultiplyAdd;
  /** The code that was generated for earlier plans with this `multiplyAdd`. Default: none. */
  readonly known?: KnownCode;
}

/** Code by the key of its nest. */
export interface KnownCode {
  readonly codes: Map<string, RegionCode>;
  /** The bytes of all codes. */
  bytes: number;
}

export const noCode = (): KnownCode => ({ codes: new Map(), bytes: 0 });

/** The maximum number of bytes of code to remember. */
const MOST_BYTES = 2 ** 22;

export interface RegionModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Names of the functions. */
  readonly functions: readonly string[];
  /** The commands that run the regions, in their order. Several may share a function. */
  readonly commands: readonly Command[];
}

interface RegionCode {
  readonly code: Uint8Array;
  /** True if the last argument is the extent of the only loop. */
  readonly isFlat: boolean;
}

interface RegionFunction extends RegionCode {
  readonly name: string;
}

const freeElements = ({ extents, reduced }: Region): number =>
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
  /** By the original nest, to skip the simplification of nests seen before. */
  const byNest = new Map<string, RegionFunction>();
  /** By the simplified nest: one entry for each generated function. */
  const functions = new Map<string, RegionFunction>();
  const emit = (nest: Nest): RegionCode => {
    const depends = dependences(nest);
    const code = emitNest(nest, depends, (extent) => scheduleOf(nest, depends, extent), multiplyAdd);
    return { code, isFlat: isFlat(nest) };
  };
  const codeOf = (nest: Nest, key: string): RegionCode => {
    const before = known.codes.get(key);
    if (before !== undefined) return before;
    const result = emit(nest);
    if (known.bytes + result.code.length > MOST_BYTES) {
      known.codes.clear();
      known.bytes = 0;
    }
    known.codes.set(key, result);
    known.bytes += result.code.length;
    return result;
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
  const commands: Command[] = [];
  for (const region of regions) {
    const { name, isFlat } = functionOfRegion(region);
    const places = [...region.loads, ...region.stores].map(({ buffer, offset }) => ({
      buffer,
      offset: WORD_BYTES * offset,
    }));
    commands.push(command(name, ...places, isFlat ? freeElements(region) : 0));
    yield;
  }
  const emitted = [...functions.values()];
  const bytes = moduleOf(
    emitted.map(({ name, code }) => ({ name, code, signature: TABLE_SIGNATURE })),
    { shared: isShared },
  );
  return { bytes, functions: emitted.map(({ name }) => name), commands };
}
