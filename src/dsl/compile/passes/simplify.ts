import { type Node, rewrite } from '../../graph/node.js';
import { build, dataOf, primitiveOf } from '../../primitives/table.js';

/** The number that a node holds everywhere, if it is a constant of one number seen through movement. */
const uniformOf = (n: Node): number | null => {
  const { lowering, isUnique } = primitiveOf(n);
  if (lowering.class === 'movement') return isUnique ? null : uniformOf(n.inputs[0]!);
  const data = dataOf(n);
  return data?.length === 1 ? data[0]! : null;
};

/** Algebra on the graph, inputs first, so that one sweep reaches a fixed point of most chains. */
export const simplify = (roots: readonly Node[]): readonly Node[] =>
  rewrite(roots, (n) => primitiveOf(n).simplify?.(n, uniformOf, build) ?? n);
