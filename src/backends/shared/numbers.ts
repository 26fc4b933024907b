import type { HostArray } from '../../dsl/plan/backend.js';
import type { NumberType } from '../../dsl/graph/region.js';
import type { NumberArray } from './heap.js';
import { castFunction } from '../../dsl/primitives/casts.js';

/** Writes numbers from the host as elements of a dtype. A float32 target rounds them. */
export const writeNumbers = (target: NumberArray | Uint8Array, data: HostArray, dtype: NumberType): void => {
  if (dtype === 'float32') return target.set(data);
  const from = data instanceof Float32Array || data instanceof Float64Array ? 'float32' : 'int32';
  const convert = castFunction(from, dtype);
  for (let i = 0; i < data.length; i++) target[i] = convert(data[i]!);
};

/** Copies elements for the host. An int32 or bool gets its own array type, a float32 the array type of the source. */
export const readNumbers = (source: NumberArray, dtype: NumberType): HostArray => {
  if (dtype === 'bool') return Uint8Array.from(source);
  return dtype === 'int32' ? Int32Array.from(source) : source.slice();
};
