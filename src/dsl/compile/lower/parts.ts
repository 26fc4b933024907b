/** Finds nodes that lie in the memory of another node: operands of concatenations, and slices of inputs. */
import { type Node, pathOf, rewrite, operandOf } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { input, isInput } from '../../primitives/index.js';
import { loweringAs } from '../../primitives/rules/table.js';
import { countsOf, writtenOf } from './classes.js';
import { addressOf, denseStrides } from './loops.js';
import { isDense, viewOf } from './views.js';

/** The place of a node in the memory of another node: the offset in elements. */
export interface Part {
  readonly whole: Node;
  readonly offset: number;
}

/** The place of a stored node in a concatenation, as one of its operands. */
export interface OperandPart extends Part {
  readonly operand: Node;
}

/**
 * The stored nodes that are computed in the memory of a concatenation. Such a node has no other use and is a whole
 * operand, which is dense in the concatenation and begins at a multiple of `alignment`. Unless it is the last operand
 * it also ends at a multiple, because kernels write whole vectors, which may extend beyond the end of a buffer. Both
 * the node and the concatenation are in the arena.
 */
export const partsOf = (
  order: readonly Node[],
  inMemory: ReadonlySet<Node>,
  isInArena: (n: Node) => boolean,
  alignment: number,
): ReadonlyMap<Node, OperandPart> => {
  const uses = countsOf(order.flatMap(({ inputs }) => inputs));
  /** The stored node of which an operand is a view of all elements, if the node has no other use. */
  const storedAs = (operand: Node): Node | null => {
    const view = viewOf(operand, (n) => inMemory.has(n));
    if (view === null || !inMemory.has(view.base) || !isInArena(view.base)) return null;
    if (!isDense(operand.shape, view.strides) || sizeOf(view.base.shape) !== sizeOf(operand.shape)) return null;
    for (let at = operand; ; at = operandOf(at)) {
      if (uses.get(at) !== 1) return null;
      if (at === view.base) return at;
    }
  };
  const parts = new Map<Node, OperandPart>();
  for (const whole of order) {
    const write = writtenOf(whole);
    if (write?.reduce !== null || write.background !== null || !inMemory.has(whole) || !isInArena(whole)) continue;
    const strides = denseStrides(whole.shape);
    for (const { operand, start } of write.pieces) {
      const offset = addressOf(start, strides);
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

export interface Divided {
  readonly roots: readonly Node[];
  /** The new inputs and the parts that they replace. */
  readonly parts: ReadonlyMap<Node, Part>;
}

/** Replaces dense slices of inputs that begin at a multiple of `alignment` by inputs. */
export const divideInputs = (roots: readonly Node[], alignment: number): Divided => {
  const parts = new Map<Node, Part>();
  const divided = rewrite(roots, (n) => {
    if (!loweringAs(n, 'movement')?.isPart) return n;
    const view = viewOf(n, isInput);
    if (view === null || !isInput(view.base) || !isDense(n.shape, view.strides)) return n;
    const within = parts.get(view.base) ?? { whole: view.base, offset: 0 }; // also a slice of a slice
    const offset = within.offset + view.offset;
    if (sizeOf(n.shape) === 0 || offset % alignment !== 0) return n;
    const part = input(pathOf(n) ?? view.base.attributes.path, n.shape, n.dtype);
    parts.set(part, { whole: within.whole, offset });
    return part;
  });
  return { roots: divided, parts };
};
