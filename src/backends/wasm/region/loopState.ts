/** State of code generation inside a nest: the pointers, the levels entered and the choices of unrolled parts. */
import { increment, type Locals, type Slot, type Statement } from './code.js';
import type { VectorLocation } from './access.js';
import type { Nest } from '../../shared/regions/nest.js';
import { offsetAlong, type Block, type Level, type Part, type Schedule } from './schedule.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/** A local that advances with the loops: an address or the value of an index. */
export interface Pointer {
  readonly slot: Slot<'i32'>;
  readonly strides: readonly number[];
  /** Amount that a stride of 1 adds to the local. */
  readonly unit: number;
}

export interface Pointers {
  readonly loads: readonly Pointer[];
  readonly stores: readonly Pointer[];
}

/** Makes the pointers. */
export const pointersOf = ({ loads, stores }: Nest, { i32 }: Locals): Pointers => ({
  loads: loads.map((strides) => ({ slot: i32(), strides, unit: WORD_BYTES })),
  stores: stores.map(({ strides }) => ({ slot: i32(), strides, unit: WORD_BYTES })),
});

/** The index of one part for each level. */
export type Choice = readonly number[];

/** The levels of a schedule, and the current block of each. Fixed levels have only one block. */
export interface LoopState {
  readonly levels: readonly Level[];
  /** Number of running levels entered. */
  readonly depth: number;
  readonly blocks: readonly (Block | undefined)[];
  /** The level of the vector loop; -1 if there is none. */
  readonly vectorLevel: number;
}

/** The state before any level is entered. */
export const initialState = ({ running, fixed, vector }: Schedule): LoopState => {
  const levels = [...running, ...fixed];
  return {
    levels,
    depth: 0,
    blocks: levels.map((level, i) => (i < running.length ? undefined : level.blocks[0])),
    vectorLevel: levels.findIndex(({ loop }) => loop === vector),
  };
};

/** The state inside `block`, which belongs to the next running level. */
export const enterBlock = (state: LoopState, block: Block): LoopState => {
  const blocks = [...state.blocks];
  blocks[state.depth] = block;
  return { ...state, depth: state.depth + 1, blocks };
};

/** Lists the choices of parts on the levels in `on` (all if null). Other levels have part 0. */
export const choices = ({ blocks }: LoopState, on: readonly boolean[] | null): readonly Choice[] => {
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

/**
 * Offset of the lowest element of a block from the block's position; at most 0. Pointers point at the lowest element.
 */
export const lowestOffset = ({ parts }: Block, stride: number): number =>
  stride >= 0 ? 0 : parts.reduce((least, { at, lanes }) => Math.min(least, (at + lanes - 1) * stride), 0);

/** Offset of a choice's first lane from the pointer, in elements. */
export const elementOffset = (
  { levels, blocks, depth }: LoopState,
  choice: Choice,
  strides: readonly number[],
): number => {
  let sum = 0;
  for (let i = 0; i < levels.length; i++) {
    const block = blocks[i];
    if (block === undefined) continue;
    sum += offsetAlong(levels[i]!, block.parts[choice[i]!]!.at, strides);
    if (i < depth) sum -= lowestOffset(block, strides[levels[i]!.loop]!);
  }
  return sum;
};

const SINGLE: Part = { at: 0, lanes: 1 };

/** The chosen part of the vector loop's level. */
export const vectorPart = ({ blocks, vectorLevel }: LoopState, choice: Choice): Part =>
  blocks[vectorLevel]?.parts[choice[vectorLevel]!] ?? SINGLE;

/** Offset of each lane from the first, in elements. */
export const lanesOf = (state: LoopState, choice: Choice, strides: readonly number[]): readonly number[] => {
  const { at, lanes } = vectorPart(state, choice);
  const level = state.levels[state.vectorLevel];
  if (level === undefined) return [0];
  const first = offsetAlong(level, at, strides);
  return Array.from({ length: lanes }, (_, lane) => offsetAlong(level, at + lane, strides) - first);
};

/** Locates the vector that a choice of parts loads or stores: its pointer, and the offset of each of its lanes. */
export const locationOf = (state: LoopState, choice: Choice, { slot, strides }: Pointer): VectorLocation => ({
  pointer: slot,
  elements: elementOffset(state, choice, strides),
  lanes: lanesOf(state, choice, strides),
});

/** Advances each pointer by its own number of elements. */
export const advance = (
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
