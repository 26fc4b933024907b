/** Transfers numbers between the host and an engine. */
import type { HostArray } from '../../../dsl/plan/backend.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import { writeNumbers } from '../../shared/numbers.js';
import type { Engine, Tensor, TypedArray } from './engine.js';

/** An array of zeros for a dtype, as tfjs stores it. */
export const arrayOf = (dtype: NumberType, elements: number): Float32Array | Int32Array | Uint8Array => {
  if (dtype === 'bool') return new Uint8Array(elements);
  return dtype === 'int32' ? new Int32Array(elements) : new Float32Array(elements);
};

/** Uploads numbers as a vector, converted to the dtype. */
export const tensorOf = (engine: Engine, data: HostArray, dtype: NumberType): Tensor => {
  const numbers = arrayOf(dtype, data.length);
  writeNumbers(numbers, data, dtype);
  return engine.tensor(numbers, [data.length], dtype);
};

/** Reads a copy of a tensor's numbers. A null tensor has none. */
export const numbersOf = (engine: Engine, tensor: Tensor | null, dtype: NumberType): HostArray | Promise<HostArray> => {
  const copyOf = (data: TypedArray): HostArray => {
    const numbers = arrayOf(dtype, data.length);
    numbers.set(data);
    return numbers;
  };
  if (tensor === null) return arrayOf(dtype, 0);
  const read = engine.read(tensor);
  return read instanceof Promise ? read.then(copyOf) : copyOf(read);
};
