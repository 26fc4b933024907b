/**
 * Batched matrix products, C[m, n] = bias[n] (+ C[m, n]) + Σ_k A[m, k] · B[k, n].
 *
 * B is packed into panels once; A is read where it is, if its k are side by side, and else copied block by
 * block. A block of rows of A stays in the second-level cache while the panels pass by.
 */
import { FLOAT_BYTES, copyMatrix } from './copy.js';
import type { Matrix } from './copy.js';
import type { Machine } from './functions.js';
import { packPanels, panelColumns } from './panels.js';
import { oneSegment, rowScratchElements, rowTableElements, runRows, setBias, writeRowTable } from './rows.js';
import type { RowScratch } from './rows.js';
import { scratchAddresses, scratchLayout } from './scratch.js';
import type { ScratchLayout } from './scratch.js';

/** Strides of a batch of matrices, in numbers; any of them may be 0 or negative. */
export interface MatrixStrides {
  /** One stride for each extent of the batch. */
  readonly batch: readonly number[];
  readonly row: number;
  readonly column: number;
}

/** Extents and strides of a batched matrix product. */
export interface GemmProblem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Extents of the batch, outermost first; none for one product. */
  readonly batch: readonly number[];
  readonly a: MatrixStrides;
  readonly b: MatrixStrides;
  /** Its column stride is 1. */
  readonly c: MatrixStrides;
  /** Add to what C holds. */
  readonly accumulate?: boolean;
}

/** Addresses in bytes. `bias` is `[n]`, the same for every product of the batch. */
export interface GemmAddresses {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly bias?: number;
  readonly scratch: number;
}

/** The most k in one pass: a panel's part then stays in the first-level cache. */
const MAXIMUM_DEPTH = 512;
/** Numbers of A in a block: a quarter of a megabyte. */
const BLOCK_ELEMENTS = 65_536;
const MAXIMUM_ROWS = 1024;

const depthOf = ({ k }: GemmProblem): number => {
  const passes = Math.ceil(k / MAXIMUM_DEPTH);
  return Math.ceil(k / passes / 4) * 4;
};

const blockRowsOf = (problem: GemmProblem): number => {
  const rows = Math.floor(BLOCK_ELEMENTS / depthOf(problem));
  return Math.min(problem.m, Math.max(32, Math.min(MAXIMUM_ROWS, rows)));
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

/** The scratch that {@link gemm} needs, in 32-bit numbers. */
export const gemmScratchElements = (problem: GemmProblem): number => layoutOf(problem).elements;

/** Calls `run` with the offsets, in bytes, of each product of the batch. */
const forEachProduct = (
  { batch, a, b, c }: GemmProblem,
  run: (a: number, b: number, c: number) => void,
): void => {
  const visit = (axis: number, atA: number, atB: number, atC: number): void => {
    const extent = batch[axis];
    if (extent === undefined) return run(FLOAT_BYTES * atA, FLOAT_BYTES * atB, FLOAT_BYTES * atC);
    const [stepA, stepB, stepC] = [a.batch[axis] ?? 0, b.batch[axis] ?? 0, c.batch[axis] ?? 0];
    for (let index = 0; index < extent; index += 1)
      visit(axis + 1, atA + index * stepA, atB + index * stepB, atC + index * stepC);
  };
  visit(0, 0, 0, 0);
};

/** One product, with B packed; addresses in bytes. */
const product = (
  machine: Machine,
  problem: GemmProblem,
  areas: Readonly<Record<Area, number>>,
  at: Omit<GemmAddresses, 'b' | 'scratch'>,
): void => {
  const { m, n, k, a, c } = problem;
  const [blockDepth, blockRows] = [depthOf(problem), blockRowsOf(problem)];

  /** Where a block of A can be read with its k side by side. */
  const readable = (block: Matrix, rows: number, depth: number): Matrix => {
    if (block.column === 1) return block;
    const copy = { address: areas.a, row: depth, column: 1 };
    copyMatrix(machine, copy, block, rows, depth);
    return copy;
  };
  const block = (m0: number, k0: number): void => {
    const [rows, depth] = [Math.min(blockRows, m - m0), Math.min(blockDepth, k - k0)];
    const first = at.a + FLOAT_BYTES * (m0 * a.row + k0 * a.column);
    const left = readable({ address: first, row: a.row, column: a.column }, rows, depth);
    writeRowTable(machine, areas.table, rows, (add) =>
      add(0, FLOAT_BYTES * left.row, 0, FLOAT_BYTES * c.row, rows),
    );
    runRows(machine, areas, {
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
    setBias(machine, areas, n, k0 === 0 ? at.bias : undefined);
    for (let m0 = 0; m0 < m; m0 += blockRows) block(m0, k0);
  }
};

/** Computes a batched matrix product. C overlaps nothing else. */
export const gemm =
  (machine: Machine) =>
  (problem: GemmProblem, at: GemmAddresses): void => {
    if (problem.c.column !== 1 && problem.n > 1)
      throw new RangeError(`gemm: the column stride of C is ${problem.c.column}, and must be 1`);
    const { row, column } = problem.b;
    const areas = scratchAddresses(layoutOf(problem), at.scratch);
    let packed: number | undefined;
    forEachProduct(problem, (a, b, c) => {
      const from = { address: at.b + b, row, column };
      if (packed !== b) packPanels(machine, areas.b, problem.k, 0, from, problem.k, problem.n);
      packed = b;
      product(machine, problem, areas, { ...at, a: at.a + a, c: at.c + c });
    });
  };
