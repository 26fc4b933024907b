/**
 * The row kernel: the inner loop of matrix products and of forward convolutions.
 *
 * It computes a block of rows of C, one panel of columns at a time. For each row r and column j,
 *
 *   C[r, j] = bias[j] (+ C[r, j]) + Σ_h Σ_w Σ_k A_r[h·strideHigh + w·strideWide + k] · panel[h, w, k, j]
 *
 * A table holds the offsets of A_r and C_r from base addresses. A matrix product has one segment (one h, one w). A
 * convolution has one segment for each tap of its window, so it reads the image in place ("implicit GEMM") for any
 * image width, stride and dilation.
 *
 * A tile of rows × panel width sums stays in registers. Each k takes one load of the panel for every four columns,
 * and one broadcast for each row.
 */
import {
  block,
  br_if,
  f32,
  f32x4,
  forRange,
  func,
  i32,
  increment,
  loop,
  repeat,
  set,
  tee,
  v128,
  when,
} from '../assembler/assembler.js';
import type { Body, Expr, Func, Local } from '../assembler/assembler.js';
import { ROW_TILE_ROWS, range } from './tiles.js';
import type { PanelWidth } from './tiles.js';
import type { MultiplyAdd } from './multiplyAdd.js';

/** Bytes of one entry of the row table: the offset of A_r, then the offset of C_r. */
export const ROW_ENTRY_BYTES = 8;

/** Values of k in one iteration of the inner loop. */
const UNROLL = 8;

/**
 * Returns the bytes that the kernel adds to the addresses of the rows after a segment, so that the next segment begins
 * `stride` bytes after this one. The unrolled loop has advanced the addresses by whole iterations only.
 */
export const stepAfterSegment = (stride: number, length: number): number =>
  stride - 4 * UNROLL * Math.floor(length / UNROLL);

const names = (prefix: string, count: number) => range(count).map((index) => `${prefix}${index}`);

/**
 * Makes the row kernel for panels of a width. All parameters are `i32`; addresses and steps are in bytes:
 * - `table`, `tiles`: the row table, and its number of tiles;
 * - `left`, `result`: base addresses of A and of the panel's first column of C;
 * - `panel`, `bias`: the packed panel, and the initial values of its columns;
 * - `high`, `stepHigh`, `wide`, `stepWide`: the number of segments vertically and horizontally, and the step to add to
 *   the rows' addresses after each ({@link stepAfterSegment});
 * - `length`: elements in a segment;
 * - `columns`: columns of the panel without padding, at least 1;
 * - `accumulate`: 1 to add to C, otherwise 0;
 * - `spill`: room for one tile, used for panels that are not full.
 *
 * A row may appear twice in the last tile, to fill it: both copies compute and store the same values.
 */
export const rowKernel = (width: PanelWidth, multiplyAdd: MultiplyAdd): Func => {
  const rows = ROW_TILE_ROWS[width];
  const vectors = width / 4;
  const parameters = {
    table: i32.local('table'),
    tiles: i32.local('tiles'),
    left: i32.local('left'),
    result: i32.local('result'),
    panel: i32.local('panel'),
    bias: i32.local('bias'),
    high: i32.local('high'),
    stepHigh: i32.local('stepHigh'),
    wide: i32.local('wide'),
    stepWide: i32.local('stepWide'),
    length: i32.local('length'),
    columns: i32.local('columns'),
    accumulate: i32.local('accumulate'),
    spill: i32.local('spill'),
  };
  const {
    table,
    tiles,
    left,
    result,
    panel,
    bias,
    high,
    stepHigh,
    wide,
    stepWide,
    length,
    columns,
    accumulate,
    spill,
  } = parameters;
  const [tile, h, w, k] = [i32.local('tile'), i32.local('h'), i32.local('w'), i32.local('k')];
  const column = i32.local('column');
  const b = i32.local('b');
  const a: readonly Local<'i32'>[] = names('a', rows).map(i32.local);
  const c: readonly Local<'i32'>[] = names('c', rows).map(i32.local);
  const value = v128.local('value');
  const weights = names('weights', vectors).map(v128.local);
  const sums = range(rows).map((row) => names(`sum${row}_`, vectors).map(v128.local));

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
  const ofC = (row: number): Expr<'i32'> => c[row] ?? spill;
  const spilled = (row: number): Expr<'i32'> => i32.add(spill, 16 * vectors * row);
  const moveColumns = (to: (row: number) => Expr<'i32'>, from: (row: number) => Expr<'i32'>): Body =>
    forRange(
      column,
      0,
      i32.shl(columns, 2),
      range(rows).map((row) => f32.store(i32.add(to(row), column), f32.load(i32.add(from(row), column)))),
      4,
    );
  const isWhole = i32.eq(columns, width);
  const addressesOfC = c.map((address, row) =>
    set(address, i32.add(result, i32.load(table, { offset: ROW_ENTRY_BYTES * row + 4 }))),
  );

  return func(`rows${width}`, Object.values(parameters), [
    repeat(tile, tiles, [
      set(b, panel),
      a.map((address, row) => set(address, i32.add(left, i32.load(table, { offset: ROW_ENTRY_BYTES * row })))),
      eachSum((sum, row, vector) =>
        set(sum, row === 0 ? v128.load(bias, { offset: 16 * vector }) : (sums[0]?.[vector] ?? value)),
      ),
      when(accumulate, [addressesOfC, when(isWhole, addSums(ofC), [moveColumns(spilled, ofC), addSums(spilled)])]),
      repeat(h, high, [
        repeat(w, wide, [segment, a.map((address) => increment(address, stepWide))]),
        a.map((address) => increment(address, stepHigh)),
      ]),
      addressesOfC,
      when(isWhole, storeSums(ofC), [storeSums(spilled), moveColumns(ofC, spilled)]),
      increment(table, ROW_ENTRY_BYTES * rows),
    ]),
  ]);
};
