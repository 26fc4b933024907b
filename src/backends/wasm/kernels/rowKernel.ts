/**
 * The row kernel: the inner loop of matrix products and of convolutions.
 *
 * It computes a block of rows of C, one panel of columns at a time. For each row r and column j,
 *
 *   C[r, j] = bias[j] (+ C[r, j]) + Σ_t Σ_k A_{r,t}[k] · panel[t, k, j]
 *
 * A table holds, for each row, the offset of C_r and the offset of A_{r,t} for each tap t. A matrix product has one tap. A
 * convolution has the taps of its window, so it reads the image in place ("implicit GEMM") for any image width, stride and
 * dilation. A tap in the padding has the offset {@link PADDING}, and reads zeros.
 *
 * A tile of rows × panel width sums stays in registers. Each k takes one load of the panel for every four columns,
 * and one broadcast for each row.
 */
import {
  block,
  type Body,
  br_if,
  type Expr,
  f32,
  f32x4,
  forRange,
  type Func,
  i32,
  increment,
  type Local,
  loop,
  repeat,
  select,
  set,
  tee,
  v128,
  when,
} from '../assembler/assembler.js';
import { callable, thread } from '../stage/callable.js';
import { SPILL_BYTES, SPILL_START } from '../memory/reserved.js';
import { type PanelWidth, type Tiles, wholeTiles } from './tiles.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { range } from '../assembler/numbers.js';

/** The offset of a tap that reads zeros. Others are multiples of 4. */
export const PADDING = 1;

/** Bytes of a row in the table: the offset of C_r, then one for each tap. */
export const rowBytes = (taps: number): number => 4 * (1 + taps);

/** Values of k in one iteration of the inner loop. */
const UNROLL = 8;

const names = (prefix: string, count: number) => range(count).map((index) => `${prefix}${index}`);

/**
 * Makes the row kernel for panels of a width. All parameters are `i32`; addresses are in bytes:
 * - `table`, `rows`: the table at the first row, and the number of rows, which is rounded up to whole tiles;
 * - `left`, `result`: base addresses of A and of the panel's first column of C;
 * - `panel`, `bias`: the packed panel, and the initial values of its columns;
 * - `taps`, `length`: the number of taps, and the elements of each;
 * - `columns`: columns of the panel without padding, at least 1;
 * - `accumulate`: 1 to add to C, otherwise 0;
 * - `zeros`: `length` zeros;
 * - `times`, `leftStep`, `resultStep`, `panelStep`: how many products to compute, and the steps from the operands of one to
 *   those of the next.
 *
 * A row may appear twice in the last tile, to fill it: both copies compute and store the same values. A partial panel
 * is stored through a buffer of the thread.
 */
export const rowKernel = (width: PanelWidth, multiplyAdd: MultiplyAdd, { rows: rowsOfTiles }: Tiles): Func => {
  const tileRows = rowsOfTiles[width];
  const vectors = width / 4;
  const operands = i32.locals('table rows left result panel bias taps length columns accumulate zeros');
  const repetition = i32.locals('times leftStep resultStep panelStep');
  const [table, rows, left, result, panel, bias, taps, length, columns, accumulate, zeros] = operands;
  const [times, leftStep, resultStep, panelStep] = repetition;
  const parameters = [...operands, ...repetition];
  const [time, rowsOfTable] = i32.locals('time rowsOfTable');
  const [spill, entry, offset] = i32.locals('spill entry offset');
  const [row, tap, tapTable] = i32.locals('row tap tapTable');
  const [tiles, tile, k] = i32.locals('tiles tile k');
  const [column, b] = i32.locals('column b');
  const a: readonly Local<'i32'>[] = names('a', tileRows).map(i32.local);
  const c: readonly Local<'i32'>[] = names('c', tileRows).map(i32.local);
  const value = v128.local('value');
  const weights = names('weights', vectors).map(v128.local);
  const sums = range(tileRows).map((row) => names(`sum${row}_`, vectors).map(v128.local));

  const step = (k: number): Body => [
    weights.map((weight, vector) => set(weight, v128.load(b, { offset: 16 * (vectors * k + vector) }))),
    a.map((address, row) => [
      set(value, v128.load32_splat(address, { offset: 4 * k })),
      (sums[row] ?? []).map((sum, vector) => set(sum, multiplyAdd(value, weights[vector] ?? value, sum))),
    ]),
  ];
  // The branch after each step handles remainders. It also ends the basic block: otherwise V8 would move the loads of
  // all steps to the beginning, and spill.
  const segment: Body = [
    set(k, length),
    block('segment', [
      loop('steps', [
        range(UNROLL).map((unrolled) => [
          step(unrolled),
          unrolled < UNROLL - 1 ? br_if('segment', i32.eq(k, unrolled + 1)) : [],
        ]),
        a.map((address) => increment(address, 4 * UNROLL)),
        increment(b, 16 * vectors * UNROLL),
        br_if('steps', tee(k, i32.sub(k, UNROLL))),
      ]),
    ]),
    increment(b, i32.mul(i32.and(length, UNROLL - 1), 16 * vectors)),
  ];

  const eachSum = (f: (sum: Local<'v128'>, row: number, vector: number) => Body): Body =>
    sums.map((ofRow, row) => ofRow.map((sum, vector) => f(sum, row, vector)));
  const addSums = (address: (row: number) => Expr<'i32'>): Body =>
    eachSum((sum, row, vector) => set(sum, f32x4.add(sum, v128.load(address(row), { offset: 16 * vector, align: 4 }))));
  const storeSums = (address: (row: number) => Expr<'i32'>): Body =>
    eachSum((sum, row, vector) => v128.store(address(row), sum, { offset: 16 * vector, align: 4 }));
  const ofC = (row: number): Local<'i32'> => c[row] ?? spill;
  const spilled = (row: number): Expr<'i32'> => i32.add(spill, 16 * vectors * row);
  const moveColumns = (to: (row: number) => Expr<'i32'>, from: (row: number) => Expr<'i32'>): Body =>
    forRange(
      column,
      0,
      i32.shl(columns, 2),
      range(tileRows).map((row) => f32.store(i32.add(to(row), column), f32.load(i32.add(from(row), column)))),
      4,
    );
  const isWhole = i32.eq(columns, width);
  /** Visits the entries of a tile, which start at `start` for its first row and are one table row apart. */
  const eachRow = (start: Local<'i32'>, f: (row: number) => Body): Body => [
    set(entry, start),
    range(tileRows).map((index) => [f(index), increment(entry, row)]),
  ];
  const addressesOfC = eachRow(rowsOfTable, (index) => set(ofC(index), i32.add(result, i32.load(entry))));
  const addressesOfA = eachRow(tapTable, (index) => [
    set(offset, i32.load(entry)),
    set(a[index] ?? offset, select(zeros, i32.add(left, offset), i32.eq(offset, PADDING))),
  ]);

  return callable(`rows${width}`, parameters, [
    set(spill, i32.add(SPILL_START, i32.mul(thread, SPILL_BYTES))),
    set(row, i32.shl(i32.add(taps, 1), 2)),
    set(tiles, wholeTiles(rows, tileRows)),
    repeat(time, times, [
      set(rowsOfTable, table),
      repeat(tile, tiles, [
        set(b, panel),
        eachSum((sum, row, vector) =>
          set(sum, row === 0 ? v128.load(bias, { offset: 16 * vector }) : (sums[0]?.[vector] ?? value)),
        ),
        when(accumulate, [addressesOfC, when(isWhole, addSums(ofC), [moveColumns(spilled, ofC), addSums(spilled)])]),
        set(tapTable, i32.add(rowsOfTable, 4)),
        repeat(tap, taps, [addressesOfA, segment, increment(tapTable, 4)]),
        addressesOfC,
        when(isWhole, storeSums(ofC), [storeSums(spilled), moveColumns(ofC, spilled)]),
        increment(rowsOfTable, i32.mul(row, tileRows)),
      ]),
      increment(left, leftStep),
      increment(result, resultStep),
      increment(panel, panelStep),
    ]),
  ]);
};
