/** Finds operands of concatenations that can be computed in place, without a copy. */
import { type Node, sizeOf } from '../../graph/node.js';
import { writtenOf } from './classes.js';
import { denseStrides } from './loops.js';
import { isDense, viewOf } from './views.js';

/** The place of a stored node in a concatenation: the operand and the offset in elements. */
export interface Part {
  readonly whole: Node;
  readonly operand: Node;
  readonly offset: number;
}

/** Counts the uses of each node as an operand. */
const usesOf = (order: readonly Node[]): ReadonlyMap<Node, number> => {
  const uses = new Map<Node, number>();
  for (const { inputs } of order) for (const input of inputs) uses.set(input, 1 + (uses.get(input) ?? 0));
  return uses;
};

/**
 * The stored nodes that share the memory of a concatenation. Such a node has no other use and is a whole operand, which is
 * dense in the concatenation and begins at a multiple of `alignment`. The operand also ends at a multiple unless it is the
 * last one, because kernels write whole vectors, beyond the end of a buffer. Both are in the arena.
 */
export const partsOf = (
  order: readonly Node[],
  stored: ReadonlySet<Node>,
  isInArena: (stored: Node) => boolean,
  alignment: number,
): ReadonlyMap<Node, Part> => {
  const uses = usesOf(order);
  /** The stored node that an operand is a view of all elements of, if it has no other use. */
  const storedAs = (operand: Node): Node | null => {
    const view = viewOf(operand, (n) => stored.has(n));
    if (view === null || !stored.has(view.base) || !isInArena(view.base)) return null;
    if (!isDense(operand.shape, view.strides)) return null;
    if (sizeOf(view.base.shape) !== sizeOf(operand.shape)) return null;
    for (let at = operand; ; at = at.inputs[0]!) {
      if (uses.get(at) !== 1) return null;
      if (at === view.base) return at;
    }
  };
  const parts = new Map<Node, Part>();
  for (const whole of order) {
    const written = writtenOf(whole);
    if (written === null || written.reduce !== null || written.background !== null) continue;
    if (!stored.has(whole) || !isInArena(whole)) continue;
    const strides = denseStrides(whole.shape);
    for (const { operand, start } of written.pieces) {
      const offset = start.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
      const end = offset + sizeOf(operand.shape);
      const isLast = end === sizeOf(whole.shape);
      const isAligned = offset % alignment === 0 && (end % alignment === 0 || isLast);
      const fits = end > offset && isAligned && isDense(operand.shape, strides);
      const part = fits ? storedAs(operand) : null;
      if (part !== null) parts.set(part, { whole, operand, offset });
    }
  }
  return parts;
};
