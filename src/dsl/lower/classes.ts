/** How lowering looks at the nodes of a graph. */
import { type Node, sizeOf } from '../node.js';

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

export const classOf = (n: Node): Class => {
  if (n.dtype === 'key') return 'key';
  switch (n.op) {
    case 'input':
      return 'source';
    case 'constant':
      return n.attributes.data.length === 1 ? 'elementwise' : 'source';
    case 'iota':
    case 'unary':
    case 'binary':
    case 'select':
    case 'cast':
      return 'elementwise';
    case 'reshape':
    case 'transpose':
    case 'broadcast':
    case 'slice':
    case 'flip':
    case 'barrier':
    case 'stopGradient':
      return 'movement';
    case 'reduce':
    case 'pad':
    case 'concat':
      return 'region';
    case 'dot':
    case 'conv2d':
    case 'composite':
      return 'anchor';
    case 'random':
      return 'random';
    default:
      return 'library';
  }
};

const COSTS: Readonly<Record<string, number>> = {
  div: 4, sqrt: 4, rsqrt: 4, reciprocal: 4, mod: 8, exp: 8, log: 8, sigmoid: 8, tanh: 8,
  expm1: 64, log1p: 64, sin: 64, cos: 64, tan: 64, atan: 64, erf: 64, pow: 64,
}; // prettier-ignore

/** What it takes to compute an element again, where it is needed a second time. */
export interface Effort {
  /** Additions' worth of arithmetic. */
  readonly arithmetic: number;
  /** The buffers read that are about as large as the result. */
  readonly large: ReadonlySet<Node>;
  /** Whether anything is read at all. */
  readonly reads: boolean;
}

/** The efforts of all nodes of a graph (in topological order), as if nothing elementwise were stored. */
export const efforts = (order: readonly Node[]): ReadonlyMap<Node, Effort> => {
  const known = new Map<Node, Effort>();
  for (const n of order) {
    const kind = classOf(n);
    if (kind !== 'elementwise' && kind !== 'movement') {
      known.set(n, { arithmetic: 0, large: new Set([n]), reads: true });
      continue;
    }
    const inputs = n.inputs.map((input) => known.get(input)!);
    const own =
      n.op === 'unary' || n.op === 'binary'
        ? (COSTS[n.attributes.fn] ?? 1)
        : n.op === 'select' || n.op === 'cast'
          ? 1
          : 0;
    const size = sizeOf(n.shape);
    known.set(n, {
      arithmetic: inputs.reduce((sum, input) => sum + input.arithmetic, own),
      large: new Set(
        inputs.flatMap((input) => [...input.large].filter((leaf) => 4 * sizeOf(leaf.shape) >= size)),
      ),
      reads: inputs.some((input) => input.reads),
    });
  }
  return known;
};
