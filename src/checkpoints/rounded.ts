/** Rounds parameters to the dtype of a file. */
import { raise } from '../internal/errors.js';
import { halvesOf } from '../internal/numerics/toFloat16.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import { oneOf } from '../internal/decode.js';
import type { t } from '../internal/fp.js';

/** The dtypes of parameters in files. */
export type FileDType = 'float32' | 'float16';

/** Decodes a {@link FileDType}. */
export const fileDType: t.Type<FileDType> = oneOf('float32', 'float16');

/** Rounds a parameter to the dtype of a file. Raises `ConfigError` for a number beyond float16. */
export const rounded = (where: string, dtype: FileDType, name: string, tensor: StoredTensor): StoredTensor => {
  if (tensor.dtype !== 'F32' && tensor.dtype !== 'F64') return tensor;
  if (tensor.dtype === 'F32' && dtype === 'float32') return tensor;
  const { shape } = tensor;
  const data = Float32Array.from(tensor.data); // the reference backend has float64
  if (dtype === 'float32') return { dtype: 'F32', shape, data };
  const beyond = data.find((number) => Math.abs(number) >= 65520);
  if (beyond !== undefined)
    raise('ConfigError', {
      where: `${where}: ${name}`,
      expected: 'numbers within float16, at most 65504',
      actual: `${beyond}`,
      hint: "save the model with dtype: 'float32'",
    });
  return { dtype: 'F16', shape, data: halvesOf(data) };
};
