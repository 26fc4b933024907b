import { type Node, node } from '../../graph/node.js';
import type { Primitive } from '../primitive.js';

/** x, with a derivative of 0. */
export const stopGradient = (x: Node): Node => node('stopGradient', [x], {}, x.shape, x.dtype);

export const stopGradientPrimitive: Primitive<'stopGradient'> = {
  rebuild: ({ inputs: [x] }) => stopGradient(x!),
  derivative: null,
  vmap: (_, [x]) => stopGradient(x!.node),
  ofNothing: null,
  lowering: { class: 'movement', index: 'same' },
  simplify: ({ inputs: [x] }) => x!,
};
