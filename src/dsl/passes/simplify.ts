import { type Node, rewrite } from '../node.js';
import { add, reshape, transpose, zerosLike } from '../primitives/index.js';

/** The number that a node holds everywhere, if it is a constant of one number seen through movement. */
const uniformOf = (n: Node): number | null => {
  switch (n.op) {
    case 'constant':
      return n.attributes.data.length === 1 ? n.attributes.data[0]! : null;
    case 'reshape':
    case 'transpose':
    case 'broadcast':
    case 'slice':
    case 'flip':
    case 'stopGradient':
      return uniformOf(n.inputs[0]!);
    default:
      return null;
  }
};

/** Rewrites that keep every value, NaN and infinity included (`x · 0` is not 0). */
const simpler = (n: Node): Node => {
  switch (n.op) {
    case 'stopGradient':
      return n.inputs[0]!;
    case 'reshape': {
      const x = n.inputs[0]!;
      return x.op === 'reshape' ? reshape(x.inputs[0]!, n.shape) : n;
    }
    case 'transpose': {
      const x = n.inputs[0]!;
      if (x.op !== 'transpose') return n;
      return transpose(
        x.inputs[0]!,
        n.attributes.permutation.map((axis) => x.attributes.permutation[axis]!),
      );
    }
    case 'unary': {
      const x = n.inputs[0]!;
      if (n.attributes.fn === 'neg' && x.op === 'unary' && x.attributes.fn === 'neg') return x.inputs[0]!;
      return n;
    }
    case 'binary':
      return n.dtype === 'float32' ? simplerBinary(n) : n;
    case 'reduce': {
      const [x] = n.inputs as readonly [Node];
      if (n.attributes.axes.some((axis) => x.shape[axis] !== 1)) return n;
      const only = reshape(x, n.shape);
      const beginsWithZero = n.attributes.fn === 'sum' && n.dtype === 'float32';
      return beginsWithZero ? add(only, zerosLike(only)) : only; // the sum of −0 is 0
    }
    default:
      return n;
  }
};

const simplerBinary = (n: Extract<Node, { op: 'binary' }>): Node => {
  const [a, b] = n.inputs as readonly [Node, Node];
  const [va, vb] = [uniformOf(a), uniformOf(b)];
  const { fn } = n.attributes;
  // x + (−0), x − 0, x · 1 and x / 1 are x; but −0 + 0 is 0, and 1/0 is not 1/(−0)
  if (fn === 'add') return Object.is(va, -0) ? b : Object.is(vb, -0) ? a : n;
  if (fn === 'sub') return Object.is(vb, 0) ? a : n;
  if (fn === 'mul') return va === 1 ? b : vb === 1 ? a : n;
  if (fn === 'div') return vb === 1 ? a : n;
  return n;
};

/** Algebra on the graph, inputs first, so that one sweep reaches a fixed point of most chains. */
export const simplify = (roots: readonly Node[]): readonly Node[] => rewrite(roots, simpler);
