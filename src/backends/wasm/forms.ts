/**
 * The code of the kernels in each form. A form has a rounding of products and a size of tiles. All backends of a
 * process share the code, because compiling takes 20 ms.
 */
import type { Kernels } from './anchors.js';
import type { Body } from './assembler/assembler.js';
import { type Modules, modulesOf } from './threads/modules.js';
import { kernelFunctions } from './kernels/functions.js';
import { canFuse, fused, type MultiplyAdd, separate } from './kernels/multiplyAdd.js';
import { type Choice, chooseTiles, enablePairing } from './kernels/pairing.js';
import { NARROW_TILES, WIDE_TILES } from './kernels/tiles.js';
import { type KnownCode, noCode } from './region/index.js';

/** Defers a computation to the first call and keeps its result. */
export const lazy = <A>(compute: () => A): (() => A) => {
  let known: { readonly value: A } | undefined;
  return () => (known ??= { value: compute() }).value;
};

const TILES = { narrow: NARROW_TILES, wide: WIDE_TILES };
export type TileSize = keyof typeof TILES;

/** The kernels with one rounding of products. */
export interface Form {
  readonly rounding: 'fused' | 'separate';
  readonly multiplyAdd: MultiplyAdd;
  /** The code of regions, which many programs have in common. */
  readonly known: KnownCode;
  readonly modules: (kernels: Kernels, tiles: TileSize, several: Body | null) => Modules;
  /** The tiles that are faster here, by a measurement that enables pairing. */
  readonly choice: () => Choice;
}

const formOf = (rounding: Form['rounding'], multiplyAdd: MultiplyAdd): Form => {
  const compiled = new Map<string, Modules>();
  return {
    rounding,
    multiplyAdd,
    known: noCode(),
    modules: (kernels, tiles, several) => {
      const key = `${kernels.name} ${tiles} ${several !== null}`;
      const known = compiled.get(key);
      if (known) return known;
      const modules = modulesOf(kernelFunctions({ multiplyAdd, tiles: TILES[tiles] }, kernels.functions), several);
      compiled.set(key, modules);
      return modules;
    },
    choice: lazy(() => {
      enablePairing();
      return chooseTiles(multiplyAdd);
    }),
  };
};

const fuses = lazy(canFuse);
const FUSED = formOf('fused', fused);
const SEPARATE = formOf('separate', separate);

/** The form of a backend: fused if the machine can, unless the backend is `portable`. */
export const formFor = (portable: boolean): Form => (!portable && fuses() ? FUSED : SEPARATE);
