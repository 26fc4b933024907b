/**
 * The outer-product kernel: the inner loop of filter gradients, and of matrix products whose left operand
 * is stored transposed.
 *
 *   S[i, j] += Σ_p x_p[i] · panel[p, j]
 *
 * where a table gives, for each position p, the offset of x_p from a base address. The sums S are kept in
 * tiles of rows × panel width, one after another, in memory that is read and written once for a whole
 * block of positions.
 */
import {
  block,
  br_if,
  f32x4,
  func,
  i32,
  increment,
  loop,
  repeat,
  select,
  set,
  tee,
  v128,
} from './assembler.js';
import type { Body, Func, Local } from './assembler.js';
import { OUTER_TILE_ROWS, range } from './tiles.js';
import type { PanelWidth } from './tiles.js';

type Address = Local<'i32'>;

/** Positions in one turn of the inner loop. */
const UNROLL = 4;

/**
 * The outer-product kernel for panels of a width. Its parameters, all `i32`, addresses and offsets in bytes:
 * - `table`, `count`: the offsets of the positions, 4 bytes each, and how many there are, at least 1;
 * - `x`, `blockStep`: the base of the first four rows, which lie side by side, and the step to the next four;
 * - `panel`: the packed panel of the positions;
 * - `sums`, `tiles`: the tiles of sums, and how many there are.
 */
export const outerKernel = (width: PanelWidth): Func => {
  const rows = OUTER_TILE_ROWS[width];
  const vectors = width / 4;
  const [table, count, x, blockStep] = ['table', 'count', 'x', 'blockStep'].map(i32.local) as [
    Address,
    Address,
    Address,
    Address,
  ];
  const [panel, sums, tiles] = [i32.local('panel'), i32.local('sums'), i32.local('tiles')];
  const [tile, p, entry, b, a] = ['tile', 'p', 'entry', 'b', 'a'].map(i32.local) as [
    Address,
    Address,
    Address,
    Address,
    Address,
  ];
  const value = v128.local('value');
  const weights = range(vectors).map((vector) => v128.local(`weights${vector}`));
  const tileSums = range(rows * vectors).map((index) => v128.local(`sum${index}`));

  const step = (position: number): Body => [
    set(a, i32.add(x, i32.load(entry, { offset: 4 * position }))),
    weights.map((weight, vector) =>
      set(weight, v128.load(b, { offset: 16 * (vectors * position + vector) })),
    ),
    range(rows).map((row) => [
      set(value, v128.load32_splat(a, { offset: 4 * row })),
      weights.map((weight, vector) => {
        const sum = tileSums[vectors * row + vector] ?? value;
        return set(sum, f32x4.add(sum, f32x4.mul(value, weight)));
      }),
    ]),
  ];

  return func(
    `outer${width}`,
    [table, count, x, blockStep, panel, sums, tiles],
    [
      repeat(tile, tiles, [
        set(b, panel),
        set(entry, table),
        set(p, count),
        tileSums.map((sum, index) => set(sum, v128.load(sums, { offset: 16 * index }))),
        // As in the row kernel, each way out is both the remainder's and the end of a basic block.
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
        tileSums.map((sum, index) => v128.store(sums, sum, { offset: 16 * index })),
        increment(sums, 16 * rows * vectors),
        increment(x, rows === 4 ? blockStep : select(i32.sub(blockStep, 8), i32.const(8), i32.and(tile, 1))),
      ]),
    ],
  );
};
