/**
 * The outer-product kernel: the inner loop of filter gradients.
 *
 *   S[i, j] += Σ_p x_p[i] · panel[p, j]
 *
 * A table holds, for each position p, the offset of x_p from a base address. The sums S lie in memory as tiles of
 * rows × panel width, one after another. Each tile is loaded and stored once per block of positions.
 */
import {
  block,
  type Body,
  br_if,
  type Func,
  i32,
  increment,
  loop,
  repeat,
  select,
  set,
  tee,
  v128,
} from '../assembler/assembler.js';
import { callable } from '../stage/callable.js';
import { type PanelWidth, type Tiles, wholeTiles } from './tiles.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { range } from '../assembler/numbers.js';

/** Positions in one iteration of the inner loop. */
const UNROLL = 4;

/**
 * Makes the outer-product kernel for panels of a width. All parameters are `i32`; addresses, offsets and strides are
 * in bytes:
 * - `table`, `count`: the offsets of the positions, 4 bytes each, and their number, at least 1;
 * - `panel`: the packed panel, with one row for each position;
 * - `x`: the base address;
 * - `rows`, `blockStride`: the number of rows of sums, which is rounded up to whole tiles, and the stride from one contiguous
 *   block of four rows to the next;
 * - `sums`: the tiles of sums;
 * - `times`, `panelStep`, `xStep`, `sumsStep`: how many products to compute, and the steps from the operands of one to those of
 *   the next.
 */
export const outerKernel = (width: PanelWidth, multiplyAdd: MultiplyAdd, { outer }: Tiles): Func => {
  const tileRows = outer[width];
  const vectors = width / 4;
  const parameters = i32.locals('table count panel x rows blockStride sums times panelStep xStep sumsStep');
  const [table, count, panel, x, rows, blockStride, sums, times, panelStep, xStep, sumsStep] = parameters;
  const [time, base, sum] = i32.locals('time base sum');
  const [tiles, tile, p] = i32.locals('tiles tile p');
  const address = i32.local('address');
  const [entry, b] = i32.locals('entry b');
  const value = v128.local('value');
  const weights = range(vectors).map((vector) => v128.local(`weights${vector}`));
  const tileSums = range(tileRows * vectors).map((index) => v128.local(`sum${index}`));

  const step = (position: number): Body => [
    set(address, i32.add(base, i32.load(entry, { offset: 4 * position }))),
    weights.map((weight, vector) => set(weight, v128.load(b, { offset: 16 * (vectors * position + vector) }))),
    range(tileRows).map((row) => [
      set(value, v128.load32_splat(address, { offset: 4 * row })),
      weights.map((weight, vector) => {
        const sum = tileSums[vectors * row + vector] ?? value;
        return set(sum, multiplyAdd(value, weight, sum));
      }),
    ]),
  ];
  // As in the row kernel, the branch after each step handles remainders and ends the basic block.
  const positions: Body = [
    set(b, panel),
    set(entry, table),
    set(p, count),
    block('positions', [
      loop('steps', [
        range(UNROLL).map((unrolled) => [
          step(unrolled),
          unrolled < UNROLL - 1 ? br_if('positions', i32.eq(p, unrolled + 1)) : [],
        ]),
        increment(entry, 4 * UNROLL),
        increment(b, 16 * vectors * UNROLL),
        br_if('steps', tee(p, i32.sub(p, UNROLL))),
      ]),
    ]),
  ];
  /**
   * Step to the next tile. Tiles of two rows are halves of a block of four; `tile` counts down and is even for the
   * first half. With an odd number of tiles, `blockStride` must be 16, so that both steps are 8.
   */
  const toNextTile = tileRows === 4 ? blockStride : select(i32.sub(blockStride, 8), i32.const(8), i32.and(tile, 1));
  return callable(`outer${width}`, parameters, [
    set(tiles, wholeTiles(rows, tileRows)),
    repeat(time, times, [
      set(base, x),
      set(sum, sums),
      repeat(tile, tiles, [
        tileSums.map((value, index) => set(value, v128.load(sum, { offset: 16 * index }))),
        positions,
        tileSums.map((value, index) => v128.store(sum, value, { offset: 16 * index })),
        increment(sum, 16 * tileRows * vectors),
        increment(base, toNextTile),
      ]),
      increment(panel, panelStep),
      increment(x, xStep),
      increment(sums, sumsStep),
    ]),
  ]);
};
