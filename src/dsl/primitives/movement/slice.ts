import { showShape } from '../../errors.js';
import { isExtent } from '../../types/extent.js';
import { node } from '../../graph/node.js';
import { isSameShape, wrongShape } from '../shape.js';
import type { Build, Primitive } from '../primitive.js';

/**
 * `size[i]` elements from `start[i]` in steps of `strides[i]` (positive). `name` is the path of the tensor that it is,
 * in a tree whose tensors lie one behind the other in x.
 */
export const slice: Build['slice'] = (x, start, size, strides = start.map(() => 1), name) => {
  const fits =
    start.length === x.shape.length && size.length === start.length && strides.length === start.length &&
    [...start, ...size, ...strides].every(isExtent) &&
    x.shape.every((d, i) => strides[i]! > 0 && (size[i] === 0 || start[i]! + (size[i]! - 1) * strides[i]! < d)); // prettier-ignore
  if (!fits)
    wrongShape(
      'slice',
      x,
      `a box of whole elements inside ${showShape(x.shape)}`,
      `start ${showShape(start)}, size ${showShape(size)}, strides ${showShape(strides)}`,
      'keep start + (size - 1)·stride below the extent',
    );
  if (name !== undefined) return node('slice', [x], { start, strides, name }, size, x.dtype);
  return isSameShape(size, x.shape) ? x : node('slice', [x], { start, strides }, size, x.dtype);
};

export const slicePrimitive: Primitive<'slice'> = {
  rebuild: ({ inputs: [x], shape, attributes: { start, strides } }) => slice(x!, start, shape, strides),
  derivative: ({ inputs: [x], shape, attributes: { start, strides } }, g, { pad }) => {
    const end = start.map((s, i) => (shape[i] === 0 ? s : s + (shape[i]! - 1) * strides[i]! + 1));
    const high = x!.shape.map((d, i) => d - end[i]!);
    return [pad(g, start, high, strides.map((s) => s - 1))]; // prettier-ignore
  },
  vmap: ({ shape, attributes: { start, strides } }, [x], extent) =>
    slice(x!.node, [0, ...start], [extent, ...shape], [1, ...strides]),
  ofNothing: null,
  lowering: {
    class: 'movement',
    index: ({ attributes: { start, strides } }) => ({ scales: strides, offsets: start }),
    isPart: true,
  },
};
