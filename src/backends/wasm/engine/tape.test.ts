import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { atOnce } from '../../../internal/stop.js';
import { COMMAND_WORDS, STAGE_WORDS } from '../threads/driver.js';
import { CELLS, division, firstCells, workOf } from './engineTesting.js';
import { command, type Stage } from '../stage/stage.js';
import { encode, relocate, type Tape, writeTape } from './tape.js';

/** A decoded command: the index of its function, and its five arguments. */
type Found = readonly [run: number, ...args: number[]];

const ARGUMENTS = 5;

/** Decodes stages `first` to `last` of a tape at an address of a memory, by the documentation of the driver. */
const decoded = (memory: Int32Array, address: number, first: number, last: number): readonly Found[][][] => {
  const word = (at: number): number => memory[at / 4]!;
  return Array.from({ length: last - first }, (_, i) => {
    const stage = address + 4 * STAGE_WORDS * (first + i);
    return Array.from({ length: word(stage) }, (_, item) => {
      const commands: Found[] = [];
      for (let at = word(word(stage + 4) + 4 * item); at !== 0; at = word(at + 4))
        commands.push([word(at), ...Array.from({ length: ARGUMENTS }, (_, j) => word(at + 4 * (COMMAND_WORDS + j)))]);
      return commands;
    });
  });
};

const FUNCTION = 7;

/** Executes decoded commands on a memory. */
const interpret = (memory: Int32Array, stages: readonly Found[][][]): void => {
  for (const [run, to, a, b, constant, k] of stages.flat(2)) {
    expect(run).toBe(FUNCTION);
    memory[to! / 4] = Math.imul(31, memory[a! / 4]!) + Math.imul(17, memory[b! / 4]!) + memory[constant! / 4]! + k!;
  }
};

const indexOf = (run: string): number => (run === 'mix' ? FUNCTION : -1);

const placed = (tape: Tape, words: number, at: number, addresses: readonly number[]): Int32Array => {
  const memory = new Int32Array(words).fill(-1);
  writeTape(tape, memory.subarray(at / 4, at / 4 + tape.words.length), addresses);
  return memory;
};

const inputs = [division({ kernels: 4, stages: 5, items: 4 }), fc.nat(), fc.nat(5), fc.nat(5)] as const;

test.prop([...inputs], { numRuns: 100 })(
  'decoded tapes do the work for any addresses of the tape and the buffers, also after they move',
  (given, seed, place, cellsPlace) => {
    const { kernels, carryOut } = workOf(given, seed);
    const tape = atOnce(encode(kernels, indexOf));
    expect(tape.starts).toHaveLength(kernels.length + 1);
    const [start, cells] = [64 * (1 + place), 4096 * 16 + 64 * cellsPlace];
    const memory = placed(tape, 32768, start, [-1, cells]);
    const expected = firstCells();
    for (const at of [cells, cells + 4 * CELLS]) {
      if (at !== cells) relocate(tape, memory.subarray(start / 4, start / 4 + tape.words.length), 1, at);
      memory.set(firstCells(), at / 4);
      expected.set(firstCells());
      // each kernel separately
      kernels.forEach((_, i) => {
        interpret(memory, decoded(memory, start, tape.starts[i]!, tape.starts[i + 1]!));
        carryOut(expected, i, i);
        expect(memory.subarray(at / 4, at / 4 + CELLS)).toEqual(expected);
      });
    }
  },
);

test.prop([...inputs], { numRuns: 100 })(
  'a tape has the non-empty stages and items, and counts chains',
  (given, seed) => {
    // oxfmt-ignore
    const { kernels } = workOf(given, seed);
    const tape = atOnce(encode(kernels, indexOf));
    const memory = placed(tape, 32768, 64, [-1, 65536]);
    const stages = kernels.flatMap((kernel) =>
      kernel.map((stage) => stage.filter((item) => item.length > 0)).filter((stage) => stage.length > 0),
    );
    expect(decoded(memory, 64, 0, stages.length).map((items) => items.map(({ length }) => length))).toEqual(
      stages.map((items) => items.map(({ length }) => length)),
    );
    expect(tape.starts.at(-1)).toBe(stages.length);
    stages.forEach((_, i) => {
      const [counter, chain] = [tape.words[STAGE_WORDS * i + 2], tape.words[STAGE_WORDS * i + 3]!];
      expect(counter).toBe(0);
      const end = stages.findIndex((stage, j) => j >= i && stage.length > 1);
      const singles = (end < 0 ? stages.length : end) - i;
      expect(chain).toBe(Math.max(0, singles - 1));
    });
  },
);

test('equal tables are stored once, and tables are aligned like vectors', () => {
  const [one, other] = [Int32Array.of(1, 2, 3), Int32Array.of(4)];
  const place = (table: Int32Array) => ({ table, offset: 0 });
  const equal = place(one.slice());
  const stage: Stage = [[command('f', place(one)), command('f', place(other)), command('f', equal, 9)]];
  const tape = atOnce(encode([[stage]], () => 0));
  const memory = new Int32Array(tape.words.length + 16);
  writeTape(tape, memory.subarray(16), []);
  const items = memory[17]! / 4;
  const first = memory[items]! / 4;
  const second = memory[first + 1]! / 4;
  const third = memory[second + 1]! / 4;
  const addresses = [first, second, third].map((at) => memory[at + COMMAND_WORDS]!);
  expect(addresses[2]).toBe(addresses[0]);
  expect(addresses.map((address) => address % 16)).toEqual([0, 0, 0]);
  expect(memory.subarray(addresses[0]! / 4, addresses[0]! / 4 + 3)).toEqual(one);
  expect(memory[addresses[1]! / 4]).toBe(4);
  expect(memory[third + 1]).toBe(0);
});
