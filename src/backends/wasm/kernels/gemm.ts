/**
 * Batched matrix products, C[m, n] = bias[n] (+ C[m, n]) + Σ_k A[m, k] · B[k, n].
 *
 * B is packed into panels once. A is read in place if it is contiguous along k, otherwise copied block by block. A
 * block of rows of A stays in the L2 cache while the kernel goes through the panels.
 */
import { FLOAT_BYTES, copyMatrix } from './copy.js';
import type { Matrix } from './copy.js';
import type { KernelInstance } from './functions.js';
import { packPanels, panelColumns } from './panels.js';
import { oneSegment, rowScratchElements, rowTableElements, runRows, setBias, writeRowTable } from './rows.js';
import type { RowScratch } from './rows.js';
import { scratchAddresses, scratchLayout } from './scratch.js';
import type { ScratchLayout } from './scratch.js';

/** Strides of a batch of matrices, in elements; any may be 0 or negative. */
export interface MatrixStrides {
  /** One stride for each axis of the batch. */
  readonly batch: readonly number[];
  readonly row: number;
  readonly column: number;
}

/** Extents and strides of a batched matrix product. */
export interface GemmProblem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Extents of the batch, outermost first; empty for a single product. */
  readonly batch: readonly number[];
  readonly a: MatrixStrides;
  readonly b: MatrixStrides;
  /** The column stride must be 1. */
  readonly c: MatrixStrides;
  /** Adds to the values that C holds. */
  readonly accumulate?: boolean;
}

/** Byte addresses. `bias` has shape `[n]` and is the same for every product of the batch. */
export interface GemmAddresses {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly bias?: number;
  readonly scratch: number;
}

/** Maximum number of k in one pass. The part of a panel that a pass reads then stays in the L1 cache. */
const MAX_DEPTH = 512;
/** Elements of A in a block: 256 KiB. */
const BLOCK_ELEMENTS = 65_536;
const MAX_ROWS = 1024;

const depthOf = ({ k }: GemmProblem): number => {
  const passes = Math.ceil(k / MAX_DEPTH);
  return Math.ceil(k / passes / 4) * 4;
};

const blockRowsOf = (problem: GemmProblem): number => {
  const rows = Math.floor(BLOCK_ELEMENTS / depthOf(problem));
  return Math.min(problem.m, Math.max(32, Math.min(MAX_ROWS, rows)));
};

type Area = keyof RowScratch | 'table' | 'a' | 'b';

const layoutOf = (problem: GemmProblem): ScratchLayout<Area> => {
  const rows = blockRowsOf(problem);
  return scratchLayout<Area>({
    ...rowScratchElements(problem.n),
    table: rowTableElements(rows),
    b: problem.k * panelColumns(problem.n),
    a: problem.a.column === 1 ? 0 : rows * depthOf(problem),
  });
};

/** Scratch that {@link gemm} needs, in 32-bit elements. */
export const gemmScratchElements = (problem: GemmProblem): number => layoutOf(problem).elements;

/** Calls `run` with the byte offsets of each product of the batch. */
const forEachProduct = ({ batch, a, b, c }: GemmProblem, run: (a: number, b: number, c: number) => void): void => {
  const visit = (axis: number, atA: number, atB: number, atC: number): void => {
    const extent = batch[axis];
    if (extent === undefined) return run(FLOAT_BYTES * atA, FLOAT_BYTES * atB, FLOAT_BYTES * atC);
    const [stepA, stepB, stepC] = [a.batch[axis] ?? 0, b.batch[axis] ?? 0, c.batch[axis] ?? 0];
    for (let index = 0; index < extent; index += 1)
      visit(axis + 1, atA + index * stepA, atB + index * stepB, atC + index * stepC);
  };
  visit(0, 0, 0, 0);
};

/** Computes one product; B is already packed. Addresses are in bytes. */
const product = (
  instance: KernelInstance,
  problem: GemmProblem,
  areas: Readonly<Record<Area, number>>,
  at: Omit<GemmAddresses, 'b' | 'scratch'>,
): void => {
  const { m, n, k, a, c } = problem;
  const [blockDepth, blockRows] = [depthOf(problem), blockRowsOf(problem)];

  /** Returns a block of A, or a copy of it in scratch, that is contiguous along k. */
  const readable = (block: Matrix, rows: number, depth: number): Matrix => {
    if (block.column === 1) return block;
    const copy = { address: areas.a, row: depth, column: 1 };
    copyMatrix(instance, copy, block, rows, depth);
    return copy;
  };
  const block = (m0: number, k0: number): void => {
    const [rows, depth] = [Math.min(blockRows, m - m0), Math.min(blockDepth, k - k0)];
    const first = at.a + FLOAT_BYTES * (m0 * a.row + k0 * a.column);
    const left = readable({ address: first, row: a.row, column: a.column }, rows, depth);
    writeRowTable(instance, areas.table, rows, (add) => add(0, FLOAT_BYTES * left.row, 0, FLOAT_BYTES * c.row, rows));
    runRows(instance, areas, {
      table: areas.table,
      first: 0,
      count: rows,
      left: left.address,
      result: at.c + FLOAT_BYTES * m0 * c.row,
      segments: oneSegment(depth),
      panels: areas.b,
      depth: k,
      from: k0,
      columns: n,
      accumulate: k0 > 0 || problem.accumulate === true,
    });
  };

  for (let k0 = 0; k0 < k; k0 += blockDepth) {
    setBias(instance, areas, n, k0 === 0 ? at.bias : undefined);
    for (let m0 = 0; m0 < m; m0 += blockRows) block(m0, k0);
  }
};

/** Computes a batched matrix product. C must not overlap other operands or the scratch. */
export const gemm =
  (instance: KernelInstance) =>
  (problem: GemmProblem, at: GemmAddresses): void => {
    if (problem.c.column !== 1 && problem.n > 1)
      throw new RangeError(`gemm: the column stride of C must be 1, got ${problem.c.column}`);
    const { row, column } = problem.b;
    const areas = scratchAddresses(layoutOf(problem), at.scratch);
    let packed: number | undefined;
    forEachProduct(problem, (a, b, c) => {
      const from = { address: at.b + b, row, column };
      if (packed !== b) packPanels(instance, areas.b, problem.k, 0, from, problem.k, problem.n);
      packed = b;
      product(instance, problem, areas, { ...at, a: at.a + a, c: at.c + c });
    });
  };
