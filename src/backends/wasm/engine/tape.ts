/** Encodes stages as the words that the driver reads. */
import type { Pieces } from '../../../internal/stop.js';
import { COMMAND_WORDS, STAGE_WORDS } from '../threads/driver.js';
import type { Argument, Item, Stage } from '../stage/stage.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/**
 * The words of a tape, independent of its address. A word for an address holds an offset in bytes, from the beginning
 * of the tape or of a buffer. When the tape is written to memory, the address of that beginning is added.
 */
export interface Tape {
  readonly words: Int32Array;
  /** The first stage of each kernel, and the end of the last one. The stages are at the beginning of the tape. */
  readonly starts: readonly number[];
  /** The words for addresses in the tape itself. */
  readonly own: readonly number[];
  /** The words for addresses in a buffer, by buffer. */
  readonly relocations: ReadonlyMap<number, readonly number[]>;
}

/**
 * For each stage of one item, the number of stages of one item that follow it directly: the same thread runs them
 * without waiting. 0 for other stages.
 */
const chainsOf = (stages: readonly Stage[]): readonly number[] => {
  const chains = stages.map(() => 0);
  for (let i = stages.length - 2; i >= 0; i--)
    if (stages[i]!.length === 1 && stages[i + 1]!.length === 1) chains[i] = chains[i + 1]! + 1;
  return chains;
};

/** A hash of an array (FNV-1a over words). */
const checksum = (words: Int32Array): number =>
  words.reduce((sum, word) => Math.imul(sum ^ word, 16_777_619), -2_128_831_035);

/** Lays out the arrays of constants, starting at word `begin`. Equal ones, as in convolutions of one geometry, share a place. */
function* placedTables(
  stages: readonly Stage[],
  begin: number,
): Pieces<{ readonly places: ReadonlyMap<Int32Array, number>; readonly end: number }> {
  const places = new Map<Int32Array, number>();
  const likes = new Map<string, Int32Array[]>();
  let end = begin;
  const placeTable = (table: Int32Array): void => {
    const key = `${table.length} ${checksum(table)}`;
    const like = likes.get(key) ?? [];
    const same = like.find((other) => other.every((word, i) => word === table[i]));
    if (same !== undefined) return void places.set(table, places.get(same)!);
    likes.set(key, [...like, table]);
    end = Math.ceil(end / 4) * 4; // vectors are aligned
    places.set(table, end);
    end += table.length;
  };
  for (const stage of stages) {
    for (const item of stage)
      for (const { args } of item)
        for (const arg of args)
          if (typeof arg === 'object' && 'table' in arg && !places.has(arg.table)) placeTable(arg.table);
    yield;
  }
  return { places, end };
}

const wordsOf = (item: Item): number => item.reduce((sum, { args }) => sum + COMMAND_WORDS + args.length, 0);

/** Encodes the stages of kernels, one after another. `indexOf` is the index of a function in the table. */
export function* encode(kernels: readonly (readonly Stage[])[], indexOf: (run: string) => number): Pieces<Tape> {
  const filled = kernels.map((kernel) =>
    kernel.map((stage) => stage.filter((item) => item.length > 0)).filter((stage) => stage.length > 0),
  );
  const stages = filled.flat();
  const chains = chainsOf(stages);
  const starts = [0];
  for (const { length } of filled) starts.push(starts.at(-1)! + length);
  const lists = STAGE_WORDS * stages.length;
  const commands = lists + stages.reduce((sum, { length }) => sum + length, 0);
  let tables = commands;
  for (const stage of stages) {
    tables += stage.reduce((sum, item) => sum + wordsOf(item), 0);
    yield;
  }
  const { places, end } = yield* placedTables(stages, tables);

  const words = new Int32Array(end);
  const own: number[] = [];
  const relocations = new Map<number, number[]>();
  const pointTo = (word: number, target: number, bytes = 0): void => {
    words[word] = WORD_BYTES * target + bytes;
    own.push(word);
  };
  const writeArgument = (word: number, arg: Argument): void => {
    if (typeof arg === 'number') words[word] = arg;
    else if ('table' in arg) pointTo(word, places.get(arg.table)!, arg.offset);
    else {
      words[word] = arg.offset;
      const known = relocations.get(arg.buffer);
      if (known === undefined) relocations.set(arg.buffer, [word]);
      else known.push(word);
    }
  };
  let [list, next] = [lists, commands];
  for (const [i, stage] of stages.entries()) {
    words[STAGE_WORDS * i] = stage.length;
    words[STAGE_WORDS * i + 3] = chains[i]!;
    pointTo(STAGE_WORDS * i + 1, list);
    for (const item of stage) {
      pointTo(list++, next);
      item.forEach(({ run, args }, position) => {
        const after = next + COMMAND_WORDS + args.length;
        words[next] = indexOf(run);
        if (position < item.length - 1) pointTo(next + 1, after);
        args.forEach((arg, j) => writeArgument(next + COMMAND_WORDS + j, arg));
        next = after;
      });
    }
    yield;
  }
  for (const [table, place] of places) words.set(table, place);
  return { words, starts, own, relocations };
}

/** Writes the address of a buffer wherever the tape refers to it. */
export const relocate = (tape: Tape, memory: Int32Array, buffer: number, address: number): void => {
  for (const word of tape.relocations.get(buffer) ?? []) memory[word] = address + tape.words[word]!;
};

/** Writes the words of a tape to memory, with the addresses in itself, and the addresses of all buffers. */
export const writeTape = (tape: Tape, memory: Int32Array, addresses: readonly number[]): void => {
  const start = memory.byteOffset;
  memory.set(tape.words);
  for (const word of tape.own) memory[word] = start + tape.words[word]!;
  for (const buffer of tape.relocations.keys()) relocate(tape, memory, buffer, addresses[buffer]!);
};
