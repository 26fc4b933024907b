/** Barriers in lowering: depth alone makes them wait, because calls are made in the order of depth. */
import { type Node, rewrite } from '../../graph/node.js';
import { primitiveOf } from '../../primitives/table.js';

/** True if a node is deeper than its only operand makes it. */
export const waits = (n: Node): boolean => primitiveOf(n).awaits === true && n.depth > n.inputs[0]!.depth + 1;

/** Barriers without the operand that they wait for, which no kernel reads; they stay as deep as they were. */
export const awaited = (roots: readonly Node[]): readonly Node[] =>
  rewrite(roots, (n) => (primitiveOf(n).awaits ? { ...n, inputs: n.inputs.slice(0, 1) } : n));
