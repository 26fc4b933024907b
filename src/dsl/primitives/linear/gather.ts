import { raise, showShape } from '../../errors.js';
import { node } from '../../graph/node.js';
import { type Build, LIBRARY, type Primitive } from '../primitive.js';
import { demandIndices, indicesAmong, rowsOf } from './rows.js';

/** Rows of `x: [n, ...rest]` at `indices: [m]`, clamped into 0…n-1. */
export const gather: Build['gather'] = (x, indices) => {
  demandIndices('gather', indices);
  const rows = x.shape[0] ?? 0;
  if (x.shape.length === 0 || x.dtype === 'key' || (rows === 0 && indices.shape[0]! > 0))
    raise('ShapeError', {
      where: 'gather',
      expected: 'a tensor with rows',
      actual: `${x.dtype} ${showShape(x.shape)}`,
      hint: x.shape.length === 0 ? 'reshape it' : 'there is nothing to gather from no rows',
    });
  return node('gather', [x, indices], {}, [indices.shape[0]!, ...x.shape.slice(1)], x.dtype);
};

export const gatherPrimitive: Primitive<'gather'> = {
  rebuild: ({ inputs: [x, indices] }) => gather(x!, indices!),
  derivative: ({ inputs: [x, indices] }, g, { scatterAdd }) => [scatterAdd(indices!, g, x!.shape[0]!), null],
  // if all examples take rows of the same tensor, the result is its rows at all of the indices
  vmap: ({ shape, inputs }, [x, indices], extent, build) => {
    const rows = x!.mapped
      ? gather(rowsOf(x!.node, build), indicesAmong(indices!, inputs[0]!.shape[0]!, extent, build))
      : gather(x!.node, rowsOf(indices!.node, build));
    return build.reshape(rows, [extent, ...shape]);
  },
  ofNothing: null,
  lowering: LIBRARY,
};
