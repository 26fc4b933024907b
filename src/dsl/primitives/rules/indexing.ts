import { extentAt, type Node } from '../../graph/node.js';
import { add, max, min, scale } from '../elementwise.js';
import { broadcast, expandDims, full, reshape, spread, zerosLike } from '../movement.js';
import type { Operand, Rules } from '../primitive.js';
import { gather, scatterAdd } from '../indexing.js';
import { iota } from '../source.js';

/** The rows of all examples as rows of one tensor, `[N, n, ...rest]` → `[N·n, ...rest]`. */
const rowsOf = (x: Node): Node => reshape(x, [extentAt(x, 0) * extentAt(x, 1), ...x.shape.slice(2)]);

/** Indices into the `n` rows of each example, `[N, m]`, as indices into the rows of all: `[N·m]`. */
const indicesAmong = (indices: Operand, n: number, extent: number): Node => {
  const all = spread(indices, extent);
  // an index out of range is clamped, so that it does not reach the rows of another example
  const last = min(all, full(n - 1, all.shape, 'int32'));
  const own = max(last, full(0, all.shape, 'int32'));
  const firsts = broadcast(expandDims(scale(iota([extent], 0), n), [1]), all.shape);
  return rowsOf(add(own, firsts));
};

export const rowRules: Rules<'gather' | 'scatterAdd'> = {
  gather: {
    rebuild: ({ inputs: [x, indices] }) => gather(x, indices),
    derivative: ({ inputs: [x, indices] }, g) => [scatterAdd(indices, g, extentAt(x, 0)), null],
    // if all examples read the same tensor, one gather reads its rows for all examples
    vmap: ({ shape, inputs }, [x, indices], extent) => {
      const rows = x.mapped
        ? gather(rowsOf(x.node), indicesAmong(indices, inputs[0].shape[0]!, extent))
        : gather(x.node, rowsOf(indices.node));
      return reshape(rows, [extent, ...shape]);
    },
    lowering: { class: 'library' },
  },
  scatterAdd: {
    rebuild: ({ inputs: [indices, updates], attributes: { size } }) => scatterAdd(indices, updates, size),
    derivative: ({ inputs: [indices] }, g) => [null, gather(g, indices)],
    vmap: ({ shape, attributes: { size } }, [indices, updates], extent) => {
      const all = rowsOf(spread(updates, extent));
      return reshape(scatterAdd(indicesAmong(indices, size, extent), all, extent * size), [extent, ...shape]);
    },
    ofNothing: zerosLike, // an empty sum
    lowering: { class: 'library' },
  },
};
