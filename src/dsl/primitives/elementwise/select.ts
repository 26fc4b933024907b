import { node } from '../../graph/node.js';
import { wrongDType } from '../dtype.js';
import { demandAlike, demandSameShape } from '../shape.js';
import type { Build, Primitive } from '../primitive.js';

/** `onTrue` where `condition` holds, `onFalse` elsewhere. */
export const select: Build['select'] = (condition, onTrue, onFalse) => {
  if (condition.dtype !== 'bool') wrongDType('select', condition, 'a bool condition');
  demandAlike('select', onTrue, onFalse);
  demandSameShape('select', condition, onTrue);
  return node('select', [condition, onTrue, onFalse], {}, onTrue.shape, onTrue.dtype);
};

export const selectPrimitive: Primitive<'select'> = {
  rebuild: ({ inputs: [condition, a, b] }) => select(condition!, a!, b!),
  derivative: ({ inputs: [condition] }, g, { zerosLike }) => [
    null,
    select(condition!, g, zerosLike(g)),
    select(condition!, zerosLike(g), g),
  ],
  vmap: (_, [condition, a, b], extent, { spread }) =>
    select(spread(condition!, extent), spread(a!, extent), spread(b!, extent)),
  ofNothing: null,
  lowering: {
    class: 'elementwise',
    arithmetic: () => 1,
    scalar: (_, [condition, a, b], dtype) => ({ op: 'select', condition: condition!, a: a!, b: b!, dtype }),
  },
  used: ({ inputs }, i, { zerosLike }) => {
    const [condition, operand] = [inputs[0]!, inputs[i]!];
    if (i === 0) return condition;
    const zero = zerosLike(operand);
    return i === 1 ? select(condition, operand, zero) : select(condition, zero, operand);
  },
};
