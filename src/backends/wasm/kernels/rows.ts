/** Runs the row kernel on one block of rows, for all panels. */
import { FLOAT_BYTES, copyMatrix, fillZero } from './copy.js';
import type { KernelInstance } from './functions.js';
import { panelAddress, panelColumns, panelsOf } from './panels.js';
import { ROW_ENTRY_BYTES, stepAfterSegment } from './rowKernel.js';
import { PANEL_WIDTHS, ROW_TILE_ROWS } from './tiles.js';

/**
 * The terms of a row of the left operand: `high` × `wide` segments of `length` contiguous elements. Strides, in
 * elements, lead from the beginning of one segment to the next, vertically and horizontally.
 */
export interface Segments {
  readonly high: number;
  readonly highStride: number;
  readonly wide: number;
  readonly wideStride: number;
  readonly length: number;
}

/** A single segment of contiguous elements. */
export const oneSegment = (length: number): Segments => ({
  high: 1,
  highStride: 0,
  wide: 1,
  wideStride: 0,
  length,
});

/** Scratch of the row kernel except its tables; byte addresses. */
export interface RowScratch {
  /** Room for one tile, used for panels that are not full. */
  readonly spill: number;
  /** Initial values of the columns of all panels. */
  readonly bias: number;
}

/** Sizes of the areas of {@link RowScratch}, in 32-bit elements. */
export const rowScratchElements = (columns: number): Readonly<Record<keyof RowScratch, number>> => ({
  spill: Math.max(...PANEL_WIDTHS.map((width) => width * ROW_TILE_ROWS[width])),
  bias: panelColumns(columns),
});

const ENTRY_ELEMENTS = ROW_ENTRY_BYTES / 4;
/** Maximum number of rows that the last tile lacks. */
const MAX_MISSING_ROWS = Math.max(...Object.values(ROW_TILE_ROWS)) - 1;

/** A number of rows that is a multiple of every tile's rows. */
export const ROW_MULTIPLE = 12;

/** Size of a table of `rows` rows, in 32-bit elements. */
export const rowTableElements = (rows: number): number => ENTRY_ELEMENTS * (rows + MAX_MISSING_ROWS);

/** Sets the initial values of the columns to those at address `bias`, or to 0. */
export const setBias = (instance: KernelInstance, scratch: RowScratch, columns: number, bias?: number): void => {
  fillZero(instance, scratch.bias, panelColumns(columns));
  if (bias === undefined) return;
  const row = (address: number) => ({ address, row: columns, column: 1 });
  copyMatrix(instance, row(scratch.bias), row(bias), 1, columns);
};

/** Appends `count` rows to a table: evenly spaced byte offsets of their left operands and results. */
export type AddRows = (left: number, leftStep: number, result: number, resultStep: number, count: number) => void;

/** Writes a table of `count` rows. The last row is repeated to fill the last tile. */
export const writeRowTable = (
  { memory }: KernelInstance,
  table: number,
  count: number,
  write: (add: AddRows) => void,
): void => {
  const entries = new Int32Array(memory.buffer, table, rowTableElements(count));
  let end = 0;
  // `| 0` keeps offsets 32-bit integers, which wrap as in WebAssembly. With doubles, this loop would cost as much as
  // a small convolution.
  const add: AddRows = (left, leftStep, result, resultStep, rows) => {
    const to = end + ENTRY_ELEMENTS * rows;
    const [leftAdd, resultAdd] = [leftStep | 0, resultStep | 0];
    let [nextLeft, nextResult] = [left | 0, result | 0];
    for (; end < to; end += ENTRY_ELEMENTS) {
      entries[end] = nextLeft;
      entries[end + 1] = nextResult;
      nextLeft = (nextLeft + leftAdd) | 0;
      nextResult = (nextResult + resultAdd) | 0;
    }
  };
  write(add);
  add(entries[end - 2] ?? 0, 0, entries[end - 1] ?? 0, 0, MAX_MISSING_ROWS);
};

/** One pass over `count` rows of a table, from row `first` on. Addresses are in bytes. */
export interface RowPass {
  readonly table: number;
  readonly first: number;
  readonly count: number;
  readonly left: number;
  readonly result: number;
  readonly segments: Segments;
  readonly panels: number;
  /** Rows of each packed panel. */
  readonly depth: number;
  /** First panel row that this pass reads. */
  readonly from: number;
  readonly columns: number;
  readonly accumulate: boolean;
}

/**
 * Runs a pass. Columns 0, 1, … of a row's result are contiguous from its offset in the table on. `count` must be a
 * multiple of {@link ROW_MULTIPLE} unless the pass includes the last row of the table.
 */
export const runRows = ({ functions }: KernelInstance, scratch: RowScratch, pass: RowPass): void => {
  const { high, highStride, wide, wideStride, length } = pass.segments;
  const stepWide = stepAfterSegment(FLOAT_BYTES * wideStride, length);
  const stepHigh = FLOAT_BYTES * (highStride - wide * wideStride);
  for (const panel of panelsOf(pass.columns)) {
    const run = functions[`rows${panel.width}`];
    run(
      pass.table + ROW_ENTRY_BYTES * pass.first,
      Math.ceil(pass.count / ROW_TILE_ROWS[panel.width]),
      pass.left,
      pass.result + FLOAT_BYTES * panel.first,
      panelAddress(pass.panels, pass.depth, panel) + FLOAT_BYTES * pass.from * panel.width,
      scratch.bias + FLOAT_BYTES * panel.first,
      high,
      stepHigh,
      wide,
      stepWide,
      length,
      panel.columns,
      pass.accumulate ? 1 : 0,
      scratch.spill,
    );
  }
};
