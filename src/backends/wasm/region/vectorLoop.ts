/** Which loop vectors lie along: the one that takes the least effort for an element. */
import { effortOf } from './effort.js';
import type { Nest } from '../../shared/regions/nest.js';
import { LANES } from './schedule.js';

/** A nest, and by assignment the loops that its value varies with. */
export interface Analysed {
  readonly nest: Nest;
  readonly depends: readonly number[];
}

const isAlong = (bits: number, loop: number): boolean => ((bits >> loop) & 1) === 1;

export const elementsOf = ({ loops }: Nest, which: (loop: number) => boolean): number =>
  loops.reduce((product, { extent }, loop) => (which(loop) ? product * extent : product), 1);

/** What a vector of elements takes, if vectors lie along a loop. */
export const perVector = ({ nest, depends }: Analysed, vector: number): number => {
  const accesses = [...nest.loads, ...nest.stores.map(({ strides }) => strides)];
  return (
    nest.body.reduce((sum, a, i) => (isAlong(depends[i]!, vector) ? sum + effortOf(a) : sum), 0) +
    accesses.filter((strides) => strides[vector] !== 0).length
  );
};

/** The loops that vectors can run on along at the end of theirs, if its extent is no multiple of their size. */
export interface Weave {
  readonly outer: number;
  /** The least number of its iterations that make whole vectors. */
  readonly count: number;
}

/** Where everything that is contiguous along a loop goes on along another; null if there is no such loop. */
export const weaveAlong = ({ loops, loads, stores }: Nest, vector: number): Weave | null => {
  const { extent, reduced } = loops[vector]!;
  if (extent % LANES === 0 || extent > 4 * LANES) return null;
  const count = extent % 2 === 0 ? 2 : LANES;
  const outer = loops.findIndex((loop, l) => {
    if (l === vector || loop.extent % count !== 0) return false;
    const goesOn = (strides: readonly number[]): boolean =>
      strides[vector] === 0 || (strides[vector] === 1 && strides[l] === extent);
    // what is reduced along one of the two is stored lane by lane
    const isStored = !reduced && !loop.reduced;
    return (
      loads.every(goesOn) &&
      loads.some((strides) => strides[vector] === 1) &&
      (!isStored || stores.every(({ strides }) => goesOn(strides)))
    );
  });
  return outer < 0 ? null : { outer, count };
};

/** What a vector access takes: contiguous ones are cheap, those that can be exchanged in registers less so. */
const accessEffort = (nest: Nest, strides: readonly number[], vector: number, isLoad: boolean): number => {
  const stride = strides[vector]!;
  if (stride === 0) return 0.3;
  if (Math.abs(stride) === 1) return stride === 1 ? 1 : 2;
  const crosses =
    isLoad &&
    nest.loops.every(({ extent, reduced }, loop) => !reduced && (strides[loop] !== 1 || extent >= LANES));
  return crosses ? 3 : 10;
};

/** The effort for one element, if vectors lie along a loop and all is computed as far outside as it can be. */
const effortAlong = ({ nest, depends }: Analysed, vector: number): number => {
  const { extent, reduced } = nest.loops[vector]!;
  const elements = elementsOf(nest, () => true);
  const terms = elementsOf(nest, (loop) => nest.loops[loop]!.reduced);
  const weave = weaveAlong(nest, vector);
  const vectors = weave === null ? Math.ceil(extent / LANES) / extent : 1 / LANES;
  const loads = nest.loads.reduce((sum, strides) => sum + accessEffort(nest, strides, vector, true), 0);
  const stores = nest.stores.reduce(
    (sum, { strides }) => sum + accessEffort(nest, strides, vector, false),
    0,
  );
  const arithmetic = nest.body.reduce((sum, a, i) => {
    const bits = depends[i]!;
    const often = elementsOf(nest, (loop) => isAlong(bits, loop)) / elements;
    return sum + effortOf(a) * often * (isAlong(bits, vector) ? vectors : 1);
  }, 0);
  const results = (reduced ? 8 * nest.stores.length : stores) / terms;
  const masks = reduced && weave === null && extent % LANES !== 0 ? nest.stores.length : 0;
  return vectors * (loads + masks) + arithmetic + 3 / extent + results;
};

/** The loop with the least effort; of equals the innermost. */
export const vectorLoop = (analysed: Analysed): number => {
  const { loops } = analysed.nest;
  if (loops.length === 1) return 0;
  const efforts = loops.map((_, loop) => effortAlong(analysed, loop));
  return efforts.lastIndexOf(Math.min(...efforts));
};
