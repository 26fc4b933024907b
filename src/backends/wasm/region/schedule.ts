/**
 * Schedules: in which order a nest is walked, along which loop the vectors lie, and what is unrolled.
 *
 * A level walks a loop in blocks, one after another; a block repeats its parts, which are unrolled. So
 * the body of the innermost level is carried out for each choice of one part of every level.
 */
import type { Expr } from '../assembler/assembler.js';

/** Iterations beyond the block's position: up to 4 side by side in a vector, or one. */
export interface Part {
  readonly at: number;
  readonly lanes: number;
}

export interface Block {
  /** An expression where the extent is known only when the code runs. */
  readonly trips: number | Expr<'i32'>;
  /** Iterations of the loop in one trip. */
  readonly step: number;
  readonly parts: readonly Part[];
}

/** One loop may have two levels: one over tiles, and within it one over the iterations of a tile. */
export interface Level {
  readonly loop: number;
  readonly blocks: readonly Block[];
  /**
   * Where vectors run on, from the end of the loop, into the next iteration of another: this level counts
   * through iterations of both.
   */
  readonly weave?: { readonly outer: number; readonly extent: number };
}

/** The loops that a level runs along, one bit each. */
export const loopBits = ({ loop, weave }: Level): number =>
  weave === undefined ? 1 << loop : (1 << loop) | (1 << weave.outer);

/** How many elements on a level's iteration lies, along strides. */
export const along = ({ loop, weave }: Level, at: number, strides: readonly number[]): number =>
  weave === undefined
    ? at * strides[loop]!
    : Math.floor(at / weave.extent) * strides[weave.outer]! + (at % weave.extent) * strides[loop]!;

export interface Schedule {
  /** The loop along which vectors lie; -1 where there is no loop, and one lane is in use. */
  readonly vector: number;
  /** Outermost first: those that are kept, then those that are reduced. */
  readonly running: readonly Level[];
  /** How many of the running levels are kept. */
  readonly kept: number;
  /** The levels of one trip: their parts are known everywhere. */
  readonly fixed: readonly Level[];
}

export const LANES = 4;

const ONE: readonly Part[] = [{ at: 0, lanes: 1 }];

const steps = (count: number): readonly Part[] =>
  Array.from({ length: count }, (_, at) => ({ at, lanes: 1 }));

const vectors = (count: number): readonly Part[] =>
  Array.from({ length: count }, (_, i) => ({ at: LANES * i, lanes: LANES }));

/** Blocks without those that have nothing to do. */
const busy = (blocks: readonly Block[]): readonly Block[] => blocks.filter(({ trips }) => trips !== 0);

/** Every iteration by itself, or `unrolled` at a time (a divisor of the extent). */
export const stepping = (loop: number, extent: number, unrolled = 1): Level => ({
  loop,
  blocks: busy([{ trips: extent / unrolled, step: unrolled, parts: steps(unrolled) }]),
});

/** Runs over the tiles of a loop, of `tile` iterations each. */
export const tiling = (loop: number, extent: number, tile: number): Level => ({
  loop,
  blocks: [{ trips: extent / tile, step: tile, parts: ONE }],
});

/** As many iterations at a time as the first of `sizes` says while there are so many left, and so on. */
export const descending = (loop: number, extent: number, sizes: readonly number[]): Level => {
  const blocks: Block[] = [];
  let left = extent;
  for (const size of sizes) {
    blocks.push({ trips: Math.floor(left / size), step: size, parts: steps(size) });
    left %= size;
  }
  const rest: Block = { trips: left === 0 ? 0 : 1, step: left, parts: steps(left) };
  return { loop, blocks: busy([...blocks, rest]) };
};

/** All of a loop's vectors unrolled, the last of them perhaps not full. */
const unrolledVectors = (loop: number, extent: number): Level => {
  const full = Math.floor(extent / LANES);
  const rest = extent % LANES;
  const parts = rest === 0 ? vectors(full) : [...vectors(full), { at: LANES * full, lanes: rest }];
  return { loop, blocks: [{ trips: 1, step: extent, parts }] };
};

/** All vectors of `count` iterations of the outer loop, one after another. */
export const woven = (loop: number, extent: number, outer: number, count: number): Level => ({
  ...unrolledVectors(loop, count * extent),
  weave: { outer, extent },
});

/** `unrolled` vectors at a time, then single ones, then what does not fill a vector. */
export const vectorized = (loop: number, extent: number, unrolled: number): Level => {
  if (Math.ceil(extent / LANES) <= unrolled) return unrolledVectors(loop, extent);
  const full = Math.floor(extent / LANES);
  const rest = extent % LANES;
  return {
    loop,
    blocks: busy([
      { trips: Math.floor(full / unrolled), step: LANES * unrolled, parts: vectors(unrolled) },
      { trips: full % unrolled, step: LANES, parts: vectors(1) },
      { trips: rest === 0 ? 0 : 1, step: rest, parts: [{ at: 0, lanes: rest }] },
    ]),
  };
};

/** The same for an extent known only when the code runs; `unrolled` is a power of two. */
export const vectorizedFlat = (extent: FlatExtent, unrolled: number): Level => ({
  loop: 0,
  blocks: busy([
    { trips: extent.over(LANES * unrolled), step: LANES * unrolled, parts: vectors(unrolled) },
    { trips: unrolled === 1 ? 0 : extent.within(LANES * unrolled, LANES), step: LANES, parts: vectors(1) },
    { trips: extent.within(LANES, 1), step: 1, parts: ONE },
  ]),
});

/** Arithmetic on an extent, by powers of two. */
export interface FlatExtent {
  /** `⌊n / size⌋` */
  readonly over: (size: number) => Expr<'i32'>;
  /** `⌊(n mod size) / part⌋` */
  readonly within: (size: number, part: number) => Expr<'i32'>;
}

const isFixed = ({ blocks }: Level): boolean => blocks.length === 1 && blocks[0]!.trips === 1;

/** Sorts levels into a schedule: `kept` and `reduced` each outermost first. */
export const scheduled = (vector: number, kept: readonly Level[], reduced: readonly Level[]): Schedule => {
  const runs = (level: Level): boolean => !isFixed(level);
  return {
    vector,
    running: [...kept.filter(runs), ...reduced.filter(runs)],
    kept: kept.filter(runs).length,
    fixed: [...kept, ...reduced].filter(isFixed),
  };
};
