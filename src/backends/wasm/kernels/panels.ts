/**
 * Panels: a matrix [depth, columns] packed as [panel][depth][width], the order in which the kernels read it.
 * Panels are 16 columns wide, and the last ones 8 or 4, as columns remain. Missing columns are 0.
 */
import { FLOAT_BYTES, copyMatrix, fillZero } from './copy.js';
import type { Matrix } from './copy.js';
import type { Machine } from './functions.js';
import type { PanelWidth } from './tiles.js';

/** One panel: its first column, its width in memory, and how many of its columns are real. */
export interface Panel {
  readonly first: number;
  readonly width: PanelWidth;
  readonly columns: number;
}

/** Up to 12 remaining columns are cheaper as 8 and 4, or one of these, than as an unfilled 16. */
const widthFor = (remaining: number): PanelWidth => (remaining > 12 ? 16 : remaining > 4 ? 8 : 4);

/** The panels of a matrix with `columns` columns. */
export const panelsOf = (columns: number, first = 0): readonly Panel[] => {
  if (first >= columns) return [];
  const width = widthFor(columns - first);
  return [{ first, width, columns: Math.min(width, columns - first) }, ...panelsOf(columns, first + width)];
};

/** The columns of all panels together, missing ones included. */
export const panelColumns = (columns: number): number =>
  panelsOf(columns).reduce((total, { width }) => total + width, 0);

/** The address of a panel in memory that begins at `packed`, where every panel has `depth` rows. */
export const panelAddress = (packed: number, depth: number, { first }: Panel): number =>
  packed + FLOAT_BYTES * depth * first;

/** Packs rows `row` to `row + rows` of all panels (of `depth` rows each) from `from`, whose row 0 is the first. */
export const packPanels = (
  machine: Machine,
  packed: number,
  depth: number,
  row: number,
  from: Matrix,
  rows: number,
  columns: number,
): void => {
  for (const panel of panelsOf(columns)) {
    const address = panelAddress(packed, depth, panel) + FLOAT_BYTES * row * panel.width;
    if (panel.columns < panel.width) fillZero(machine, address, rows * panel.width);
    const source = { ...from, address: from.address + FLOAT_BYTES * panel.first * from.column };
    copyMatrix(machine, { address, row: panel.width, column: 1 }, source, rows, panel.columns);
  }
};
