/** The classes of nodes, and the cost of computing a node again. */
import { type Node, sizeOf } from '../../graph/node.js';
import type { Class, Written } from '../../primitives/primitive.js';
import { loweringAs, primitiveOf } from '../../primitives/table.js';
import type { NumberType } from '../../graph/region.js';

/** The class of a node. A key is always evaluated on the host, and one number is part of any region. */
export const classOf = (n: Node): Class => {
  if (n.dtype === 'key') return 'key';
  const { lowering } = primitiveOf(n);
  const isNumber = lowering.class === 'source' && lowering.data?.(n).length === 1;
  return isNumber ? 'elementwise' : lowering.class;
};

/** True for an input or a constant: its numbers exist before the first call. */
export const isSource = (n: Node): boolean => primitiveOf(n).lowering.class === 'source';
export const isMovement = (n: Node): boolean => classOf(n) === 'movement';

/** True if a node repeats elements of its operand. */
export const isRepeating = (n: Node): boolean => loweringAs(n, 'movement')?.repeats === true;

/** The content of a node that regions write; null for any other node. */
export const writtenOf = (n: Node): Written | null => loweringAs(n, 'region')?.written(n) ?? null;

/** The dtype of numbers; a key has none. */
export const numberType = (n: Node): NumberType => {
  if (n.dtype === 'key') throw new Error('noisefold: a key has no buffer');
  return n.dtype;
};

/** An element may be computed a second time, rather than kept, up to this much arithmetic. */
const CHEAP = 24;

/** The cost of computing an element a second time. */
export interface Effort {
  /** Additions' worth of arithmetic. */
  readonly arithmetic: number;
  /** The buffers read that are about as large as the result, but for sources, which are kept anyway. */
  readonly large: ReadonlySet<Node>;
  /** True if anything is read. */
  readonly reads: boolean;
}

/** True if a node is computed again for each use, rather than stored. */
export const isCheap = ({ large, arithmetic }: Effort): boolean => large.size <= 1 && arithmetic <= CHEAP;

/** A broadcast node is computed for each of its copies, up to this much arithmetic: a mean is a sum, scaled. */
const REPEATED = 1;

/** True if a broadcast node is computed for each of its copies, rather than once. */
export const isRepeated = ({ reads, arithmetic }: Effort): boolean => !reads || arithmetic <= REPEATED;

const arithmeticOf = (n: Node): number => loweringAs(n, 'elementwise')?.arithmetic(n) ?? 0;

const NONE: ReadonlySet<Node> = new Set();

/** The buffers that operands read, of at least a quarter of `size` elements. */
const largeAmong = (operands: readonly Effort[], size: number): ReadonlySet<Node> => {
  const all = operands.reduce<ReadonlySet<Node>>((found, { large }) => {
    if (large.size === 0 || large === found) return found;
    return found.size === 0 ? large : new Set([...found, ...large]);
  }, NONE);
  const large = [...all].filter((leaf) => 4 * sizeOf(leaf.shape) >= size);
  return large.length === all.size ? all : new Set(large); // mostly the operand's own set, as it is
};

/** The effort of reading a stored node. */
const load = (n: Node): Effort => ({ arithmetic: 0, large: new Set([n]), reads: true });

/**
 * The efforts of all nodes of a graph (in topological order). What several nodes use and is not cheap, or is broadcast
 * and computed once, is taken to be kept, so that it costs those no more than a load.
 */
export const efforts = (order: readonly Node[]): ReadonlyMap<Node, Effort> => {
  const uses = new Map<Node, number>();
  for (const n of order)
    n.inputs.forEach((input, i) => {
      if (n.inputs.indexOf(input) === i) uses.set(input, 1 + (uses.get(input) ?? 0));
    });
  const own = new Map<Node, Effort>();
  const asOperand = new Map<Node, Effort>();
  for (const n of order) {
    const kind = classOf(n);
    const kept: Effort = kind === 'source' ? { ...load(n), large: NONE } : load(n);
    if (kind !== 'elementwise' && kind !== 'movement') {
      own.set(n, kept);
      asOperand.set(n, kept);
      continue;
    }
    const inputs = n.inputs.map((input) => {
      const operand = asOperand.get(input)!;
      return isRepeating(n) && !isRepeated(operand) ? load(input) : operand;
    });
    const size = sizeOf(n.shape);
    const effort: Effort = {
      arithmetic: inputs.reduce((sum, input) => sum + input.arithmetic, arithmeticOf(n)),
      large: largeAmong(inputs, size),
      reads: inputs.some((input) => input.reads),
    };
    own.set(n, effort);
    asOperand.set(n, kind === 'elementwise' && uses.get(n)! > 1 && !isCheap(effort) ? kept : effort);
  }
  return own;
};
