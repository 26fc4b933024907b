import type { Node } from '../node.js';
import { broadcast, expandDims, reshape, transpose } from '../primitives/index.js';

/** A node of the graph over a batch. */
export interface Operand {
  readonly node: Node;
  /** Whether it has the new leading axis: one that depends on nothing that has it is the same for all examples. */
  readonly mapped: boolean;
}

/** The node for a batch of `extent` examples, `[extent, ...shape]`, from those of its operands, of which one is mapped. */
export type Rule<N> = (n: N, operands: readonly Operand[], extent: number) => Node;

/** An operand with the leading axis, repeated along it if it had none. */
export const spread = ({ node, mapped }: Operand, extent: number): Node =>
  mapped ? node : broadcast(expandDims(node, [0]), [extent, ...node.shape]);

/** One axis at another place: a view alone where it passes nothing but axes of extent 1. */
export const moveAxis = (x: Node, from: number, to: number): Node => {
  const order = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  const passed = from < to ? x.shape.slice(from + 1, to + 1) : x.shape.slice(to, from);
  return passed.every((d) => d === 1) || x.shape[from] === 1
    ? reshape(x, order.map((axis) => x.shape[axis]!)) // prettier-ignore
    : transpose(x, order);
};
