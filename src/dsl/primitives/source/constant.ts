import { raise, showShape } from '../../errors.js';
import { type ConstantData, type DType, type Node, node, sizeOf } from '../../graph/node.js';
import { heldBy } from '../dtype.js';
import { LEAF, type Primitive } from '../primitive.js';

/** Numbers that are known, in row-major order. Raises `ShapeError` unless there is one for each element. */
export const constant = (data: ConstantData, shape: readonly number[], dtype: DType): Node => {
  if (data.length !== sizeOf(shape))
    raise('ShapeError', {
      where: 'constant',
      expected: `${sizeOf(shape)} numbers for ${showShape(shape)}`,
      actual: `${data.length}`,
      hint: 'give one number for each element',
    });
  return node('constant', [], { data: heldBy('constant', dtype, data) }, shape, dtype);
};

export const constantPrimitive: Primitive<'constant'> = {
  rebuild: ({ attributes: { data }, shape, dtype }) => constant(data, shape, dtype),
  ...LEAF,
  lowering: { class: 'source', data: ({ attributes: { data } }) => data },
};
