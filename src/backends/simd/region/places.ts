/** Where a walk stands: pointers, and the parts of levels that are not yet, or never, a loop. */
import { i32, increment } from '../assembler.js';
import type { Local, Statement } from '../assembler.js';
import { BYTES, type Place } from './access.js';
import type { Nest } from './nest.js';
import type { Block, Level, Part, Schedule } from './schedule.js';

/** Something that moves as loops go on. */
export interface Pointer {
  readonly local: Local<'i32'>;
  readonly strides: readonly number[];
  /** What a stride of 1 adds. */
  readonly unit: number;
}

export interface Pointers {
  readonly loads: readonly Pointer[];
  readonly stores: readonly Pointer[];
  /** By assignment: the running value of an index. */
  readonly indices: ReadonlyMap<number, Pointer & { readonly offset: number }>;
}

export const pointersOf = ({ loads, stores, body }: Nest): Pointers => ({
  loads: loads.map((strides, i) => ({ local: i32.local(`l${i}`), strides, unit: BYTES })),
  stores: stores.map(({ strides }, i) => ({ local: i32.local(`s${i}`), strides, unit: BYTES })),
  indices: new Map(
    body.flatMap((a, i) =>
      a.op === 'index'
        ? [[i, { local: i32.local(`i${i}`), strides: a.strides, unit: 1, offset: a.offset }]]
        : [],
    ),
  ),
});

/** One part of each level, by its position among the parts. */
export type Choice = readonly number[];

/** The levels of a schedule with the blocks that have been entered; fixed levels have but one. */
export interface Standing {
  readonly schedule: Schedule;
  readonly levels: readonly Level[];
  /** How many running levels have been entered. */
  readonly depth: number;
  readonly blocks: readonly (Block | undefined)[];
}

export const outside = (schedule: Schedule): Standing => {
  const levels = [...schedule.running, ...schedule.fixed];
  return {
    schedule,
    levels,
    depth: 0,
    blocks: levels.map((level, i) => (i < schedule.running.length ? undefined : level.blocks[0])),
  };
};

export const entered = (standing: Standing, block: Block): Standing => ({
  ...standing,
  depth: standing.depth + 1,
  blocks: standing.blocks.map((b, i) => (i === standing.depth ? block : b)),
});

/** Every choice of parts on some levels; 0 on the others. */
export const choices = ({ levels, blocks }: Standing, on: (level: number) => boolean): readonly Choice[] =>
  levels.reduce<readonly Choice[]>(
    (all, _, i) => {
      const count = on(i) ? (blocks[i]?.parts.length ?? 1) : 1;
      return all.flatMap((choice) => Array.from({ length: count }, (_, part) => [...choice, part]));
    },
    [[]],
  );

/** How far below its position a block reaches along a stride: pointers stand at the lowest element. */
export const reach = (block: Block, stride: number): number =>
  stride >= 0 ? 0 : Math.min(...block.parts.map(({ at, lanes }) => (at + lanes - 1) * stride));

/** Elements from a pointer to what a choice of parts addresses, in its first lane. */
export const distance = (
  { levels, blocks, depth }: Standing,
  choice: Choice,
  strides: readonly number[],
): number =>
  levels.reduce((sum, { loop }, i) => {
    const block = blocks[i];
    const stride = strides[loop]!;
    if (block === undefined || stride === 0) return sum;
    return sum + block.parts[choice[i]!]!.at * stride - (i < depth ? reach(block, stride) : 0);
  }, 0);

/** The chosen part of the level that vectors lie along. */
export const vectorPart = ({ levels, blocks, schedule }: Standing, choice: Choice): Part => {
  // tiles have one lane and come first
  const level = levels.findLastIndex(({ loop }) => loop === schedule.vector);
  return blocks[level]?.parts[choice[level]!] ?? { at: 0, lanes: 1 };
};

export const placeOf = (standing: Standing, choice: Choice, { local, strides }: Pointer): Place => ({
  pointer: local,
  elements: distance(standing, choice, strides),
  stride: strides[standing.schedule.vector] ?? 0,
  lanes: vectorPart(standing, choice).lanes,
});

/** Moves pointers by elements, each its own. */
export const moved = (pointers: readonly Pointer[], by: readonly number[]): readonly Statement[] =>
  pointers.flatMap(({ local, unit }, i) => (by[i] === 0 ? [] : [increment(local, by[i]! * unit)]));
