/** Copies strided matrices, choosing the kernel by the strides. */
import type { KernelInstance } from './functions.js';

/** A matrix in memory: its address in bytes, and its strides in elements, which may be negative or 0. */
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

const copyDense = ({ functions }: KernelInstance, to: Matrix, from: Matrix, rows: number, columns: number): void => {
  const isOneRun = to.row === columns && from.row === columns;
  const [runs, length] = isOneRun ? [1, rows * columns] : [rows, columns];
  functions.copyRows(to.address, FLOAT_BYTES * to.row, from.address, FLOAT_BYTES * from.row, runs, length);
};

/** Copies with any strides. The inner loop runs along the longer side. */
const copyAny = (instance: KernelInstance, to: Matrix, from: Matrix, rows: number, columns: number): void => {
  if (columns < rows) return copyAny(instance, transposed(to), transposed(from), columns, rows);
  const strides = (matrix: Matrix) => [FLOAT_BYTES * matrix.row, FLOAT_BYTES * matrix.column];
  instance.functions.copyStrided(to.address, ...strides(to), from.address, ...strides(from), rows, columns);
};

/**
 * Copies where neighbouring columns of `to`, and neighbouring rows of `from`, are adjacent in memory: whole 4×4 blocks,
 * then the two edges.
 */
const copyTransposed = (instance: KernelInstance, to: Matrix, from: Matrix, rows: number, columns: number): void => {
  const [wholeRows, wholeColumns] = [rows - (rows % 4), columns - (columns % 4)];
  instance.functions.transposeBlocks(
    to.address,
    FLOAT_BYTES * to.row,
    from.address,
    FLOAT_BYTES * from.column,
    wholeRows,
    wholeColumns,
  );
  const edge = (row: number, column: number, rows: number, columns: number) =>
    copyAny(instance, offsetBy(to, row, column), offsetBy(from, row, column), rows, columns);
  edge(wholeRows, 0, rows - wholeRows, columns);
  edge(0, wholeColumns, wholeRows, columns - wholeColumns);
};

/** Copies `to[r, c] = from[r, c]` for `rows` × `columns` elements. The two matrices must not overlap. */
export const copyMatrix = (instance: KernelInstance, to: Matrix, from: Matrix, rows: number, columns: number): void => {
  if (to.column === 1 && from.column === 1 && columns >= 4) return copyDense(instance, to, from, rows, columns);
  if (to.column === 1 && from.row === 1) return copyTransposed(instance, to, from, rows, columns);
  if (to.row === 1 && from.column === 1)
    return copyTransposed(instance, transposed(to), transposed(from), columns, rows);
  copyAny(instance, to, from, rows, columns);
};

/** Sets `elements` elements from `address` on to 0. */
export const fillZero = ({ memory }: KernelInstance, address: number, elements: number): void => {
  new Float32Array(memory.buffer, address, elements).fill(0);
};
