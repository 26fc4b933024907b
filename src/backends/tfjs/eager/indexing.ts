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

/** Adds rows of `updates` at `indices` to zeros of `size` rows. */
export const scatterAddOf =
  (ops: Operations, size: number) =>
  (indices: Tensor, updates: Tensor): Tensor =>
    ops.engine.run(
      'ScatterNd',
      { indices: rowsAt(ops, indices, size), updates },
      { shape: [size, ...updates.shape.slice(1)] },
    );
