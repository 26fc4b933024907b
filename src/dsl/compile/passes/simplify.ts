import { type Node, rewrite } from '../../graph/node.js';
import { dataOf, primitiveOf } from '../../primitives/table.js';

/** The number that all elements of a node are equal to, if it is a movement of a constant of one number; otherwise null. */
const uniformOf = (n: Node): number | null => {
  const { lowering, isUnique } = primitiveOf(n);
  if (lowering.class === 'movement') return isUnique ? null : uniformOf(n.inputs[0]!);
  const data = dataOf(n);
  return data?.length === 1 ? data[0]! : null;
};

/** Applies the algebraic rules of the primitives, inputs first, so that one pass simplifies most chains completely. */
export const simplify = (roots: readonly Node[]): readonly Node[] =>
  rewrite(roots, (n) => primitiveOf(n).simplify?.(n, uniformOf) ?? n);
