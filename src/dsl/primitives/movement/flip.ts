import { node } from '../../graph/node.js';
import { axisOf, later } from '../shape.js';
import type { Build, Primitive } from '../primitive.js';

/** The elements in reverse order along some axes. */
export const flip: Build['flip'] = (x, axes) => {
  const resolved = axes.map((axis) => axisOf('flip', x, axis)).filter((axis) => x.shape[axis]! > 1);
  return resolved.length === 0 ? x : node('flip', [x], { axes: resolved }, x.shape, x.dtype);
};

export const flipPrimitive: Primitive<'flip'> = {
  rebuild: ({ inputs: [x], attributes: { axes } }) => flip(x!, axes),
  derivative: ({ attributes: { axes } }, g) => [flip(g, axes)],
  vmap: ({ attributes: { axes } }, [x]) => flip(x!.node, later(axes)),
  ofNothing: null,
  lowering: {
    class: 'movement',
    index: ({ shape, attributes: { axes } }) => ({
      scales: shape.map((_, axis) => (axes.includes(axis) ? -1 : 1)),
      offsets: shape.map((d, axis) => (axes.includes(axis) ? d - 1 : 0)),
    }),
  },
};
