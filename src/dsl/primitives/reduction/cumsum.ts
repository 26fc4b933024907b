import { type Node, node } from '../../graph/node.js';
import { demandDType, NUMBERS } from '../dtype.js';
import { axisOf } from '../shape.js';
import { LIBRARY, type Primitive } from '../primitive.js';

/** The sums of the elements up to each one along an axis; from each one on if `reverse`. */
export const cumsum = (x: Node, axis: number, reverse = false): Node => {
  demandDType('cumsum', NUMBERS, x);
  return node('cumsum', [x], { axis: axisOf('cumsum', x, axis), reverse }, x.shape, x.dtype);
};

export const cumsumPrimitive: Primitive<'cumsum'> = {
  rebuild: ({ inputs: [x], attributes: { axis, reverse } }) => cumsum(x!, axis, reverse),
  derivative: ({ attributes: { axis, reverse } }, g) => [cumsum(g, axis, !reverse)],
  vmap: ({ attributes: { axis, reverse } }, [x]) => cumsum(x!.node, axis + 1, reverse),
  ofNothing: null,
  lowering: LIBRARY,
};
