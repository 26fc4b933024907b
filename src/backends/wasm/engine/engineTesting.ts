/** Test helper: work divided arbitrarily into stages, items and commands, on cells of 32 bits. */
import * as fc from 'fast-check';
import { i32 } from '../assembler/assembler.js';
import { callable } from '../stage/callable.js';
import { type Command, command, type Stage } from '../stage/stage.js';

/** The number of cells, which fill a buffer. */
export const CELLS = 48;

const TABLES = [Int32Array.of(3, -5, 8), Int32Array.of(13)] as const;

/** The number of commands of each item of each stage of each kernel. */
export type Division = readonly (readonly (readonly number[])[])[];

export const division = (most: { kernels: number; stages: number; items: number }): fc.Arbitrary<Division> =>
  fc.array(
    fc.array(
      fc.oneof(fc.array(fc.nat(3), { minLength: 1, maxLength: 1 }), fc.array(fc.nat(3), { maxLength: most.items })),
      { maxLength: most.stages },
    ),
    { maxLength: most.kernels },
  );

const [to, a, b, constant, k] = (['to', 'a', 'b', 'constant', 'k'] as const).map((name) => i32.local(name));

/** to = 31·a + 17·b + constant + k, where all except k are addresses. */
export const mix = callable(
  'mix',
  [to!, a!, b!, constant!, k!],
  [
    i32.store(
      to!,
      i32.add(i32.add(i32.mul(i32.load(a!), 31), i32.mul(i32.load(b!), 17)), i32.add(i32.load(constant!), k!)),
    ),
  ],
);

export interface Work {
  readonly kernels: readonly (readonly Stage[])[];
  /** Does the work of kernels `first` to `last` by their definition. */
  readonly carryOut: (cells: Int32Array, first: number, last: number) => void;
}

/**
 * Makes work on the cells of buffer 1. Each item writes its own cells in one half, and reads cells of the other half or
 * its own.
 */
export const workOf = (given: Division, seed: number): Work => {
  let state = seed | 0;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % n;
  };
  const steps: ((cells: Int32Array) => void)[] = [];
  const kernels = given.map((stages) =>
    stages.map((items) => {
      const half = below(2);
      return items.map((commands, item) =>
        Array.from({ length: commands }, (): Command => {
          const own = (): number => 2 * (item + items.length * below(Math.floor(CELLS / 2 / items.length))) + half;
          const read = (): number => (below(3) === 0 ? own() : 2 * below(CELLS / 2) + (1 - half));
          const [target, x, y] = [own(), read(), read()];
          const table = TABLES[below(2)]!;
          const [entry, added] = [below(table.length), below(100)];
          steps.push((cells) => {
            cells[target] = Math.imul(31, cells[x]!) + Math.imul(17, cells[y]!) + table[entry]! + added;
          });
          const place = (cell: number) => ({ buffer: 1, offset: 4 * cell });
          const args = [place(target), place(x), place(y), { table, offset: 4 * entry }, added];
          return command('mix', ...args);
        }),
      );
    }),
  );
  const counts = given.map((stages) => stages.flat().reduce((sum, commands) => sum + commands, 0));
  const before = (kernel: number): number => counts.slice(0, kernel).reduce((sum, count) => sum + count, 0);
  return {
    kernels,
    carryOut: (cells, first, last) => steps.slice(before(first), before(last + 1)).forEach((step) => step(cells)),
  };
};

/** The initial cells. */
export const firstCells = (): Int32Array => Int32Array.from({ length: CELLS }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
