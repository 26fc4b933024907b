import type { Node } from '../node.js';
import { heldBy } from '../primitives/dtype.js';
import { broadcast, full, reshape } from '../primitives/index.js';
import { type AnyTensor, nodeOf } from '../tensor.js';

/** The dtypes that can be calculated with. */
export type Numeric = 'float32' | 'int32';

/** A node repeated over a shape that it fits from the right: its axes are 1, equal, or missing on the left. */
export const spread = (n: Node, shape: readonly number[]): Node => {
  const missing = Math.max(0, shape.length - n.shape.length);
  return broadcast(reshape(n, [...shape.slice(0, missing).map(() => 1), ...n.shape]), shape);
};

/** The second operand of a binary operation on `x`: a number or a scalar is repeated over the shape of `x`. */
export const operand = (op: string, y: number | AnyTensor, x: Node): Node => {
  if (typeof y === 'number') {
    return full(heldBy(op, x.dtype, Float64Array.of(y))[0]!, x.shape, x.dtype);
  }
  const n = nodeOf(y);
  return n.shape.length === 0 && x.shape.length > 0
    ? broadcast(reshape(n, x.shape.map(() => 1)), x.shape) // prettier-ignore
    : n;
};
