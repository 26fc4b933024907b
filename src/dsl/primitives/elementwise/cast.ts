import { node } from '../../graph/node.js';
import { wrongDType } from '../dtype.js';
import type { Build, Primitive } from '../primitive.js';

/** float32 to int32 truncates toward zero and saturates; a number is true where it is not 0. */
export const cast: Build['cast'] = (x, dtype) => {
  if (x.dtype === 'key') wrongDType('cast', x, 'a number or a bool');
  return x.dtype === dtype ? x : node('cast', [x], {}, x.shape, dtype);
};

export const castPrimitive: Primitive<'cast'> = {
  rebuild: (n) => (n.dtype === 'key' ? n : cast(n.inputs[0]!, n.dtype)),
  derivative: null, // an integer or a bool is on one side
  vmap: ({ dtype }, [x]) => cast(x!.node, dtype as Exclude<typeof dtype, 'key'>), // a key is not cast
  ofNothing: null,
  lowering: { class: 'elementwise', arithmetic: () => 1, scalar: (_, [a], dtype) => ({ op: 'cast', a: a!, dtype }) },
};
