/** Runs the row kernel: one block of rows, all panels. */
import { FLOAT_BYTES, copyMatrix, fillZero } from './copy.js';
import type { Machine } from './functions.js';
import { panelAddress, panelColumns, panelsOf } from './panels.js';
import { ROW_ENTRY_BYTES, stepAfterSegment } from './rowKernel.js';
import { PANEL_WIDTHS, ROW_TILE_ROWS } from './tiles.js';

/**
 * What a row of the left operand is summed over: `high` × `wide` segments of `length` numbers that lie side
 * by side. Strides, in numbers, from the beginning of one segment to the next in each direction.
 */
export interface Segments {
  readonly high: number;
  readonly highStride: number;
  readonly wide: number;
  readonly wideStride: number;
  readonly length: number;
}

/** One run of numbers side by side. */
export const oneSegment = (length: number): Segments => ({
  high: 1,
  highStride: 0,
  wide: 1,
  wideStride: 0,
  length,
});

/** Scratch for the row kernel: addresses in bytes. */
export interface RowScratch {
  readonly table: number;
  readonly spill: number;
  /** The initial values of the columns of all panels. */
  readonly bias: number;
}

const ENTRY_NUMBERS = ROW_ENTRY_BYTES / 4;
/** A tile may be short of this many rows. */
const MOST_MISSING = Math.max(...Object.values(ROW_TILE_ROWS)) - 1;

/** Sizes of {@link RowScratch} for blocks of `rows` rows, in 32-bit numbers. */
export const rowScratchElements = (
  rows: number,
  columns: number,
): Readonly<Record<keyof RowScratch, number>> => ({
  table: ENTRY_NUMBERS * (rows + MOST_MISSING),
  spill: Math.max(...PANEL_WIDTHS.map((width) => width * ROW_TILE_ROWS[width])),
  bias: panelColumns(columns),
});

/** Sets the initial values of the columns: `bias`, or 0. */
export const setBias = (machine: Machine, scratch: RowScratch, columns: number, bias?: number): void => {
  fillZero(machine, scratch.bias, panelColumns(columns));
  if (bias === undefined) return;
  const row = (address: number) => ({ address, row: columns, column: 1 });
  copyMatrix(machine, row(scratch.bias), row(bias), 1, columns);
};

/** Appends a row to the table: the addresses of its left operand and of its results. */
export type AddRow = (left: number, result: number) => void;

/**
 * Writes the row table: `add` is called once for each of `count` rows. The last row is repeated, to fill
 * the last tile.
 */
export const writeRowTable = (
  { memory }: Machine,
  { table }: RowScratch,
  count: number,
  addRows: (add: AddRow) => void,
): void => {
  const entries = new Int32Array(memory.buffer, table, ENTRY_NUMBERS * (count + MOST_MISSING));
  let next = 0;
  addRows((left, result) => {
    entries[next] = left;
    entries[next + 1] = result;
    next += ENTRY_NUMBERS;
  });
  for (; next < entries.length; next += ENTRY_NUMBERS) entries.copyWithin(next, next - ENTRY_NUMBERS, next);
};

/** One pass: the rows in the table, over rows `from` on of panels that are `depth` deep. */
export interface RowPass {
  readonly count: number;
  readonly segments: Segments;
  readonly panels: number;
  readonly depth: number;
  readonly from: number;
  readonly columns: number;
  readonly accumulate: boolean;
}

/** Runs a pass. The rows' results are columns 0, 1, … from the addresses in the table. */
export const runRows = ({ functions }: Machine, scratch: RowScratch, pass: RowPass): void => {
  const { high, highStride, wide, wideStride, length } = pass.segments;
  const stepWide = stepAfterSegment(FLOAT_BYTES * wideStride, length);
  const stepHigh = FLOAT_BYTES * (highStride - wide * wideStride);
  for (const panel of panelsOf(pass.columns)) {
    const run = functions[`rows${panel.width}`];
    run(
      scratch.table,
      Math.ceil(pass.count / ROW_TILE_ROWS[panel.width]),
      panelAddress(pass.panels, pass.depth, panel) + FLOAT_BYTES * pass.from * panel.width,
      scratch.bias + FLOAT_BYTES * panel.first,
      high,
      stepHigh,
      wide,
      stepWide,
      length,
      FLOAT_BYTES * panel.first,
      panel.columns,
      pass.accumulate ? 1 : 0,
      scratch.spill,
    );
  }
};
