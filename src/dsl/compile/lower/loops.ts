/**
 * Index arithmetic of a loop nest. An index is an affine function of the loops. To index a tensor through a reshape, loops
 * are split until each axis is an affine function of them.
 */

/** A loop variable, by number. */
type Loop = number;

/** `offset + Σ coefficient·loop` */
export interface Affine {
  readonly offset: number;
  readonly terms: ReadonlyMap<Loop, number>;
}

export const constantIndex = (offset: number): Affine => ({ offset, terms: new Map() });

/** `Σ scale_i·index_i + offset` */
export const combine = (parts: readonly (readonly [Affine, number])[], offset = 0): Affine => {
  const terms = new Map<Loop, number>();
  let total = offset;
  for (const [index, scale] of parts) {
    total += index.offset * scale;
    for (const [loop, c] of index.terms) terms.set(loop, (terms.get(loop) ?? 0) + c * scale);
  }
  for (const [loop, c] of terms) if (c === 0) terms.delete(loop);
  return { offset: total, terms };
};

/** Row-major strides of a dense tensor. */
export const denseStrides = (shape: readonly number[]): readonly number[] => {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
};

/** The index of an element among all elements of a tensor, in row-major order. */
export const linear = (index: readonly Affine[], shape: readonly number[]): Affine => {
  const strides = denseStrides(shape);
  return combine(index.map((i, axis) => [i, strides[axis]!] as const));
};

/** `Σ index·stride` */
export const addressOf = (index: readonly number[], strides: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);

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
  /** The unsplit parts of a loop, outermost first, with the coefficient of each in an index. */
  const leavesOf = (loop: Loop, c = 1): readonly (readonly [Loop, number])[] => {
    const halves = parts.get(loop);
    if (halves === undefined) return [[loop, c]];
    const [outer, inner] = halves;
    return [...leavesOf(outer, c * extentOf[inner]!), ...leavesOf(inner, c)];
  };
  /** Rewrites an index in terms of leaf loops. */
  const resolve = ({ offset, terms }: Affine): Affine => {
    const resolved = new Map<Loop, number>();
    for (const [loop, c] of terms)
      if (extentOf[loop]! > 1)
        for (const [leaf, own] of leavesOf(loop, c)) resolved.set(leaf, own + (resolved.get(leaf) ?? 0));
    return { offset, terms: resolved };
  };

  /** Splits a linear index over all elements of `shape` into the indices of its axes. */
  const digits = (index: Affine, shape: readonly number[]): readonly Affine[] | null => {
    const { offset, terms } = resolve(index);
    if (offset !== 0) return null;
    const rising = [...terms].sort(([, a], [, b]) => a - b);
    let weight = 1;
    for (const [loop, c] of rising) {
      if (c !== weight) return null;
      weight *= extentOf[loop]!;
    }
    if (weight !== shape.reduce((a, b) => a * b, 1)) return null;
    const queue = rising.map(([loop]) => loop); // innermost first
    const result: Affine[] = [];
    for (const extent of [...shape].reverse()) {
      const own = new Map<Loop, number>();
      let covered = 1;
      while (covered < extent) {
        const loop = queue.shift()!;
        const left = extent / covered;
        if (extentOf[loop]! > left) {
          if (!Number.isInteger(left) || extentOf[loop]! % left !== 0) return null;
          const [outer, inner] = split(loop, left);
          own.set(inner, covered);
          queue.unshift(outer);
          covered = extent;
        } else {
          if (extent % (covered * extentOf[loop]!) !== 0) return null;
          own.set(loop, covered);
          covered *= extentOf[loop]!;
        }
      }
      result.unshift({ offset: 0, terms: own });
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
    const result: Affine[] = [];
    let o = 0;
    let i = 0;
    while (o < outerShape.length || i < inner.length) {
      // the shortest run of axes on both sides with the same number of elements
      const [o0, i0] = [o, i];
      let outerSize = outerShape[o++] ?? 1;
      let innerSize = inner[i++] ?? 1;
      while (outerSize !== innerSize) {
        if (outerSize < innerSize) outerSize *= outerShape[o++] ?? NaN;
        else innerSize *= inner[i++] ?? NaN;
        if (Number.isNaN(outerSize) || Number.isNaN(innerSize)) return null;
      }
      const to = inner.slice(i0, i);
      if (to.length === 0) continue;
      const index = linear(outer.slice(o0, o), outerShape.slice(o0, o));
      const cut = to.length === 1 ? [index] : digits(index, to);
      if (cut === null) return null;
      result.push(...cut);
    }
    return result;
  };

  return {
    /** The index of the i-th original loop. */
    loop: (i: number): Affine => (extentOf[i] === 1 ? constantIndex(0) : { offset: 0, terms: new Map([[i, 1]]) }),
    /** The leaf loops, outermost first, and the original loops that they are parts of. */
    leaves: () =>
      originals.flatMap((original) => leavesOf(original).map(([loop]) => ({ extent: extentOf[loop]!, original }))),
    /** The coefficients of an index for each leaf. */
    strides: (index: Affine): readonly number[] => {
      const { terms } = resolve(index);
      return originals.flatMap((original) => leavesOf(original).map(([loop]) => terms.get(loop) ?? 0));
    },
    regroup,
  };
};
