import { raise } from '../../errors.js';
import { type Node, node } from '../../graph/node.js';
import { demandDType, NUMBERS } from '../dtype.js';
import { LIBRARY, type Primitive } from '../primitive.js';

/** The indices of the k greatest elements along the last axis, in falling order. */
export const topKIndices = (x: Node, k: number): Node => {
  demandDType('topK', NUMBERS, x);
  const last = x.shape.at(-1) ?? 0;
  if (!Number.isInteger(k) || k < 1 || k > last)
    raise('ShapeError', {
      where: 'topK',
      expected: `k from 1 to ${last}`,
      actual: `${k}`,
      hint: 'k counts along the last axis',
    });
  return node('topKIndices', [x], { k }, [...x.shape.slice(0, -1), k], 'int32');
};

export const topKIndicesPrimitive: Primitive<'topKIndices'> = {
  rebuild: ({ inputs: [x], attributes: { k } }) => topKIndices(x!, k),
  derivative: null,
  vmap: ({ attributes: { k } }, [x]) => topKIndices(x!.node, k),
  ofNothing: null,
  lowering: LIBRARY,
};
