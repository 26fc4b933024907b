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

/** Scratch for the row kernel, besides its tables: addresses in bytes. */
export interface RowScratch {
  readonly spill: number;
  /** The initial values of the columns of all panels. */
  readonly bias: number;
}

/** Sizes of {@link RowScratch}, in 32-bit numbers. */
export const rowScratchElements = (columns: number): Readonly<Record<keyof RowScratch, number>> => ({
  spill: Math.max(...PANEL_WIDTHS.map((width) => width * ROW_TILE_ROWS[width])),
  bias: panelColumns(columns),
});

const ENTRY_NUMBERS = ROW_ENTRY_BYTES / 4;
/** A tile may be short of this many rows. */
const MOST_MISSING = Math.max(...Object.values(ROW_TILE_ROWS)) - 1;

/** A number of rows that all tiles divide. */
export const ROW_MULTIPLE = 12;

/** The size of a table of `rows` rows, in 32-bit numbers. */
export const rowTableElements = (rows: number): number => ENTRY_NUMBERS * (rows + MOST_MISSING);

/** Sets the initial values of the columns: `bias`, or 0. */
export const setBias = (machine: Machine, scratch: RowScratch, columns: number, bias?: number): void => {
  fillZero(machine, scratch.bias, panelColumns(columns));
  if (bias === undefined) return;
  const row = (address: number) => ({ address, row: columns, column: 1 });
  copyMatrix(machine, row(scratch.bias), row(bias), 1, columns);
};

/** Appends rows to a table: the offsets, in bytes, of their left operands and results, evenly spaced. */
export type AddRows = (
  left: number,
  leftStep: number,
  result: number,
  resultStep: number,
  count: number,
) => void;

/** Writes a table of `count` rows. The last row is repeated, to fill the last tile. */
export const writeRowTable = (
  { memory }: Machine,
  table: number,
  count: number,
  write: (add: AddRows) => void,
): void => {
  const entries = new Int32Array(memory.buffer, table, rowTableElements(count));
  let end = 0;
  // Offsets are kept as 32-bit integers, which wrap as WebAssembly's do: with numbers that may be doubles, this
  // loop would cost as much as a small convolution.
  const add: AddRows = (left, leftStep, result, resultStep, rows) => {
    const to = end + ENTRY_NUMBERS * rows;
    const [leftAdd, resultAdd] = [leftStep | 0, resultStep | 0];
    let [nextLeft, nextResult] = [left | 0, result | 0];
    for (; end < to; end += ENTRY_NUMBERS) {
      entries[end] = nextLeft;
      entries[end + 1] = nextResult;
      nextLeft = (nextLeft + leftAdd) | 0;
      nextResult = (nextResult + resultAdd) | 0;
    }
  };
  write(add);
  add(entries[end - 2] ?? 0, 0, entries[end - 1] ?? 0, 0, MOST_MISSING);
};

/** One pass: the rows of a table, over rows `from` on of panels that are `depth` deep. Addresses in bytes. */
export interface RowPass {
  readonly table: number;
  /** Rows from this one on. */
  readonly first: number;
  readonly count: number;
  readonly left: number;
  readonly result: number;
  readonly segments: Segments;
  readonly panels: number;
  readonly depth: number;
  readonly from: number;
  readonly columns: number;
  readonly accumulate: boolean;
}

/**
 * Runs a pass. The rows' results are columns 0, 1, … from their places. Unless the rows end with their table,
 * `count` is a multiple of {@link ROW_MULTIPLE}.
 */
export const runRows = ({ functions }: Machine, scratch: RowScratch, pass: RowPass): void => {
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
