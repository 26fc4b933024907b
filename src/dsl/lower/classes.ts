/** How lowering looks at the nodes of a graph. */
import { type Node, type NodeOf, type Op, sizeOf } from '../node.js';

export type Class =
  /** Has a buffer of its own from the start: an input, or a constant of several numbers. */
  | 'source'
  /** Computed element by element, so that it can be part of any region. */
  | 'elementwise'
  /** The same elements, addressed otherwise. */
  | 'movement'
  /** Written by regions of its own into its own buffer. */
  | 'region'
  /** A kernel on views: dot, convolution, a native composite. */
  | 'anchor'
  /** A kernel on dense tensors. */
  | 'library'
  | 'random'
  /** Evaluated on the host. */
  | 'key';

/** The class of each operation, but for keys, and constants of one number, which are part of any region. */
const CLASSES = {
  input: 'source',
  constant: 'source',
  iota: 'elementwise',
  unary: 'elementwise',
  binary: 'elementwise',
  select: 'elementwise',
  cast: 'elementwise',
  reshape: 'movement',
  transpose: 'movement',
  broadcast: 'movement',
  slice: 'movement',
  flip: 'movement',
  barrier: 'movement',
  stopGradient: 'movement',
  reduce: 'region',
  pad: 'region',
  concat: 'region',
  dot: 'anchor',
  conv2d: 'anchor',
  composite: 'anchor',
  cumsum: 'library',
  argmax: 'library',
  topKIndices: 'library',
  gather: 'library',
  scatterAdd: 'library',
  random: 'random',
  deriveKey: 'key',
} as const satisfies Readonly<Record<Op, Class>>;

export const classOf = (n: Node): Class => {
  if (n.dtype === 'key') return 'key';
  return n.op === 'constant' && n.attributes.data.length === 1 ? 'elementwise' : CLASSES[n.op];
};

/** The nodes of a class: a `switch` over their operations is complete or does not compile. */
export type OfClass<C extends Class> = NodeOf<{ [K in Op]: (typeof CLASSES)[K] extends C ? K : never }[Op]>;

export const isMovement = (n: Node): n is OfClass<'movement'> => classOf(n) === 'movement';
export const isRegion = (n: Node): n is OfClass<'region'> => classOf(n) === 'region';
export const isElementwise = (n: Node): n is OfClass<'elementwise'> | NodeOf<'constant'> =>
  classOf(n) === 'elementwise';

const COSTS: Readonly<Record<string, number>> = {
  div: 4, sqrt: 4, rsqrt: 4, reciprocal: 4, mod: 8, exp: 8, log: 8, sigmoid: 8, tanh: 8,
  expm1: 64, log1p: 64, sin: 64, cos: 64, tan: 64, atan: 64, erf: 64, pow: 64,
}; // prettier-ignore

/** An element may be computed a second time, rather than kept, up to this much arithmetic. */
const CHEAP = 24;

/** What it takes to compute an element again, where it is needed a second time. */
export interface Effort {
  /** Additions' worth of arithmetic. */
  readonly arithmetic: number;
  /** The buffers read that are about as large as the result, but for sources, which are kept anyway. */
  readonly large: ReadonlySet<Node>;
  /** Whether anything is read at all. */
  readonly reads: boolean;
}

/** Whether to compute a node again where it is needed, rather than to keep it. */
export const isCheap = ({ large, arithmetic }: Effort): boolean => large.size <= 1 && arithmetic <= CHEAP;

/** What is broadcast is computed for each of its copies, up to this much arithmetic: a mean is a sum, scaled. */
const REPEATED = 1;

/** Whether to compute a node for each of its copies where it is broadcast, rather than once. */
export const isRepeated = ({ reads, arithmetic }: Effort): boolean => !reads || arithmetic <= REPEATED;

const arithmeticOf = (n: Node): number => {
  if (n.op === 'unary' || n.op === 'binary') return COSTS[n.attributes.fn] ?? 1;
  return n.op === 'select' || n.op === 'cast' ? 1 : 0;
};

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

/** That of what is kept. */
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
      return n.op === 'broadcast' && !isRepeated(operand) ? load(input) : operand;
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
