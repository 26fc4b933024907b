import { type Node, rewrite, sizeOf } from '../node.js';
import { concat, constant, full } from '../primitives/index.js';
import { identityOf } from '../region.js';

const isEmpty = (n: Node): boolean => sizeOf(n.shape) === 0;

/** What a node with elements makes of an operand without. */
const ofNothing = (n: Node): Node => {
  switch (n.op) {
    case 'reduce':
      return full(identityOf(n.attributes.fn, n.dtype === 'int32' ? 'int32' : 'float32'), n.shape, n.dtype);
    case 'pad':
      return full(n.attributes.value, n.shape, n.dtype);
    case 'concat':
      return concat(
        n.inputs.filter((part) => !isEmpty(part)),
        n.attributes.axis,
      );
    // sums of no products, or of no rows
    case 'dot':
    case 'conv2d':
    case 'composite':
    case 'scatterAdd':
      return full(0, n.shape, n.dtype);
    // without an operand's elements these have none themselves
    case 'input':
    case 'constant':
    case 'iota':
    case 'unary':
    case 'binary':
    case 'select':
    case 'cast':
    case 'reshape':
    case 'transpose':
    case 'broadcast':
    case 'slice':
    case 'flip':
    case 'cumsum':
    case 'argmax':
    case 'topKIndices':
    case 'gather':
    case 'deriveKey':
    case 'random':
    case 'barrier':
    case 'stopGradient':
      return n;
  }
};

/** Computes what has no elements, or is made of none, so that backends need not know of empty tensors. */
export const nothing = (roots: readonly Node[]): readonly Node[] =>
  rewrite(roots, (n) => {
    if (n.op === 'input' || n.op === 'constant' || n.dtype === 'key') return n;
    if (isEmpty(n)) return constant(new Float64Array(0), n.shape, n.dtype);
    return n.inputs.some(isEmpty) ? ofNothing(n) : n;
  });
