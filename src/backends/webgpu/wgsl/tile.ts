/**
 * Tiles of two loops: where memory is read along another loop than it is written along, a workgroup that covers
 * a square of both finds in its cache what its invocations have read beside what they asked for.
 */
import { nearestFirst, viewsOf, type Work } from './work.js';

/** A loop as an outer one, over tiles, and one within them. */
interface Tile {
  readonly loop: number;
  readonly length: number;
}

const LENGTH = 16;
/** A square of less saves nothing. */
const LEAST = 4;

/** The two loops of an elementwise work that are worth tiles, the one to write along first; or none. */
export const tilesOf = (work: Work): readonly Tile[] => {
  const { loops } = work.nest;
  const [nearest] = nearestFirst(work);
  if (nearest === undefined || loops.some(({ reduced }) => reduced)) return [];
  const others = viewsOf(work).flatMap(({ strides }) => {
    const isAcross = Math.abs(strides[nearest]!) > 1;
    const loop = strides.findIndex((stride, l) => l !== nearest && Math.abs(stride) === 1);
    return isAcross && loop >= 0 ? [loop] : [];
  });
  const [other] = others.sort((a, b) => loops[b]!.extent - loops[a]!.extent);
  if (other === undefined || loops[other]!.extent < LEAST || loops[nearest]!.extent < LEAST) return [];
  return [nearest, other].map((loop) => ({ loop, length: Math.min(loops[loop]!.extent, LENGTH) }));
};
