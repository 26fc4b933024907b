/** Properties of nodes that lowering depends on. */
import { type Node, operandOf } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import type { NumberType } from '../../graph/region.js';
import type { Class, RegionWrite } from '../../primitives/primitive.js';
import { loweringAs, primitiveOf } from '../../primitives/rules/table.js';
import { entryOf } from '../../../internal/lookup.js';

/** The dtype of the numbers of a node. Keys have none. */
export const numberType = (n: Node): NumberType => {
  if (n.dtype === 'key') throw new Error('noisefold: a key has no buffer');
  return n.dtype;
};

/** The class of a node. Keys are evaluated on the host; a constant of one number is inlined into regions. */
export const classOf = (n: Node): Class => {
  if (n.dtype === 'key') return 'key';
  const { lowering } = primitiveOf(n);
  const isNumber = lowering.class === 'source' && lowering.data?.(n).length === 1;
  return isNumber ? 'elementwise' : lowering.class;
};

/** True for inputs and constants, whose numbers exist before the first call. */
export const isSource = (n: Node): boolean => primitiveOf(n).lowering.class === 'source';
export const isMovement = (n: Node): boolean => classOf(n) === 'movement';
/** True if regions compute the node inline unless it is stored. */
export const isInline = (n: Node): boolean => {
  const own = classOf(n);
  return own === 'elementwise' || own === 'movement';
};

/** The writes of a node of class `region`; null for other classes. */
export const writtenOf = (n: Node): RegionWrite | null => loweringAs(n, 'region')?.write(n) ?? null;

/** True if a node repeats elements of its operand. */
export const isRepeating = (n: Node): boolean => loweringAs(n, 'movement')?.repeats === true;

/**
 * True for a node that waits for another one. Calls are ordered by depth, and such a node is more than one deeper than
 * its operand.
 */
export const waits = (n: Node): boolean => primitiveOf(n).awaits === true && n.depth > operandOf(n).depth + 1;

/** Counts how often each item is in a list. */
export const countsOf = <A>(items: readonly A[]): ReadonlyMap<A, number> => {
  const counts = new Map<A, number>();
  for (const item of items) counts.set(item, 1 + (counts.get(item) ?? 0));
  return counts;
};

/** The maximum arithmetic, in additions, of an element that is recomputed for each consumer. */
const MOST_RECOMPUTED = 24;

/** The cost of recomputing an element. */
export interface Effort {
  /** The arithmetic, in additions. */
  readonly arithmetic: number;
  /**
   * The nodes whose buffers are read and are about as large as the result. Sources do not count: they are stored
   * anyway.
   */
  readonly large: ReadonlySet<Node>;
  /** True if the element needs any buffer. */
  readonly reads: boolean;
}

/** True if a node is recomputed for each consumer instead of stored. */
export const isCheap = ({ large, arithmetic }: Effort): boolean => large.size <= 1 && arithmetic <= MOST_RECOMPUTED;

/**
 * The maximum arithmetic, in additions, of a broadcast element that is recomputed for each copy, such as the scaling of
 * a sum in a mean.
 */
const MOST_REPEATED = 1;

/** True if a broadcast node is recomputed for each copy. */
export const isRepeated = ({ reads, arithmetic }: Effort): boolean => !reads || arithmetic <= MOST_REPEATED;

const arithmeticOf = (n: Node): number => loweringAs(n, 'elementwise')?.arithmetic(n) ?? 0;

const NONE: ReadonlySet<Node> = new Set();

/** The buffers that operands read, of at least a quarter of `size` elements. */
const largeAmong = (operands: readonly Effort[], size: number): ReadonlySet<Node> => {
  const all = operands.reduce<ReadonlySet<Node>>((union, { large }) => {
    if (large.size === 0 || large === union) return union;
    return union.size === 0 ? large : new Set([...union, ...large]);
  }, NONE);
  const large = [...all].filter((leaf) => 4 * sizeOf(leaf.shape) >= size);
  return large.length === all.size ? all : new Set(large); // avoids a copy if all are large
};

/** The effort of reading a stored node. */
const load = (n: Node): Effort => ({
  arithmetic: 0,
  large: classOf(n) === 'source' ? NONE : new Set([n]),
  reads: true,
});

/**
 * Estimates the efforts of all nodes of a graph, which is in topological order. A consumer pays one load for a node
 * that is probably stored: one with several consumers that is not cheap, or one that is broadcast and not repeated.
 */
export const efforts = (order: readonly Node[]): ReadonlyMap<Node, Effort> => {
  const uses = countsOf(order.flatMap(({ inputs }) => [...new Set(inputs)]));
  const own = new Map<Node, Effort>();
  const asOperand = new Map<Node, Effort>();
  const computed = (n: Node): Effort => {
    const inputs = n.inputs.map((input) => {
      const operand = entryOf(asOperand, input);
      return isRepeating(n) && !isRepeated(operand) ? load(input) : operand;
    });
    return {
      arithmetic: inputs.reduce((sum, input) => sum + input.arithmetic, arithmeticOf(n)),
      large: largeAmong(inputs, sizeOf(n.shape)),
      reads: inputs.some((input) => input.reads),
    };
  };
  for (const n of order) {
    const effort = isInline(n) ? computed(n) : load(n);
    const isStored = classOf(n) === 'elementwise' && (uses.get(n) ?? 0) > 1 && !isCheap(effort);
    own.set(n, effort);
    asOperand.set(n, isStored ? load(n) : effort);
  }
  return own;
};
