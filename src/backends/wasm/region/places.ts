/** Where a walk stands: pointers, and the parts of levels that are not yet, or never, a loop. */
import { increment, type Locals, type Slot, type Statement } from './code.js';
import { BYTES, type Place } from './access.js';
import type { Nest } from '../../shared/regions/nest.js';
import { along, type Block, type Level, type Part, type Schedule } from './schedule.js';

/** Something that moves as loops go on. */
export interface Pointer {
  readonly slot: Slot<'i32'>;
  readonly strides: readonly number[];
  /** What a stride of 1 adds. */
  readonly unit: number;
}

export interface Pointers {
  readonly loads: readonly Pointer[];
  readonly stores: readonly Pointer[];
}

/** The pointers are the first parameters. */
export const pointersOf = ({ loads, stores }: Nest, { i32 }: Locals): Pointers => ({
  loads: loads.map((strides) => ({ slot: i32(), strides, unit: BYTES })),
  stores: stores.map(({ strides }) => ({ slot: i32(), strides, unit: BYTES })),
});

/** One part of each level, by its position among the parts. */
export type Choice = readonly number[];

/** The levels of a schedule with the blocks that have been entered; fixed levels have but one. */
export interface Standing {
  readonly levels: readonly Level[];
  /** How many running levels have been entered. */
  readonly depth: number;
  readonly blocks: readonly (Block | undefined)[];
  /** The level that vectors lie along; -1 if there is none. */
  readonly vectorLevel: number;
}

export const outside = ({ running, fixed, vector }: Schedule): Standing => {
  const levels = [...running, ...fixed];
  return {
    levels,
    depth: 0,
    blocks: levels.map((level, i) => (i < running.length ? undefined : level.blocks[0])),
    vectorLevel: levels.findIndex(({ loop }) => loop === vector),
  };
};

export const entered = (standing: Standing, block: Block): Standing => {
  const blocks = [...standing.blocks];
  blocks[standing.depth] = block;
  return { ...standing, depth: standing.depth + 1, blocks };
};

/** Every choice of parts on some levels; 0 on the others. */
export const choices = ({ blocks }: Standing, on: readonly boolean[] | null): readonly Choice[] => {
  let all: Choice[] = [blocks.map(() => 0)];
  blocks.forEach((block, level) => {
    const count = on === null || on[level] === true ? (block?.parts.length ?? 1) : 1;
    if (count === 1) return;
    all = all.flatMap((choice) =>
      Array.from({ length: count }, (_, part) => {
        const other = [...choice];
        other[level] = part;
        return other;
      }),
    );
  });
  return blocks.some((block) => block?.parts.length === 0) ? [] : all;
};

/** How far below its position a block reaches along a stride: pointers stand at the lowest element. */
export const reach = ({ parts }: Block, stride: number): number =>
  stride >= 0 ? 0 : parts.reduce((least, { at, lanes }) => Math.min(least, (at + lanes - 1) * stride), 0);

/** Elements from a pointer to what a choice of parts addresses, in its first lane. */
export const distance = (
  { levels, blocks, depth }: Standing,
  choice: Choice,
  strides: readonly number[],
): number => {
  let sum = 0;
  for (let i = 0; i < levels.length; i++) {
    const block = blocks[i];
    if (block === undefined) continue;
    sum += along(levels[i]!, block.parts[choice[i]!]!.at, strides);
    if (i < depth) sum -= reach(block, strides[levels[i]!.loop]!);
  }
  return sum;
};

const SINGLE: Part = { at: 0, lanes: 1 };

/** The chosen part of the level that vectors lie along. */
export const vectorPart = ({ blocks, vectorLevel }: Standing, choice: Choice): Part =>
  blocks[vectorLevel]?.parts[choice[vectorLevel]!] ?? SINGLE;

/** Elements from the first lane to each. */
export const lanesOf = (
  standing: Standing,
  choice: Choice,
  strides: readonly number[],
): readonly number[] => {
  const { at, lanes } = vectorPart(standing, choice);
  const level = standing.levels[standing.vectorLevel];
  if (level === undefined) return [0];
  const first = along(level, at, strides);
  return Array.from({ length: lanes }, (_, lane) => along(level, at + lane, strides) - first);
};

export const placeOf = (standing: Standing, choice: Choice, { slot, strides }: Pointer): Place => ({
  pointer: slot,
  elements: distance(standing, choice, strides),
  lanes: lanesOf(standing, choice, strides),
});

/** Moves pointers by elements, each its own. */
export const moved = (
  pointers: readonly Pointer[],
  by: (pointer: Pointer, i: number) => number,
): readonly Statement[] => {
  const out: Statement[] = [];
  pointers.forEach((pointer, i) => {
    const elements = by(pointer, i);
    if (elements !== 0) out.push(increment(pointer.slot, elements * pointer.unit));
  });
  return out;
};
