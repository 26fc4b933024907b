/** Barriers in lowering: their depth alone delays them, as calls are ordered by depth. */
import { type Node, rewrite } from '../../graph/node.js';
import { primitiveOf } from '../../primitives/table.js';

/** True for a barrier that waits: its depth exceeds that of its operand by more than one. */
export const waits = (n: Node): boolean => primitiveOf(n).awaits === true && n.depth > n.inputs[0]!.depth + 1;

/** Removes the second operand of barriers, which no kernel reads, and keeps their depth. */
export const awaited = (roots: readonly Node[]): readonly Node[] =>
  rewrite(roots, (n) => (primitiveOf(n).awaits ? { ...n, inputs: n.inputs.slice(0, 1) } : n));
