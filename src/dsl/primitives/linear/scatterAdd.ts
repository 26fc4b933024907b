import { raise, showShape } from '../../errors.js';
import { node } from '../../graph/node.js';
import { type Build, LIBRARY, type Primitive } from '../primitive.js';
import { demandIndices, indicesAmong, rowsOf } from './rows.js';

/** Adds rows of `updates: [m, ...rest]` into a zero tensor `[size, ...rest]`; an index out of range is clamped. */
export const scatterAdd: Build['scatterAdd'] = (indices, updates, size) => {
  demandIndices('scatterAdd', indices);
  if (updates.shape[0] !== indices.shape[0] || (size === 0 && indices.shape[0]! > 0))
    raise('ShapeError', {
      where: 'scatterAdd',
      expected: `updates of ${indices.shape[0]} rows, one for each index, and a size of at least 1`,
      actual: `updates ${showShape(updates.shape)} and the size ${size}`,
      hint: 'give the updates as many rows as there are indices',
    });
  return node('scatterAdd', [indices, updates], { size }, [size, ...updates.shape.slice(1)], updates.dtype);
};

export const scatterAddPrimitive: Primitive<'scatterAdd'> = {
  rebuild: ({ inputs: [indices, updates], attributes: { size } }) => scatterAdd(indices!, updates!, size),
  derivative: ({ inputs: [indices] }, g, { gather }) => [null, gather(g, indices!)],
  vmap: ({ shape, attributes: { size } }, [indices, updates], extent, build) => {
    const all = rowsOf(build.spread(updates!, extent), build);
    const rows = scatterAdd(indicesAmong(indices!, size, extent, build), all, extent * size);
    return build.reshape(rows, [extent, ...shape]);
  },
  ofNothing: ({ shape, dtype }, { full }) => full(0, shape, dtype), // the sum of no rows
  lowering: LIBRARY,
};
