/**
 * Packs a matrix `[depth, columns]` into panels `[panel][depth][width]`, the order in which the kernels read it.
 * Panels are 16 columns wide; the last ones are 8 or 4 wide, depending on how many columns remain. Padding columns
 * are 0.
 */
import { type Command, type Place, shift } from '../stage/stage.js';
import { cleared, copied, type Matrix } from './copy.js';
import type { PanelWidth } from './tiles.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/** One panel: its first column, its width in memory, and its number of columns without padding. */
export interface Panel {
  readonly first: number;
  readonly width: PanelWidth;
  readonly columns: number;
}

/**
 * Chooses the next panel width. Up to 12 remaining columns cost less in panels of 8 and 4 than in one of 16 with
 * padding.
 */
const widthFor = (remaining: number): PanelWidth => (remaining > 12 ? 16 : remaining > 4 ? 8 : 4);

/** Lists the panels of a matrix with `columns` columns. */
export const panelsOf = (columns: number): readonly Panel[] => {
  const panels: Panel[] = [];
  for (let first = 0; first < columns; first += panels.at(-1)!.width) {
    const width = widthFor(columns - first);
    panels.push({ first, width, columns: Math.min(width, columns - first) });
  }
  return panels;
};

/** Total columns of all panels, padding included. */
export const panelColumns = (columns: number): number =>
  panelsOf(columns).reduce((total, { width }) => total + width, 0);

/** The place of a panel, where the packed panels begin at `packed` and each has `depth` rows. */
export const panelAt = (packed: Place, depth: number, { first }: Panel): Place =>
  shift(packed, WORD_BYTES * depth * first);

/**
 * Packs the columns of one panel of `rows` rows of `from`, beginning with its row 0, into rows `row` to `row + rows` of the
 * panel, which has `depth` rows.
 */
export const packPanel = (
  packed: Place,
  depth: number,
  row: number,
  from: Matrix,
  rows: number,
  panel: Panel,
): readonly Command[] => {
  const at = shift(panelAt(packed, depth, panel), WORD_BYTES * row * panel.width);
  const source = { ...from, at: shift(from.at, WORD_BYTES * panel.first * from.column) };
  return [
    ...(panel.columns < panel.width ? [cleared(at, rows * panel.width)] : []),
    ...copied({ at, row: panel.width, column: 1 }, source, rows, panel.columns),
  ];
};
