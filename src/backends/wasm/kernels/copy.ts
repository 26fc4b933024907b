/** Copies of strided matrices, by the kernel that suits the strides. */
import type { Machine } from './functions.js';

/** A matrix in memory: its address in bytes, and its strides in numbers, which may be negative or 0. */
export interface Matrix {
  readonly address: number;
  readonly row: number;
  readonly column: number;
}

export const FLOAT_BYTES = 4;

const transposed = ({ address, row, column }: Matrix): Matrix => ({ address, row: column, column: row });

const offsetBy = (matrix: Matrix, rows: number, columns: number): Matrix => ({
  ...matrix,
  address: matrix.address + FLOAT_BYTES * (rows * matrix.row + columns * matrix.column),
});

const copyDense = ({ functions }: Machine, to: Matrix, from: Matrix, rows: number, columns: number): void => {
  const isOneRun = to.row === columns && from.row === columns;
  const [runs, length] = isOneRun ? [1, rows * columns] : [rows, columns];
  functions.copyRows(to.address, FLOAT_BYTES * to.row, from.address, FLOAT_BYTES * from.row, runs, length);
};

/** For any strides; the inner loop runs along the longer side. */
const copyAny = (machine: Machine, to: Matrix, from: Matrix, rows: number, columns: number): void => {
  if (columns < rows) return copyAny(machine, transposed(to), transposed(from), columns, rows);
  const strides = (matrix: Matrix) => [FLOAT_BYTES * matrix.row, FLOAT_BYTES * matrix.column];
  machine.functions.copyStrided(to.address, ...strides(to), from.address, ...strides(from), rows, columns);
};

/** `to` has its columns side by side, and `from` its rows: whole 4×4 blocks, then the two edges. */
const copyTransposed = (machine: Machine, to: Matrix, from: Matrix, rows: number, columns: number): void => {
  const [wholeRows, wholeColumns] = [rows - (rows % 4), columns - (columns % 4)];
  machine.functions.transposeBlocks(
    to.address,
    FLOAT_BYTES * to.row,
    from.address,
    FLOAT_BYTES * from.column,
    wholeRows,
    wholeColumns,
  );
  const edge = (row: number, column: number, rows: number, columns: number) =>
    copyAny(machine, offsetBy(to, row, column), offsetBy(from, row, column), rows, columns);
  edge(wholeRows, 0, rows - wholeRows, columns);
  edge(0, wholeColumns, wholeRows, columns - wholeColumns);
};

/** `to[r, c] = from[r, c]` for `rows` × `columns` numbers; the two do not overlap. */
export const copyMatrix = (
  machine: Machine,
  to: Matrix,
  from: Matrix,
  rows: number,
  columns: number,
): void => {
  if (to.column === 1 && from.column === 1 && columns >= 4)
    return copyDense(machine, to, from, rows, columns);
  if (to.column === 1 && from.row === 1) return copyTransposed(machine, to, from, rows, columns);
  if (to.row === 1 && from.column === 1)
    return copyTransposed(machine, transposed(to), transposed(from), columns, rows);
  copyAny(machine, to, from, rows, columns);
};

/** Sets `elements` numbers to 0. */
export const fillZero = ({ memory }: Machine, address: number, elements: number): void => {
  new Float32Array(memory.buffer, address, elements).fill(0);
};
