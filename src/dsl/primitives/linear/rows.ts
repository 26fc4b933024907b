/** Indices of rows, as `gather` and `scatterAdd` take them. */
import { raise, showShape } from '../../errors.js';
import type { Node } from '../../graph/node.js';
import { demandDType } from '../dtype.js';
import type { BatchBuild, Operand } from '../primitive.js';

/** Demands int32 of rank 1. */
export const demandIndices = (op: string, indices: Node): void => {
  demandDType(op, ['int32'], indices);
  if (indices.shape.length !== 1)
    raise('ShapeError', {
      where: op,
      expected: 'indices of rank 1',
      actual: showShape(indices.shape),
      hint: 'reshape them',
    });
};

/** The rows of all examples as rows of one tensor, `[N, n, ...rest]` → `[N·n, ...rest]`. */
export const rowsOf = (x: Node, { reshape }: BatchBuild): Node =>
  reshape(x, [x.shape[0]! * x.shape[1]!, ...x.shape.slice(2)]);

/** Indices into the `n` rows of each example, `[N, m]`, as indices into the rows of all: `[N·m]`. */
export const indicesAmong = (indices: Operand, n: number, extent: number, build: BatchBuild): Node => {
  const { add, broadcast, expandDims, full, iota, max, min, scale, spread } = build;
  const all = spread(indices, extent);
  // an index out of range is clamped: it must not reach the rows of another example
  const last = min(all, full(n - 1, all.shape, 'int32'));
  const own = max(last, full(0, all.shape, 'int32'));
  const firsts = broadcast(expandDims(scale(iota([extent], 0), n), [1]), all.shape);
  return rowsOf(add(own, firsts), build);
};
