import type { LibraryNode, View } from '../../dsl/plan/plan.js';
import type { Op } from '../../dsl/graph/node.js';
import { elementsOf, type Frame, type Rule } from '../shared/kernel.js';
import type { Dense, Primitive } from './dense.js';
import { binary, cast, constant, iota, select, unary } from './elementwise.js';
import { gather, scatterAdd } from './indexing.js';
import { conv2d, dot } from './linear.js';
import { broadcast, concat, copy, flip, pad, slice, transpose } from './movement.js';
import { argmax, cumsum, reduce, topKIndices } from './reduction.js';

/**
 * Operations that never occur as library calls: inputs are passed in, keys and random numbers have their own kinds of
 * calls, composites are decomposed.
 */
type NotLibraryCall = 'input' | 'deriveKey' | 'random' | 'composite';

const primitives: { readonly [K in Exclude<Op, NotLibraryCall>]: Primitive<K> } = {
  constant,
  iota,
  unary,
  binary,
  select,
  cast,
  reshape: copy,
  stored: copy,
  after: copy,
  stopGradient: copy,
  transpose,
  broadcast,
  slice,
  flip,
  pad,
  concat,
  reduce,
  cumsum,
  argmax,
  topKIndices,
  gather,
  scatterAdd,
  dot,
  conv2d,
};

const isPrimitive = (op: Op): op is keyof typeof primitives => Object.hasOwn(primitives, op);

const tensorAt = (frame: Frame, view: View): Dense => ({
  data: elementsOf(frame, view),
  shape: view.shape,
  dtype: view.dtype,
});

const primitiveOf = (node: LibraryNode): ((inputs: readonly Dense[], output: Dense) => void) | null => {
  if (!isPrimitive(node.op)) return null;
  // the table pairs each op with its own attributes; TypeScript loses this pairing when it indexes by a union
  const primitive = primitives[node.op] as Primitive<Op>;
  return (inputs, output) => primitive(node.attributes, inputs, output);
};

/** Runs each library call as a single primitive on dense tensors. */
export const libraryRule: Rule = (call) => {
  const primitive = call.kind === 'library' ? primitiveOf(call.node) : null;
  if (call.kind !== 'library' || primitive === null) return null;
  const { node, inputs, output } = call;
  return {
    name: `reference ${node.op}`,
    run: (frame) =>
      primitive(
        inputs.map((view) => tensorAt(frame, view)),
        tensorAt(frame, output),
      ),
  };
};
