/**
 * Kernels that copy strided matrices: to pack panels and to write results to their strides.
 * All addresses and strides are in bytes.
 */
import {
  type Body,
  type Expr,
  f32,
  type Func,
  i32,
  increment,
  type Local,
  memoryFill,
  repeat,
  set,
  v128,
} from '../assembler/assembler.js';
import { callable } from '../stage/callable.js';
import { range } from '../assembler/numbers.js';

const [to, toRow, from, fromRow, rows, columns, row] = i32.locals('to toRow from fromRow rows columns row');
const [column, source, target] = i32.locals('column source target');

const copyVectors = (count: number): Body => [
  range(count).map((index) =>
    v128.store(target, v128.load(source, { offset: 16 * index, align: 4 }), { offset: 16 * index, align: 4 }),
  ),
  increment(source, 16 * count),
  increment(target, 16 * count),
];

/** Copies `to[r, c] = from[r, c]`, where neighbouring columns of both are adjacent in memory. */
const copyRows: Func = callable(
  'copyRows',
  [to, toRow, from, fromRow, rows, columns],
  [
    repeat(row, rows, [
      set(source, from),
      set(target, to),
      repeat(column, i32.shr_u(columns, 4), copyVectors(4)),
      repeat(column, i32.and(i32.shr_u(columns, 2), 3), copyVectors(1)),
      repeat(column, i32.and(columns, 3), [
        f32.store(target, f32.load(source)),
        increment(source, 4),
        increment(target, 4),
      ]),
      increment(from, fromRow),
      increment(to, toRow),
    ]),
  ],
);

const [toColumn, fromColumn] = i32.locals('toColumn fromColumn');

/** Copies `to[r, c] = from[r, c]` with any strides. */
const copyStrided: Func = callable(
  'copyStrided',
  [to, toRow, toColumn, from, fromRow, fromColumn, rows, columns],
  [
    repeat(row, rows, [
      set(source, from),
      set(target, to),
      repeat(column, columns, [
        f32.store(target, f32.load(source)),
        increment(source, fromColumn),
        increment(target, toColumn),
      ]),
      increment(from, fromRow),
      increment(to, toRow),
    ]),
  ],
);

const lines: readonly Local<'v128'>[] = range(4).map((index) => v128.local(`line${index}`));
const pairs: readonly Local<'v128'>[] = range(4).map((index) => v128.local(`pair${index}`));

/** Stores the transpose of the 4×4 block in `lines` at `target`, with rows `toRow` bytes apart. */
const storeTransposed: Body = (() => {
  const [l0, l1, l2, l3] = lines as [Local<'v128'>, Local<'v128'>, Local<'v128'>, Local<'v128'>];
  const [p0, p1, p2, p3] = pairs as [Local<'v128'>, Local<'v128'>, Local<'v128'>, Local<'v128'>];
  const at = (index: number): Expr<'i32'> => i32.add(target, i32.mul(toRow, index));
  return [
    set(p0, v128.shuffle32(l0, l1, [0, 4, 1, 5])),
    set(p1, v128.shuffle32(l2, l3, [0, 4, 1, 5])),
    set(p2, v128.shuffle32(l0, l1, [2, 6, 3, 7])),
    set(p3, v128.shuffle32(l2, l3, [2, 6, 3, 7])),
    v128.store(at(0), v128.shuffle32(p0, p1, [0, 1, 4, 5]), { align: 4 }),
    v128.store(at(1), v128.shuffle32(p0, p1, [2, 3, 6, 7]), { align: 4 }),
    v128.store(at(2), v128.shuffle32(p2, p3, [0, 1, 4, 5]), { align: 4 }),
    v128.store(at(3), v128.shuffle32(p2, p3, [2, 3, 6, 7]), { align: 4 }),
  ];
})();

/**
 * Copies `to[r, c] = from[r, c]`, where neighbouring rows of `from`, and neighbouring columns of `to`, are adjacent in
 * memory. `rows` and `columns` must be multiples of 4.
 */
const transposeBlocks: Func = callable(
  'transposeBlocks',
  [to, toRow, from, fromColumn, rows, columns],
  [
    repeat(row, i32.shr_u(rows, 2), [
      set(source, from),
      set(target, to),
      repeat(column, i32.shr_u(columns, 2), [
        lines.map((line, index) => set(line, v128.load(i32.add(source, i32.mul(fromColumn, index)), { align: 4 }))),
        storeTransposed,
        increment(source, i32.shl(fromColumn, 2)),
        increment(target, 16),
      ]),
      increment(from, 16),
      increment(to, i32.shl(toRow, 2)),
    ]),
  ],
);

const bytes = i32.local('bytes');

/** Sets bytes to 0. */
const clear: Func = callable('clear', [to, bytes], [memoryFill(to, 0, bytes)]);

/** The functions for the kernel module. */
export const copyKernels: readonly Func[] = [copyRows, copyStrided, transposeBlocks, clear];
