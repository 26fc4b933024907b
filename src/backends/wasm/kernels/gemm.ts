/**
 * Batched matrix products, C[m, n] = Σ_k A[m, k] · B[k, n].
 *
 * B is packed into panels. A is read in place if it is contiguous along k, otherwise copied. A block of rows of A stays in
 * the L2 cache while the kernel goes through the panels.
 */
import {
  COPY_WORK,
  type Item,
  MOST_SHARES,
  partsFor,
  type Place,
  ranges,
  serial,
  sharesFor,
  shift,
  type Stage,
} from '../stage/stage.js';
import { copied, type Matrix } from './copy.js';
import { packPanel, panelColumns, panelsOf } from './panels.js';
import { panelRuns, passesOf, rowCommands, type RowTable, rowTable } from './rowCommands.js';
import { ROW_MULTIPLE } from './tiles.js';
import { areasAt, type ScratchLayout, scratchLayout } from './scratch.js';
import { WORD_BYTES, range } from '../assembler/numbers.js';

/** Strides of a batch of matrices, in elements; any may be 0 or negative. */
export interface MatrixStrides {
  /** One stride for each axis of the batch. */
  readonly batch: readonly number[];
  readonly row: number;
  readonly column: number;
}

/** Extents and strides of a batched matrix product. */
export interface GemmProblem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Extents of the batch, outermost first; empty for a single product. */
  readonly batch: readonly number[];
  readonly a: MatrixStrides;
  readonly b: MatrixStrides;
  /** The column stride must be 1. */
  readonly c: MatrixStrides;
}

/** The places of the operands and of the scratch. */
export interface GemmPlaces {
  readonly a: Place;
  readonly b: Place;
  readonly c: Place;
  readonly scratch: Place;
}

/** Elements of A in a block: 256 KiB. */
const BLOCK_ELEMENTS = 65_536;
const MAX_ROWS = 1020;

/** The multiply-adds of one product. */
const workOf = ({ m, n, k }: GemmProblem): number => m * n * k;

/**
 * The number of rows of a block, a multiple of every tile. A block fits in the cache, and is smaller where that gives
 * enough items for all threads.
 */
const blockRowsOf = (problem: GemmProblem): number => {
  const most = Math.max(32, Math.min(MAX_ROWS, Math.floor(BLOCK_ELEMENTS / (passesOf(problem.k)[0]?.count ?? 1))));
  const blocks = Math.max(Math.ceil(problem.m / most), partsFor(workOf(problem), MOST_SHARES));
  return Math.ceil(problem.m / blocks / ROW_MULTIPLE) * ROW_MULTIPLE;
};

type Area = 'a' | 'b';

const layoutOf = ({ m, n, k, a }: GemmProblem): ScratchLayout<Area> =>
  scratchLayout<Area>({ b: k * panelColumns(n), a: a.column === 1 ? 0 : m * k });

const productsOf = ({ batch }: GemmProblem): number => batch.reduce((product, extent) => product * extent, 1);

/** The multiply-adds of all products. */
export const gemmWork = (problem: GemmProblem): number => productsOf(problem) * workOf(problem);

/** The shares over which the products of a batch are distributed; null if each product is split instead. */
const sharesOf = (problem: GemmProblem): number | null => {
  const products = productsOf(problem);
  return products === 1 ? null : sharesFor(products, workOf(problem));
};

/** Scratch that {@link gemm} needs, in 32-bit elements. */
export const gemmScratchElements = (problem: GemmProblem): number =>
  (sharesOf(problem) ?? 1) * layoutOf(problem).elements;

/** The offset of product `index` of a batch in an operand, in bytes. */
export const offsetInBatch = (batch: readonly number[], strides: MatrixStrides, index: number): number => {
  let [offset, rest] = [0, index];
  for (let axis = batch.length - 1; axis >= 0; axis--) {
    offset += (rest % batch[axis]!) * (strides.batch[axis] ?? 0);
    rest = Math.floor(rest / batch[axis]!);
  }
  return WORD_BYTES * offset;
};

/** One product: packs B and copies A if necessary, then multiplies. `packed` is true if B is packed already. */
const product = (problem: GemmProblem, at: GemmPlaces, packed: boolean): readonly Stage[] => {
  const { m, n, k, a, b, c } = problem;
  const areas = areasAt(layoutOf(problem), at.scratch);
  const panels = panelsOf(n);
  const blocks = range(Math.ceil(m / blockRowsOf(problem))).map((i) => {
    const first = i * blockRowsOf(problem);
    return { first, rows: Math.min(blockRowsOf(problem), m - first) };
  });

  const source: Matrix = { at: at.b, row: b.row, column: b.column };
  const packing = ranges(panels.length, partsFor(COPY_WORK * n * k, MOST_SHARES)).map(({ first, count }): Item =>
    panels.slice(first, first + count).flatMap((panel) => packPanel(areas.b, k, 0, source, k, panel)),
  );
  const original: Matrix<Place> = { at: at.a, row: a.row, column: a.column };
  const left: Matrix<Place> = a.column === 1 ? original : { at: areas.a, row: k, column: 1 };
  const rowsAt = (matrix: Matrix<Place>, row: number): Matrix<Place> => ({
    ...matrix,
    at: shift(matrix.at, WORD_BYTES * row * matrix.row),
  });
  const copying =
    left === original
      ? []
      : blocks.map(({ first, rows }): Item => copied(rowsAt(left, first), rowsAt(original, first), rows, k));

  const tableOf = (rows: number): RowTable =>
    rowTable(rows, 1, (words) => {
      for (let row = 0; row < rows; row++) {
        words[2 * row] = WORD_BYTES * row * c.row;
        words[2 * row + 1] = WORD_BYTES * row * left.row;
      }
    });
  const whole = tableOf(blockRowsOf(problem));
  const passes = passesOf(k);
  const multiplying = blocks.flatMap(({ first, rows }) => {
    const table = rows === whole.rows ? whole : tableOf(rows);
    return ranges(panels.length, partsFor(rows * n * k, panels.length)).map((some): Item => {
      const runs = panelRuns(panels.slice(some.first, some.first + some.count));
      return passes.flatMap((pass) =>
        rowCommands({
          table,
          first: 0,
          count: rows,
          left: shift(rowsAt(left, first).at, WORD_BYTES * pass.first),
          result: shift(at.c, WORD_BYTES * first * c.row),
          length: pass.count,
          packed: areas.b,
          depth: k,
          from: pass.first,
          runs,
          accumulate: pass.first > 0,
          zeros: 0,
        }),
      );
    });
  });
  return [[...(packed ? [] : packing), ...copying], multiplying];
};

/** Computes a batched matrix product. C must not overlap other operands or the scratch. */
export const gemm = (problem: GemmProblem, at: GemmPlaces): readonly Stage[] => {
  if (problem.c.column !== 1 && problem.n > 1)
    throw new RangeError(`gemm: the column stride of C must be 1, got ${problem.c.column}`);
  const layout = layoutOf(problem);
  const shares = sharesOf(problem);
  const placesOf = (index: number, share: number): GemmPlaces => ({
    a: shift(at.a, offsetInBatch(problem.batch, problem.a, index)),
    b: shift(at.b, offsetInBatch(problem.batch, problem.b, index)),
    c: shift(at.c, offsetInBatch(problem.batch, problem.c, index)),
    scratch: shift(at.scratch, WORD_BYTES * share * layout.elements),
  });
  if (shares === null)
    return range(productsOf(problem)).flatMap((index) => product(problem, placesOf(index, 0), false));
  const share = ({ first, count }: ReturnType<typeof ranges>[number], i: number): Item =>
    range(count).flatMap((j) => {
      const [b, before] = [first + j, first + j - 1].map((index) => offsetInBatch(problem.batch, problem.b, index));
      return serial(product(problem, placesOf(first + j, i), j > 0 && b === before));
    });
  return [ranges(productsOf(problem), shares).map(share)];
};
