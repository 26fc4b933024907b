/** Gathers and scatters rows by index. */
import type { Tensor } from './engine.js';
import type { Operations } from './operations.js';

/** Converts indices to TensorFlow's form `[n, 1]` and clamps those out of range to the nearest row. */
const rowsAt = (ops: Operations, indices: Tensor, rows: number): Tensor => {
  const nearest = ops.minimum(ops.maximum(indices, ops.scalar(0, 'int32')), ops.scalar(rows - 1, 'int32'));
  return ops.reshape(nearest, [indices.size, 1]);
};

/** Gathers rows by GatherNd: tfjs-node's GatherV2 reads the indices back to the host to check them. */
export const gatherOf =
  (ops: Operations) =>
  (x: Tensor, indices: Tensor): Tensor => {
    const at = rowsAt(ops, indices, x.shape[0]!);
    return ops.asNumbers(x, (params) => ops.engine.run('GatherNd', { params, indices: at }, {}));
  };

/**
 * The maximum number of elements of an intermediate tensor of {@link orderedScatterAdd}, unless a single row of the
 * result needs more.
 */
const MOST_ELEMENTS = 2 ** 22;

/**
 * Adds rows in order: each block of rows of the result is the sum over all updates, with zeros for updates of other
 * rows. The time is proportional to the number of rows of the result times the number of updates.
 */
const orderedScatterAdd = (ops: Operations, size: number, at: Tensor, updates: Tensor): Tensor => {
  const [count, width] = [updates.shape[0]!, updates.size / updates.shape[0]!];
  const flat = ops.reshape(updates, [1, count, width]);
  const block = Math.max(1, Math.floor(MOST_ELEMENTS / updates.size));
  const parts: Tensor[] = [];
  for (let first = 0; first < size; first += block) {
    const rows = Math.min(block, size - first);
    const shape = [rows, count, width];
    const targets = ops.engine.tensor(
      Int32Array.from({ length: rows }, (_, i) => first + i),
      [rows, 1, 1],
      'int32',
    );
    const goesThere = ops.tile(ops.equal(targets, ops.reshape(at, [1, count, 1])), shape);
    const added = ops.select(goesThere, ops.tile(flat, shape), ops.full(0, shape, 'float32'));
    parts.push(ops.sum(added, [1]));
  }
  return ops.reshape(ops.concat(parts, 0), [size, ...updates.shape.slice(1)]);
};

/** Adds rows of `updates` at `indices` to zeros of `size` rows. */
export const scatterAddOf =
  (ops: Operations, size: number) =>
  (indices: Tensor, updates: Tensor): Tensor => {
    const at = rowsAt(ops, indices, size);
    if (ops.engine.scattersInAnyOrder && updates.dtype === 'float32') return orderedScatterAdd(ops, size, at, updates);
    const shape = [size, ...updates.shape.slice(1)];
    return ops.engine.run('ScatterNd', { indices: at, updates }, { shape });
  };
