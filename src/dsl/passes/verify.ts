import { showShape } from '../errors.js';
import { type Node, reachable } from '../node.js';
import * as P from '../primitives/index.js';

/** What a node's constructor makes of the same inputs and attributes. */
const rebuilt = (n: Node): Node => {
  const [a, b, c] = n.inputs as readonly [Node, Node, Node]; // as many as there are
  switch (n.op) {
    case 'input':
    case 'iota':
      return n;
    case 'constant':
      return P.constant(n.attributes.data, n.shape, n.dtype);
    case 'unary':
      return P.unary(n.attributes.fn, a);
    case 'binary':
      return P.binary(n.attributes.fn, a, b);
    case 'select':
      return P.select(a, b, c);
    case 'cast':
      return n.dtype === 'key' ? n : P.cast(a, n.dtype);
    case 'reshape':
      return P.reshape(a, n.shape);
    case 'transpose':
      return P.transpose(a, n.attributes.permutation);
    case 'broadcast':
      return P.broadcast(a, n.shape);
    case 'slice':
      return P.slice(a, n.attributes.start, n.shape, n.attributes.strides);
    case 'flip':
      return P.flip(a, n.attributes.axes);
    case 'pad':
      return P.pad(a, n.attributes.low, n.attributes.high, n.attributes.interior, n.attributes.value);
    case 'concat':
      return P.concat(n.inputs, n.attributes.axis);
    case 'reduce':
      return P.reduce(n.attributes.fn, a, n.attributes.axes);
    case 'cumsum':
      return P.cumsum(a, n.attributes.axis, n.attributes.reverse);
    case 'argmax':
      return P.argmax(a, n.attributes.axis);
    case 'topKIndices':
      return P.topKIndices(a, n.attributes.k);
    case 'gather':
      return P.gather(a, b);
    case 'scatterAdd':
      return P.scatterAdd(a, b, n.attributes.size);
    case 'dot':
      return P.dot(a, b);
    case 'conv2d':
      return P.conv2d(a, b, n.attributes);
    case 'deriveKey':
      return P.deriveKey(a, n.attributes.words);
    case 'random':
      return P.random(n.attributes.distribution, a, n.shape);
    case 'barrier':
      return P.barrier(a, b);
    case 'stopGradient':
      return P.stopGradient(a);
    case 'composite':
      return P.composite(n.attributes.composite, n.inputs, n.attributes.options);
  }
};

/**
 * Checks that every node of a graph has the shape and dtype that its constructor gives, and lies deeper than its
 * inputs. It runs after every pass, over what the pass has made: `known` were found well-formed before. Gives all
 * that are known now. What it throws is a defect of noisefold, not an error of the program.
 */
export const verify = (
  pass: string,
  roots: readonly Node[],
  known: readonly Node[] = [],
): readonly Node[] => {
  const made = reachable(roots, known);
  for (const n of made) {
    const { shape, dtype } = rebuilt(n);
    const same =
      dtype === n.dtype && shape.length === n.shape.length && shape.every((d, i) => d === n.shape[i]);
    if (!same || n.inputs.some((input) => input.depth >= n.depth))
      throw new Error(
        `noisefold: pass '${pass}' made a malformed ${n.op}: ${n.dtype} ${showShape(n.shape)}, should be ${dtype} ${showShape(shape)}`,
      );
  }
  return [...known, ...made];
};
