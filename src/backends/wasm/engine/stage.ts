/**
 * Work as data. A kernel is a list of stages that run one after another; a stage is a list of items that do not depend on
 * each other, so threads share them; an item is a list of commands that one thread runs in order.
 *
 * The division into items depends on shapes only, and no two items write to one element. So the results do not depend on
 * the number of threads, nor on which thread takes an item.
 */

/** A place in memory: bytes from the beginning of a buffer of the plan. */
export interface Place {
  readonly buffer: number;
  readonly offset: number;
}

/** Constants, of which the plan has one copy in memory for each array, and bytes from their beginning. */
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

/** The place `bytes` after another. */
export const shift = <P extends Place | TablePlace>(place: P, bytes: number): P => {
  const offset = place.offset + bytes;
  // literals, since plans have many places, and spreading one takes several times as long; the result has the type of `place`
  return ('table' in place ? { table: place.table, offset } : { buffer: place.buffer, offset }) as P;
};

/** All work of some stages as one item: one thread runs it, without waiting in between. */
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
 * Multiply-adds that are worth an item of their own, about a tenth of a millisecond: handing out an item costs a few
 * hundred nanoseconds, and a barrier up to 27 microseconds.
 */
const ITEM_WORK = 2 ** 21;

/** Multiply-adds in the time that it takes to copy an element into a panel. */
export const COPY_WORK = 32;

/** The most parts that work is split into if each needs scratch of its own. */
export const LANES = 8;

/** The number of items that some work is split into: at most `most`. */
export const partsFor = (work: number, most: number): number =>
  Math.max(1, Math.min(most, Math.ceil(work / ITEM_WORK)));
