import { raise, showShape } from '../../errors.js';
import { type Node, node } from '../../graph/node.js';
import { demandDType, NUMBERS } from '../dtype.js';
import { axisOf } from '../shape.js';
import { LIBRARY, type Primitive } from '../primitive.js';

/** The index of the greatest element along an axis, which disappears; of equal ones, the first. */
export const argmax = (x: Node, axis: number): Node => {
  demandDType('argmax', NUMBERS, x);
  const along = axisOf('argmax', x, axis);
  if (x.shape[along] === 0)
    raise('ShapeError', {
      where: 'argmax',
      expected: `elements along axis ${along}`,
      actual: showShape(x.shape),
      hint: 'nothing has no largest element',
    });
  const shape = x.shape.filter((_, i) => i !== along);
  return node('argmax', [x], { axis: along }, shape, 'int32');
};

export const argmaxPrimitive: Primitive<'argmax'> = {
  rebuild: ({ inputs: [x], attributes: { axis } }) => argmax(x!, axis),
  derivative: null,
  vmap: ({ attributes: { axis } }, [x]) => argmax(x!.node, axis + 1),
  ofNothing: null,
  lowering: LIBRARY,
};
