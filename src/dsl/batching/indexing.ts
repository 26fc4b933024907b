import type { Node, NodeOf } from '../node.js';
import { add, binary, broadcast, expandDims, full, gather, iota, reshape, scale, scatterAdd } from '../primitives/index.js'; // prettier-ignore
import { type Operand, type Rule, spread } from './operand.js';

/** The rows of all examples as those of one, `[N, n, ...rest]` → `[N·n, ...rest]`. */
const rowsOf = (x: Node): Node => reshape(x, [x.shape[0]! * x.shape[1]!, ...x.shape.slice(2)]);

/** Indices into the `n` rows of each example, `[N, m]`, as those into the rows of all: `[N·m]`. */
const among = (indices: Operand, n: number, extent: number): Node => {
  const all = spread(indices, extent);
  // an index out of range is clamped, and must not reach the rows of another example
  const last = binary('min', all, full(n - 1, all.shape, 'int32'));
  const own = binary('max', last, full(0, all.shape, 'int32'));
  const firsts = broadcast(expandDims(scale(iota([extent], 0), n), [1]), all.shape);
  return rowsOf(add(own, firsts));
};

/** Where all examples take rows of the same tensor, theirs are the rows at all of the indices. */
export const gatherRule: Rule<NodeOf<'gather'>> = ({ shape, inputs }, [x, indices], extent) => {
  const rows = x!.mapped
    ? gather(rowsOf(x!.node), among(indices!, inputs[0]!.shape[0]!, extent))
    : gather(x!.node, rowsOf(indices!.node));
  return reshape(rows, [extent, ...shape]);
};

export const scatterAddRule: Rule<NodeOf<'scatterAdd'>> = (n, [indices, updates], extent) => {
  const { size } = n.attributes;
  const rows = scatterAdd(among(indices!, size, extent), rowsOf(spread(updates!, extent)), extent * size);
  return reshape(rows, [extent, ...n.shape]);
};
