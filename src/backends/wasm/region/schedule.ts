/**
 * Schedules of loop nests: the order of the loops, the loop that vectors lie along (the vector loop), and the loops
 * that are unrolled.
 *
 * A loop is reduced if the stores reduce over it; otherwise it is free: the results have its index. A level runs a loop
 * as a sequence of blocks. A block repeats its parts, which are unrolled. So the innermost body contains one copy of the
 * computation for each choice of one part of every level.
 */
import type { Expr } from '../assembler/assembler.js';

/**
 * One unrolled piece of a block: `lanes` iterations (1 to 4, computed as one vector) that begin `at` iterations after
 * the block's position.
 */
export interface Part {
  readonly at: number;
  readonly lanes: number;
}

export interface Block {
  /** Number of repetitions; an expression if the extent is only known at run time. */
  readonly trips: number | Expr<'i32'>;
  /** Iterations of the loop in one trip. */
  readonly step: number;
  readonly parts: readonly Part[];
}

/** A loop, or a part of one: a tiled loop has one level over tiles and one over the iterations of a tile. */
export interface Level {
  readonly loop: number;
  readonly blocks: readonly Block[];
  /**
   * Set if the level collapses two loops into one: vectors continue from the end of `loop` (of `extent` iterations)
   * into the next iteration of `outer`. The level then counts the iterations of both.
   */
  readonly collapsed?: { readonly outer: number; readonly extent: number };
}

/** Bit set of the loops that a level runs. */
export const loopBits = ({ loop, collapsed }: Level): number =>
  collapsed === undefined ? 1 << loop : (1 << loop) | (1 << collapsed.outer);

/** Offset of a level's iteration `at`, in elements, under given strides. */
export const offsetAlong = ({ loop, collapsed }: Level, at: number, strides: readonly number[]): number =>
  collapsed === undefined
    ? at * strides[loop]!
    : Math.floor(at / collapsed.extent) * strides[collapsed.outer]! + (at % collapsed.extent) * strides[loop]!;

export interface Schedule {
  /** The vector loop; -1 if the nest has no loops, so that only one lane is used. */
  readonly vector: number;
  /** Levels that become loops, outermost first: free ones, then reduced ones. */
  readonly running: readonly Level[];
  /** Number of free levels among the running ones. */
  readonly free: number;
  /** Levels of a single trip, which are fully unrolled. */
  readonly fixed: readonly Level[];
}

export const LANES = 4;

const ONE: readonly Part[] = [{ at: 0, lanes: 1 }];

const steps = (count: number): readonly Part[] => Array.from({ length: count }, (_, at) => ({ at, lanes: 1 }));

const vectors = (count: number): readonly Part[] =>
  Array.from({ length: count }, (_, i) => ({ at: LANES * i, lanes: LANES }));

/** Drops blocks without trips. */
const nonEmpty = (blocks: readonly Block[]): readonly Block[] => blocks.filter(({ trips }) => trips !== 0);

/** A level that runs `unrolled` iterations per trip, each in one lane. `unrolled` must divide the extent. */
export const stepping = (loop: number, extent: number, unrolled = 1): Level => ({
  loop,
  blocks: nonEmpty([{ trips: extent / unrolled, step: unrolled, parts: steps(unrolled) }]),
});

/** A level over the tiles of a loop, of `tile` iterations each. */
export const tiling = (loop: number, extent: number, tile: number): Level => ({
  loop,
  blocks: [{ trips: extent / tile, step: tile, parts: ONE }],
});

/** A level that runs blocks of `sizes[0]` iterations per trip, then of `sizes[1]` and so on, then the remainder. */
export const descending = (loop: number, extent: number, sizes: readonly number[]): Level => {
  const blocks: Block[] = [];
  let left = extent;
  for (const size of sizes) {
    blocks.push({ trips: Math.floor(left / size), step: size, parts: steps(size) });
    left %= size;
  }
  const rest: Block = { trips: left === 0 ? 0 : 1, step: left, parts: steps(left) };
  return { loop, blocks: nonEmpty([...blocks, rest]) };
};

/** A level with all vectors of a loop unrolled; the last one may be partial. */
const unrolledVectors = (loop: number, extent: number): Level => {
  const full = Math.floor(extent / LANES);
  const rest = extent % LANES;
  const parts = rest === 0 ? vectors(full) : [...vectors(full), { at: LANES * full, lanes: rest }];
  return { loop, blocks: [{ trips: 1, step: extent, parts }] };
};

/** A level that collapses `loop` and `count` iterations of `outer` into one loop, with all its vectors unrolled. */
export const collapsedVectors = (loop: number, extent: number, outer: number, count: number): Level => ({
  ...unrolledVectors(loop, count * extent),
  collapsed: { outer, extent },
});

/** A level of `unrolled` vectors per trip, then single vectors, then a partial one. */
export const vectorized = (loop: number, extent: number, unrolled: number): Level => {
  if (Math.ceil(extent / LANES) <= unrolled) return unrolledVectors(loop, extent);
  const full = Math.floor(extent / LANES);
  const rest = extent % LANES;
  return {
    loop,
    blocks: nonEmpty([
      { trips: Math.floor(full / unrolled), step: LANES * unrolled, parts: vectors(unrolled) },
      { trips: full % unrolled, step: LANES, parts: vectors(1) },
      { trips: rest === 0 ? 0 : 1, step: rest, parts: [{ at: 0, lanes: rest }] },
    ]),
  };
};

/** Like {@link vectorized}, for an extent that is only known at run time. `unrolled` must be a power of two. */
export const vectorizedFlat = (extent: FlatExtent, unrolled: number): Level => ({
  loop: 0,
  blocks: nonEmpty([
    { trips: extent.over(LANES * unrolled), step: LANES * unrolled, parts: vectors(unrolled) },
    { trips: unrolled === 1 ? 0 : extent.within(LANES * unrolled, LANES), step: LANES, parts: vectors(1) },
    { trips: extent.within(LANES, 1), step: 1, parts: ONE },
  ]),
});

/** Arithmetic on an extent that is only known at run time. All arguments must be powers of two. */
export interface FlatExtent {
  /** `⌊n / size⌋` */
  readonly over: (size: number) => Expr<'i32'>;
  /** `⌊(n mod size) / part⌋` */
  readonly within: (size: number, part: number) => Expr<'i32'>;
}

const isFixed = ({ blocks }: Level): boolean => blocks.length === 1 && blocks[0]!.trips === 1;

/** Makes a schedule of free and reduced levels, each outermost first. */
export const scheduled = (vector: number, free: readonly Level[], reduced: readonly Level[]): Schedule => {
  const runs = (level: Level): boolean => !isFixed(level);
  return {
    vector,
    running: [...free.filter(runs), ...reduced.filter(runs)],
    free: free.filter(runs).length,
    fixed: [...free, ...reduced].filter(isFixed),
  };
};
