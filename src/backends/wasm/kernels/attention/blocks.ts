/** Products of blocks of rows with packed matrices, for the kernels of attention. */
import {
  COPY_WORK,
  type Item,
  MOST_SHARES,
  partsFor,
  type Place,
  ranges,
  shift,
  type Stage,
} from '../../stage/stage.js';
import { copied, type Matrix } from '../copy.js';
import type { MatrixStrides } from '../gemm.js';
import { packPanel, panelColumns, panelsOf } from '../panels.js';
import { type PanelRun, panelRuns, rowCommands, type RowTable, rowTable } from '../rowCommands.js';
import { ROW_MULTIPLE } from '../tiles.js';
import { WORD_BYTES, range } from '../../assembler/numbers.js';

/** A matrix in memory: its extents and its place. */
export interface Source extends Matrix<Place> {
  readonly rows: number;
  readonly columns: number;
}

export const matrixAt = (at: Place, { row, column }: MatrixStrides, rows: number, columns: number): Source => ({
  at,
  row,
  column,
  rows,
  columns,
});

export const transposed = ({ at, row, column, rows, columns }: Source): Source => ({
  at,
  row: column,
  column: row,
  rows: columns,
  columns: rows,
});

/** A matrix in panels. It stores the runs of its panels, because many blocks are multiplied by it. */
export interface Packed {
  readonly at: Place;
  readonly rows: number;
  readonly runs: readonly PanelRun[];
  /** The runs of whole panels, with their padding. */
  readonly wholeRuns: readonly PanelRun[];
}

/** Elements of a packed matrix. */
export const packedElements = (rows: number, columns: number): number => rows * panelColumns(columns);

/** Packs matrices one after another, starting at `to`. */
export const packed = (
  to: Place,
  sources: readonly Source[],
): { readonly stage: Stage; readonly matrices: readonly Packed[] } => {
  let at = to;
  const matrices = sources.map(({ rows, columns }): Packed => {
    const panels = panelsOf(columns);
    const whole = panels.map((panel) => ({ ...panel, columns: panel.width }));
    const matrix = { at, rows, runs: panelRuns(panels), wholeRuns: panelRuns(whole) };
    at = shift(at, WORD_BYTES * packedElements(rows, columns));
    return matrix;
  });
  const stage = sources.flatMap((source, i): Stage => {
    const { rows, columns } = source;
    const panels = panelsOf(columns);
    return ranges(panels.length, partsFor(COPY_WORK * rows * columns, MOST_SHARES)).map(({ first, count }): Item =>
      panels.slice(first, first + count).flatMap((panel) => packPanel(matrices[i]!.at, rows, 0, source, rows, panel)),
    );
  });
  return { stage, matrices };
};

/**
 * The stride between rows of scores, in elements: an odd number of cache lines, so that the elements of a column fall
 * into different sets of the cache.
 */
export const scoresStep = (columns: number): number => 16 * (Math.ceil(columns / 16) | 1);

/** The maximum number of elements of a block of scores, so that two blocks stay in the L2 cache. */
const BLOCK_ELEMENTS = 32_768;
/** The maximum number of rows of a block, in multiples of a tile. */
const MOST_MULTIPLES = 8;

/** The maximum number of rows of a block of scores, for rows of `columns` scores. */
export const blockRows = (columns: number): number =>
  ROW_MULTIPLE * Math.max(1, Math.min(MOST_MULTIPLES, Math.floor(BLOCK_ELEMENTS / scoresStep(columns) / ROW_MULTIPLE)));

/** Some rows of a matrix. */
export interface Block {
  readonly first: number;
  readonly rows: number;
}

/** Blocks of `blockRows` rows. Only the last block may be shorter, so that tables and tiles are complete. */
export const blocksOf = (rows: number, columns: number): readonly Block[] => {
  const most = blockRows(columns);
  return range(Math.ceil(rows / most)).map((i) => ({ first: i * most, rows: Math.min(most, rows - i * most) }));
};

/** Rows in memory: where they begin, and the elements from one to the next. */
export interface Rows {
  readonly at: Place;
  readonly step: number;
}

/** Copies a block of rows of a matrix, whose columns are then contiguous. */
export const copiedRows = (to: Place, { at, row, column, columns }: Source, { first, rows }: Block): Item =>
  copied({ at: to, row: columns, column: 1 }, { at: shift(at, WORD_BYTES * first * row), row, column }, rows, columns);

/** Multiplies rows by packed matrices. Makes equal tables only once. */
export type Multiply = (rows: number, left: Rows, right: Packed, result: Rows, isPadded?: boolean) => Item;

/** Makes {@link Multiply}. A padded result has the columns of whole panels; those beyond the last column are 0. */
export const multiplier = (): Multiply => {
  const tables = new Map<string, RowTable>();
  const tableOf = (rows: number, left: number, result: number): RowTable => {
    const key = [rows, left, result].join();
    const table =
      tables.get(key) ??
      rowTable(rows, 1, (words) =>
        range(rows).forEach((row) => {
          words[2 * row] = WORD_BYTES * row * result;
          words[2 * row + 1] = WORD_BYTES * row * left;
        }),
      );
    tables.set(key, table);
    return table;
  };
  return (rows, left, right, result, isPadded = false) =>
    rowCommands({
      table: tableOf(rows, left.step, result.step),
      first: 0,
      count: rows,
      left: left.at,
      result: result.at,
      length: right.rows,
      packed: right.at,
      depth: right.rows,
      from: 0,
      runs: isPadded ? right.wholeRuns : right.runs,
      accumulate: false,
      zeros: 0,
    });
};
