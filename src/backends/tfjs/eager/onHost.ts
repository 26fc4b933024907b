/** Scalar functions in JavaScript, for those that the kernels of an engine do not compute exactly enough. */
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import { binaryFunction, unaryFunction } from '../../shared/scalar.js';
import type { Tensor, TypedArray } from './engine.js';
import type { Operations } from './operations.js';
import { arrayOf } from './transfer.js';

/** The function that reads tensors of an engine; only engines that have one call a function inexact. */
const readerOf = ({ engine: { readNow } }: Operations): ((x: Tensor) => TypedArray) => {
  if (readNow === null) throw new Error('the host cannot read the tensors of this engine at once');
  return readNow;
};

export const hostUnary = (ops: Operations, fn: UnaryFn, dtype: NumberType): ((x: Tensor) => Tensor) => {
  const f = unaryFunction(fn, dtype);
  const read = readerOf(ops);
  return (x) => {
    const numbers = read(x);
    const results = arrayOf(dtype, x.size);
    for (let i = 0; i < results.length; i++) results[i] = f(numbers[i]!);
    return ops.engine.tensor(results, x.shape, dtype);
  };
};

/** A binary function of operands of one shape; `result` is its dtype. */
export const hostBinary = (
  ops: Operations,
  fn: BinaryFn,
  result: NumberType,
  dtype: NumberType,
): ((a: Tensor, b: Tensor) => Tensor) => {
  const f = binaryFunction(fn, dtype);
  const read = readerOf(ops);
  return (a, b) => {
    const [left, right] = [read(a), read(b)];
    const results = arrayOf(result, a.size);
    for (let i = 0; i < results.length; i++) results[i] = f(left[i]!, right[i]!);
    return ops.engine.tensor(results, a.shape, result);
  };
};
