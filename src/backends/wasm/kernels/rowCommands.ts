/** Commands that run the row kernel on a block of rows. */
import { type Command, command, type Place, shift, type TablePlace } from '../stage/stage.js';
import { type Panel, panelAt } from './panels.js';
import { rowBytes } from './rowKernel.js';
import { MOST_TILE_ROWS } from './tiles.js';
import { WORD_BYTES, range } from '../assembler/numbers.js';

/** Maximum number of rows that the last tile lacks. */
const MAX_MISSING_ROWS = MOST_TILE_ROWS - 1;

/** A table for the row kernel: for each row, the byte offsets of its result and of its taps. */
export interface RowTable {
  readonly words: Int32Array;
  readonly rows: number;
  readonly taps: number;
}

/** Makes a table of `rows` rows. The last row is repeated to fill the last tile. */
export const rowTable = (rows: number, taps: number, write: (words: Int32Array) => void): RowTable => {
  const size = 1 + taps;
  const words = new Int32Array(size * (rows + MAX_MISSING_ROWS));
  write(words);
  for (let missing = 0; missing < MAX_MISSING_ROWS; missing++)
    words.copyWithin(size * (rows + missing), size * (rows - 1), size * rows);
  return { words, rows, taps };
};

/** The initial values of a panel. */
const NO_BIAS = { table: new Int32Array(16), offset: 0 };

/** One pass over rows `first` to `first + count` of a table, for some panels. */
export interface RowPass {
  readonly table: RowTable;
  readonly first: number;
  readonly count: number;
  readonly left: Place;
  readonly result: Place;
  /** Elements of a tap. */
  readonly length: number;
  /** All packed panels, the rows of each, and the first row that this pass reads. */
  readonly packed: Place;
  readonly depth: number;
  readonly from: number;
  readonly runs: readonly PanelRun[];
  readonly accumulate: boolean;
  /** Read for taps in the padding: `length` zeros, or 0 if no tap is there. */
  readonly zeros: TablePlace | 0;
  /**
   * Several passes of equal form, in place of several panels: the number of passes, and the distance in bytes between
   * two of them. Default: one pass.
   */
  readonly repeated?: Repetition;
}

export interface Repetition {
  readonly times: number;
  readonly left: number;
  readonly result: number;
  readonly packed: number;
}

/** Neighbouring panels of equal form, which one command processes: the first one, and their number. */
export interface PanelRun {
  readonly panel: Panel;
  readonly times: number;
}

export const panelRuns = (panels: readonly Panel[]): readonly PanelRun[] => {
  const runs: { readonly panel: Panel; times: number }[] = [];
  for (const panel of panels) {
    const run = runs.at(-1);
    if (run?.panel.width === panel.width && run.panel.columns === panel.columns) run.times += 1;
    else runs.push({ panel, times: 1 });
  }
  return runs;
};

/** Maximum number of elements in one pass. The part of a panel that a pass reads then stays in the L1 cache. */
const MAX_DEPTH = 512;

/** The passes over `length` elements: where each begins, and its number of elements. */
export const passesOf = (length: number): readonly { readonly first: number; readonly count: number }[] => {
  if (length === 0) return [];
  const depth = Math.ceil(length / Math.ceil(length / MAX_DEPTH) / 4) * 4;
  return range(Math.ceil(length / depth)).map((pass) => ({
    first: pass * depth,
    count: Math.min(depth, length - pass * depth),
  }));
};

/** Repeats a pass for neighbouring panels. */
const overPanels = ({ depth }: RowPass, { width }: Panel, times: number): Repetition => ({
  times,
  left: 0,
  result: WORD_BYTES * width,
  packed: WORD_BYTES * depth * width,
});

/**
 * Runs a pass. Columns 0, 1, … of a row's result are contiguous from its offset in the table on. `count` must be a
 * multiple of {@link ROW_MULTIPLE}, unless the pass includes the last row of the table, or up to five more rows of the
 * table may be overwritten, as in scratch.
 */
export const rowCommands = (pass: RowPass): readonly Command[] =>
  pass.runs.map(({ panel, times: panels }) => {
    const { times, left, result, packed } = pass.repeated ?? overPanels(pass, panel, panels);
    return command(
      `rows${panel.width}`,
      { table: pass.table.words, offset: rowBytes(pass.table.taps) * pass.first },
      pass.count,
      pass.left,
      shift(pass.result, WORD_BYTES * panel.first),
      shift(panelAt(pass.packed, pass.depth, panel), WORD_BYTES * pass.from * panel.width),
      NO_BIAS,
      pass.table.taps,
      pass.length,
      panel.columns,
      pass.accumulate ? 1 : 0,
      pass.zeros,
      times,
      left,
      result,
      packed,
    );
  });
