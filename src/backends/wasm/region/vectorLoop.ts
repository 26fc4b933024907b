/** Chooses the vector loop: the loop with the lowest cost per element. */
import { costOf } from './cost.js';
import type { Nest } from '../../shared/regions/nest.js';
import { LANES } from './schedule.js';

/** A nest, and a bit set for each assignment: the loops that its value varies with. */
export interface Analysed {
  readonly nest: Nest;
  readonly depends: readonly number[];
}

const isAlong = (bits: number, loop: number): boolean => ((bits >> loop) & 1) === 1;

/** Number of iterations of the loops that `which` selects. */
export const elementsOf = ({ loops }: Nest, which: (loop: number) => boolean): number =>
  loops.reduce((product, { extent }, loop) => (which(loop) ? product * extent : product), 1);

/** Cost of one vector of elements along the loop `vector`. */
export const vectorCost = ({ nest, depends }: Analysed, vector: number): number => {
  const accesses = [...nest.loads, ...nest.stores.map(({ strides }) => strides)];
  return (
    nest.body.reduce((sum, a, i) => (isAlong(depends[i]!, vector) ? sum + costOf(a) : sum), 0) +
    accesses.filter((strides) => strides[vector] !== 0).length
  );
};

/** A loop to collapse with the vector loop, whose extent is not a multiple of the vector size. */
export interface CollapsibleLoop {
  readonly outer: number;
  /** Smallest number of its iterations that makes whole vectors. */
  readonly count: number;
}

/**
 * Finds a loop that can be collapsed with the vector loop: every access that is contiguous along the vector loop must
 * continue in that loop's next iteration. Null if there is none.
 */
export const collapsibleLoop = ({ loops, loads, stores }: Nest, vector: number): CollapsibleLoop | null => {
  const { extent, reduced } = loops[vector]!;
  if (extent % LANES === 0 || extent > 4 * LANES) return null;
  const count = extent % 2 === 0 ? 2 : LANES;
  const outer = loops.findIndex((loop, l) => {
    if (l === vector || loop.extent % count !== 0) return false;
    const continues = (strides: readonly number[]): boolean =>
      strides[vector] === 0 || (strides[vector] === 1 && strides[l] === extent);
    // results that are reduced along one of the two loops are stored lane by lane, so their strides do not matter
    const isStored = !reduced && !loop.reduced;
    return (
      loads.every(continues) &&
      loads.some((strides) => strides[vector] === 1) &&
      (!isStored || stores.every(({ strides }) => continues(strides)))
    );
  });
  return outer < 0 ? null : { outer, count };
};

/** Cost of a vector access: contiguous accesses are the cheapest, then those that can be transposed in registers. */
const accessCost = (nest: Nest, strides: readonly number[], vector: number, isLoad: boolean): number => {
  const stride = strides[vector]!;
  if (stride === 0) return 0.3;
  if (Math.abs(stride) === 1) return stride === 1 ? 1 : 2;
  const crosses =
    isLoad && nest.loops.every(({ extent, reduced }, loop) => !reduced && (strides[loop] !== 1 || extent >= LANES));
  return crosses ? 3 : 10;
};

/** Cost per element with the vector loop `vector`, if every value is computed in the outermost loop possible. */
const costAlong = ({ nest, depends }: Analysed, vector: number): number => {
  const { extent, reduced } = nest.loops[vector]!;
  const elements = elementsOf(nest, () => true);
  const terms = elementsOf(nest, (loop) => nest.loops[loop]!.reduced);
  const collapsed = collapsibleLoop(nest, vector);
  const vectors = collapsed === null ? Math.ceil(extent / LANES) / extent : 1 / LANES;
  const loads = nest.loads.reduce((sum, strides) => sum + accessCost(nest, strides, vector, true), 0);
  const stores = nest.stores.reduce((sum, { strides }) => sum + accessCost(nest, strides, vector, false), 0);
  const arithmetic = nest.body.reduce((sum, a, i) => {
    const bits = depends[i]!;
    const often = elementsOf(nest, (loop) => isAlong(bits, loop)) / elements;
    return sum + costOf(a) * often * (isAlong(bits, vector) ? vectors : 1);
  }, 0);
  const results = (reduced ? 8 * nest.stores.length : stores) / terms;
  const masks = reduced && collapsed === null && extent % LANES !== 0 ? nest.stores.length : 0;
  return vectors * (loads + masks) + arithmetic + 3 / extent + results;
};

/** The loop with the lowest cost; the innermost of equals. */
export const vectorLoop = (analysed: Analysed): number => {
  const { loops } = analysed.nest;
  if (loops.length === 1) return 0;
  const costs = loops.map((_, loop) => costAlong(analysed, loop));
  return costs.lastIndexOf(Math.min(...costs));
};
