/** Dtypes that operands must have, and the numbers that a dtype holds. */
import { raise, showShape } from '../errors.js';
import { type ConstantData, type DType, type Node, whereOf } from '../graph/node.js';

export const wrongDType = (op: string, wrong: Node, expected: string, operands = [wrong]): never =>
  raise('DTypeError', { where: whereOf(op, operands), expected, actual: wrong.dtype, hint: 'cast the operand first' });

export const NUMBERS: readonly DType[] = ['float32', 'int32'];

/** Demands that all operands have one of the dtypes; raises `DTypeError`. */
export const demandDType = (op: string, dtypes: readonly DType[], ...operands: Node[]): void => {
  const wrong = operands.find(({ dtype }) => !dtypes.includes(dtype));
  if (wrong !== undefined) wrongDType(op, wrong, dtypes.join(' or '), operands);
};

/** Demands a key; raises `DTypeError`. */
export const demandKey = (op: string, key: Node): void => {
  if (key.dtype !== 'key')
    raise('DTypeError', {
      where: op,
      expected: 'a key',
      actual: `${key.dtype} ${showShape(key.shape)}`,
      hint: "declare the input as 'key'",
    });
};

/** The numbers as a dtype holds them: a bool is 0 or 1. Raises `DTypeError` for a fraction as int32. */
export const heldBy = (where: string, dtype: DType, numbers: ConstantData): ConstantData => {
  if (dtype === 'bool') return numbers.every((x) => x === 0 || x === 1) ? numbers : numbers.map(truthOf);
  const wrong = dtype === 'int32' ? numbers.find((x) => x !== (x | 0)) : undefined;
  return wrong === undefined
    ? numbers
    : raise('DTypeError', {
        where,
        expected: 'numbers of int32',
        actual: `${wrong}`,
        hint: 'round it, or cast the tensor to float32 first',
      });
};

/** The truth of a number: true unless it is 0. */
const truthOf = (x: number): number => (x === 0 ? 0 : 1);
