import { showShape } from '../../errors.js';
import { node } from '../../graph/node.js';
import { isSameShape, wrongShape } from '../shape.js';
import type { Build, Primitive } from '../primitive.js';

/** Repeats axes of extent 1; the rank stays. */
export const broadcast: Build['broadcast'] = (x, shape) => {
  if (shape.length !== x.shape.length || shape.some((d, i) => d !== x.shape[i] && x.shape[i] !== 1))
    wrongShape(
      'broadcast',
      x,
      `a shape that ${showShape(x.shape)} fills by repeating its axes of 1`,
      showShape(shape),
      shape.length === x.shape.length ? 'its other axes must be equal' : 'insert axes with expandDims or reshape first',
    );
  return isSameShape(shape, x.shape) ? x : node('broadcast', [x], {}, shape, x.dtype);
};

export const broadcastPrimitive: Primitive<'broadcast'> = {
  rebuild: ({ inputs: [x], shape }) => broadcast(x!, shape),
  derivative: ({ inputs: [x], shape }, g, { reduceKeeping }) => {
    const repeated = shape.flatMap((d, axis) => (d === x!.shape[axis] ? [] : [axis]));
    return [reduceKeeping('sum', g, repeated)];
  },
  vmap: ({ shape }, [x], extent) => broadcast(x!.node, [extent, ...shape]),
  ofNothing: null,
  lowering: {
    class: 'movement',
    index: ({ inputs: [x], shape }) => ({ axes: shape.map((d, axis) => (d === x!.shape[axis] ? axis : null)) }),
    repeats: true,
  },
};
