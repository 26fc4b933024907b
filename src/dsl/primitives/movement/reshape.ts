import { showShape } from '../../errors.js';
import { node, sizeOf } from '../../graph/node.js';
import { isSameShape, wrongShape } from '../shape.js';
import type { Build, Primitive } from '../primitive.js';

/** The same elements, in row-major order, in another shape. */
export const reshape: Build['reshape'] = (x, shape) => {
  if (sizeOf(shape) !== sizeOf(x.shape))
    wrongShape(
      'reshape',
      x,
      `${sizeOf(x.shape)} elements, as in ${showShape(x.shape)}`,
      `${sizeOf(shape)} in ${showShape(shape)}`,
      'give a shape of as many elements',
    );
  return isSameShape(shape, x.shape) ? x : node('reshape', [x], {}, shape, x.dtype);
};

export const reshapePrimitive: Primitive<'reshape'> = {
  rebuild: ({ inputs: [x], shape }) => reshape(x!, shape),
  derivative: ({ inputs: [x] }, g) => [reshape(g, x!.shape)],
  vmap: ({ shape }, [x], extent) => reshape(x!.node, [extent, ...shape]),
  ofNothing: null,
  lowering: { class: 'movement', index: 'regrouped' },
  simplify: (n) => {
    const x = n.inputs[0]!;
    return x.op === 'reshape' ? reshape(x.inputs[0]!, n.shape) : n;
  },
};
