/** Commands that copy strided matrices, with the function that suits the strides. */
import { type Command, command, type Place, shift, type TablePlace } from '../stage/stage.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/** A matrix in memory, or of constants, and its strides in elements, which may be negative or 0. */
export interface Matrix<P extends Place | TablePlace = Place | TablePlace> {
  readonly at: P;
  readonly row: number;
  readonly column: number;
}

const transposed = ({ at, row, column }: Matrix): Matrix => ({ at, row: column, column: row });

/** A matrix without its first rows and columns. */
const offsetBy = (matrix: Matrix, rows: number, columns: number): Matrix => ({
  ...matrix,
  at: shift(matrix.at, WORD_BYTES * (rows * matrix.row + columns * matrix.column)),
});

const copyDense = (to: Matrix, from: Matrix, rows: number, columns: number): Command => {
  const isOneRun = to.row === columns && from.row === columns;
  const [runs, length] = isOneRun ? [1, rows * columns] : [rows, columns];
  return command('copyRows', to.at, WORD_BYTES * to.row, from.at, WORD_BYTES * from.row, runs, length);
};

/** Copies with any strides. The inner loop runs along the longer side. */
const copyAny = (to: Matrix, from: Matrix, rows: number, columns: number): readonly Command[] => {
  if (rows === 0 || columns === 0) return [];
  if (columns < rows) return copyAny(transposed(to), transposed(from), columns, rows);
  const strides = (matrix: Matrix): readonly number[] => [WORD_BYTES * matrix.row, WORD_BYTES * matrix.column];
  return [command('copyStrided', to.at, ...strides(to), from.at, ...strides(from), rows, columns)];
};

/**
 * Copies where neighbouring columns of `to`, and neighbouring rows of `from`, are adjacent in memory: whole 4×4 blocks,
 * then the two edges.
 */
const copyTransposed = (to: Matrix, from: Matrix, rows: number, columns: number): readonly Command[] => {
  const [wholeRows, wholeColumns] = [rows - (rows % 4), columns - (columns % 4)];
  const edge = (row: number, column: number, rows: number, columns: number): readonly Command[] =>
    copyAny(offsetBy(to, row, column), offsetBy(from, row, column), rows, columns);
  return [
    command('transposeBlocks', to.at, WORD_BYTES * to.row, from.at, WORD_BYTES * from.column, wholeRows, wholeColumns),
    ...edge(wholeRows, 0, rows - wholeRows, columns),
    ...edge(0, wholeColumns, wholeRows, columns - wholeColumns),
  ];
};

/** Copies `to[r, c] = from[r, c]` for `rows` × `columns` elements. The two matrices must not overlap. */
export const copied = (to: Matrix, from: Matrix, rows: number, columns: number): readonly Command[] => {
  if (to.column === 1 && from.column === 1 && columns >= 4) return [copyDense(to, from, rows, columns)];
  if (to.column === 1 && from.row === 1) return copyTransposed(to, from, rows, columns);
  if (to.row === 1 && from.column === 1) return copyTransposed(transposed(to), transposed(from), columns, rows);
  return copyAny(to, from, rows, columns);
};

/** Sets elements to 0. */
export const cleared = (at: Place, elements: number): Command => command('clear', at, WORD_BYTES * elements);
