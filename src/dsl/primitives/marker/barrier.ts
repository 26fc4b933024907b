import { type Node, node } from '../../graph/node.js';
import type { Primitive } from '../primitive.js';

/** Stores x in a buffer of its own. With `after`, x is computed after it. */
export const barrier = (x: Node, after?: Node): Node =>
  node('barrier', after === undefined ? [x] : [x, after], {}, x.shape, x.dtype);

export const barrierPrimitive: Primitive<'barrier'> = {
  rebuild: ({ inputs: [x, after] }) => barrier(x!, after),
  derivative: ({ inputs }, g) => inputs.map((_, i) => (i === 0 ? g : null)),
  vmap: (_, [x, after]) => barrier(x!.node, after?.node), // it waits for all of the batch
  ofNothing: null,
  lowering: { class: 'movement', index: 'same' },
  isUnique: true,
  awaits: true,
};
