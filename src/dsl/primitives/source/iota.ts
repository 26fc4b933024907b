import { node } from '../../graph/node.js';
import { type Build, LEAF, type Primitive } from '../primitive.js';

/** The index of each element along an axis. */
export const iota: Build['iota'] = (shape, axis, dtype = 'int32') => node('iota', [], { axis }, shape, dtype);

export const iotaPrimitive: Primitive<'iota'> = {
  rebuild: (n) => n,
  ...LEAF,
  lowering: {
    class: 'elementwise',
    arithmetic: () => 0,
    scalar: ({ attributes: { axis } }, _, dtype) => ({ op: 'index', axis, dtype }),
  },
};
