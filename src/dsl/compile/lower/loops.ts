/**
 * Index arithmetic of a loop nest. An index is an affine function of the loops. To index a tensor through a reshape, loops
 * are split until each axis is an affine function of them.
 */
import { sizeOf } from '../../../internal/numbers.js';

/** A loop variable, by number. */
type Loop = number;

/** `offset + Σ coefficient·loop`. The coefficients are indexed by loop; missing ones are 0. */
export interface Affine {
  readonly offset: number;
  readonly coefficients: readonly number[];
}

export const constantIndex = (offset: number): Affine => ({ offset, coefficients: [] });

/** A loop itself, as an index. */
const loopIndex = (loop: Loop): Affine => {
  const coefficients: number[] = [];
  coefficients[loop] = 1;
  return { offset: 0, coefficients };
};

/** `Σ scale_i·index_i + offset` */
export const combine = (indices: readonly Affine[], scales: readonly number[], offset = 0): Affine => {
  const coefficients: number[] = [];
  let total = offset;
  indices.forEach((index, i) => {
    const scale = scales[i]!;
    total += index.offset * scale;
    index.coefficients.forEach((c, loop) => {
      coefficients[loop] = (coefficients[loop] ?? 0) + c * scale;
    });
  });
  return { offset: total, coefficients };
};

/** Row-major strides of a dense tensor. */
export const denseStrides = (shape: readonly number[]): readonly number[] => {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
};

/** The index of an element among all elements of a tensor, in row-major order. */
export const linear = (index: readonly Affine[], shape: readonly number[]): Affine =>
  combine(index, denseStrides(shape));

/** `Σ index·stride` */
export const addressOf = (index: readonly number[], strides: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);

/** Neighbouring axes of a shape, from one to before another. */
type Run = readonly [from: number, to: number];

/**
 * Splits two shapes into the shortest runs of axes with equal numbers of elements. Null if the shapes have different
 * numbers of elements.
 */
const sameRuns = (a: readonly number[], b: readonly number[]): readonly (readonly [Run, Run])[] | null => {
  const runs: (readonly [Run, Run])[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [fromA, fromB] = [i, j];
    let sizeA = a[i++] ?? 1;
    let sizeB = b[j++] ?? 1;
    while (sizeA !== sizeB) {
      if (sizeA < sizeB) sizeA *= a[i++] ?? NaN;
      else sizeB *= b[j++] ?? NaN;
      if (Number.isNaN(sizeA * sizeB)) return null;
    }
    runs.push([[fromA, i], [fromB, j]]); // oxfmt-ignore
  }
  return runs;
};

/** A loop that is not split, and the original loop that it is a part of. */
interface Leaf {
  readonly loop: Loop;
  readonly extent: number;
  readonly original: Loop;
}

/**
 * A loop nest under construction. An index into a reshaped tensor splits loops; the original ones keep their numbers, and
 * the splits apply to all existing indices.
 */
export const nest = (extents: readonly number[]) => {
  const extentOf: number[] = [...extents];
  const originals: readonly Loop[] = extents.map((_, loop) => loop);
  const parts = new Map<Loop, readonly [Loop, Loop]>(); // split loops: [outer, inner]

  const split = (loop: Loop, innerExtent: number): readonly [Loop, Loop] => {
    const outer = extentOf.push(extentOf[loop]! / innerExtent) - 1;
    const inner = extentOf.push(innerExtent) - 1;
    parts.set(loop, [outer, inner]);
    return [outer, inner];
  };
  /** The unsplit parts of a loop, outermost first. */
  const leavesOf = (loop: Loop): readonly Loop[] => parts.get(loop)?.flatMap(leavesOf) ?? [loop];
  /** Adds `c` times a loop to coefficients, in terms of its unsplit parts. */
  const addLoop = (coefficients: number[], loop: Loop, c: number): void => {
    const halves = parts.get(loop);
    if (halves === undefined) {
      coefficients[loop]! += c;
      return;
    }
    const [outer, inner] = halves;
    addLoop(coefficients, outer, c * extentOf[inner]!);
    addLoop(coefficients, inner, c);
  };
  /** The coefficients of an index in terms of leaf loops, for all loops. */
  const resolve = ({ coefficients }: Affine): readonly number[] => {
    const resolved = extentOf.map(() => 0);
    coefficients.forEach((c, loop) => {
      if (c !== 0 && extentOf[loop]! > 1) addLoop(resolved, loop, c);
    });
    return resolved;
  };

  /** Splits a linear index over all elements of `shape` into the indices of its axes. */
  const digits = (index: Affine, shape: readonly number[]): readonly Affine[] | null => {
    if (index.offset !== 0) return null;
    const coefficients = resolve(index);
    const queue = [...coefficients.keys()].filter((loop) => coefficients[loop] !== 0);
    queue.sort((a, b) => coefficients[a]! - coefficients[b]!); // innermost first
    let weight = 1;
    for (const loop of queue) {
      if (coefficients[loop] !== weight) return null;
      weight *= extentOf[loop]!;
    }
    if (weight !== sizeOf(shape)) return null;
    const result: Affine[] = [];
    for (const extent of [...shape].reverse()) {
      const own: number[] = []; // coefficients
      let covered = 1;
      while (covered < extent) {
        const loop = queue.shift()!;
        const left = extent / covered;
        if (extentOf[loop]! > left) {
          if (!Number.isInteger(left) || extentOf[loop]! % left !== 0) return null;
          const [outer, inner] = split(loop, left);
          own[inner] = covered;
          queue.unshift(outer);
          covered = extent;
        } else {
          if (extent % (covered * extentOf[loop]!) !== 0) return null;
          own[loop] = covered;
          covered *= extentOf[loop]!;
        }
      }
      result.unshift({ offset: 0, coefficients: own });
    }
    return result;
  };

  /**
   * Converts the indices `outer` of a shape to indices of the shape `inner`, which has the same elements in the same
   * order. Null if they are not affine functions of split loops.
   */
  const regroup = (
    outer: readonly Affine[],
    outerShape: readonly number[],
    inner: readonly number[],
  ): readonly Affine[] | null => {
    const runs = sameRuns(outerShape, inner);
    if (runs === null) return null;
    const result: Affine[] = [];
    for (const [from, to] of runs) {
      const axes = inner.slice(...to);
      if (axes.length === 0) continue;
      const index = linear(outer.slice(...from), outerShape.slice(...from));
      const own = axes.length === 1 ? [index] : digits(index, axes);
      if (own === null) return null;
      result.push(...own);
    }
    return result;
  };

  return {
    /** The index of the i-th original loop. */
    loop: (i: number): Affine => (extentOf[i] === 1 ? constantIndex(0) : loopIndex(i)),
    /** The leaf loops, outermost first, and the original loops that they are parts of. */
    leaves: (): readonly Leaf[] =>
      originals.flatMap((original) => leavesOf(original).map((loop) => ({ loop, extent: extentOf[loop]!, original }))),
    /** The coefficients of an index for each leaf. */
    strides: (index: Affine, leaves: readonly Leaf[]): readonly number[] => {
      const coefficients = resolve(index);
      return leaves.map(({ loop }) => coefficients[loop]!);
    },
    regroup,
  };
};
