/** Dtypes that operands must have, and the numbers that a dtype holds. */
import { raise, showShape } from '../errors.js';
import { type ConstantData, type DType, type Node, whereOf } from '../graph/node.js';

/** Demands a dtype of operands; raises `DTypeError`. */
export const demandDType = (where: () => string, dtype: DType, ...operands: readonly Node[]): void => {
  const wrong = operands.find((n) => n.dtype !== dtype);
  if (wrong !== undefined)
    raise('DTypeError', { where: where(), expected: dtype, actual: wrong.dtype, hint: 'cast it first' });
};

export const wrongDType = (op: string, n: Node, expected: string): never =>
  raise('DTypeError', { where: whereOf(op, [n]), expected, actual: n.dtype, hint: 'cast the operand first' });

export const NUMBERS: readonly DType[] = ['float32', 'int32'];

/** Demands one of some dtypes; raises `DTypeError`. */
export const demandOneOf = (op: string, n: Node, dtypes: readonly DType[]): void => {
  if (!dtypes.includes(n.dtype)) wrongDType(op, n, dtypes.join(' or '));
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

/** A number is true where it is not 0. */
const truthOf = (x: number): number => (x === 0 ? 0 : 1);
