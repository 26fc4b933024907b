/**
 * Tiles over two loops, for nests that read memory along one loop and write it along another (transposes). A workgroup
 * that covers a square of both loops uses all of the cache lines that it reads.
 */
import { nearestFirst, viewsOf, type BoundNest } from './boundNest.js';

/** A loop that is split into a loop over tiles and a loop of `length` within a tile. */
interface Tile {
  readonly loop: number;
  readonly length: number;
}

const TILE_LENGTH = 16;
/** Minimum extent of both loops: smaller squares save nothing. */
const MIN_EXTENT = 4;

/**
 * The two loops of an elementwise nest to tile, starting with the one along which it writes; empty if tiles do not
 * help.
 */
export const tilesOf = (bound: BoundNest): readonly Tile[] => {
  const { loops } = bound.nest;
  const [nearest] = nearestFirst(bound);
  if (nearest === undefined || loops.some(({ reduced }) => reduced)) return [];
  const others = viewsOf(bound).flatMap(({ strides }) => {
    const isAcross = Math.abs(strides[nearest]!) > 1;
    const loop = strides.findIndex((stride, l) => l !== nearest && Math.abs(stride) === 1);
    return isAcross && loop >= 0 ? [loop] : [];
  });
  const [other] = others.sort((a, b) => loops[b]!.extent - loops[a]!.extent);
  if (other === undefined || loops[other]!.extent < MIN_EXTENT || loops[nearest]!.extent < MIN_EXTENT) return [];
  return [nearest, other].map((loop) => ({ loop, length: Math.min(loops[loop]!.extent, TILE_LENGTH) }));
};
