/**
 * Work as data. A kernel is a list of stages that run one after another; a stage is a list of items that do not depend on
 * each other, so threads share them; an item is a list of commands that one thread runs in order.
 *
 * The division into items depends only on shapes, and no two items write to the same element. The results therefore do
 * not depend on the number of threads, nor on which thread takes an item.
 */

/** A place in memory: an offset in bytes from the beginning of a buffer of the plan. */
export interface Place {
  readonly buffer: number;
  readonly offset: number;
}

/** A place in constants, of which the plan has one copy in memory for each array, with an offset in bytes. */
export interface TablePlace {
  readonly table: Int32Array;
  readonly offset: number;
}

/** An argument of a function: a number, or a place, whose address is passed. */
export type Argument = number | Place | TablePlace;

/** A call of one of the engine's functions. */
export interface Command {
  readonly run: string;
  readonly args: readonly Argument[];
}

export type Item = readonly Command[];
export type Stage = readonly Item[];

export const command = (run: string, ...args: readonly Argument[]): Command => ({ run, args });

/** The place that is `bytes` after another. */
export const shift = <P extends Place | TablePlace>(place: P, bytes: number): P => {
  const offset = place.offset + bytes;
  // object literals, because a spread takes several times as long and plans have many places; the result has the type
  // of `place`
  return ('table' in place ? { table: place.table, offset } : { buffer: place.buffer, offset }) as P;
};

/** Joins all work of some stages into one item, which one thread runs without waiting between stages. */
export const serial = (stages: readonly Stage[]): Item => stages.flat(2);

/** Splits 0 … total − 1 into at most `parts` ranges of nearly equal size, none of them empty. */
export const ranges = (total: number, parts: number): readonly { readonly first: number; readonly count: number }[] => {
  const count = Math.min(parts, total);
  return Array.from({ length: count }, (_, i) => {
    const first = Math.floor((i * total) / count);
    return { first, count: Math.floor(((i + 1) * total) / count) - first };
  });
};

/**
 * The minimum number of multiply-adds of an item, about a tenth of a millisecond: handing out an item costs a few
 * hundred nanoseconds, and a barrier up to 27 microseconds.
 */
const ITEM_WORK = 2 ** 21;

/** The number of multiply-adds that take as long as copying an element into a panel. */
export const COPY_WORK = 32;

/** The maximum number of shares, which are parts of some work that each need their own scratch. */
export const MOST_SHARES = 8;

/** The number of items into which some work is split, at most `most`. */
export const partsFor = (work: number, most: number): number =>
  Math.max(1, Math.min(most, Math.ceil(work / ITEM_WORK)));

/**
 * The number of shares over which units of equal work are distributed. Null if there are few units with enough work
 * each: then the work inside a unit is split.
 */
export const sharesFor = (units: number, workOfOne: number): number | null =>
  units < MOST_SHARES && partsFor(workOfOne, MOST_SHARES) === MOST_SHARES ? null : Math.min(MOST_SHARES, units);
