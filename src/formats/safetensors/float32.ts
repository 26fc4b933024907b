/** The range of float32, the dtype of floating-point tensors on backends. */
import { fail } from '../../internal/errors.js';
import { E } from '../../internal/fp.js';
import type { Checked, StoredTensor } from './safetensorsLayout.js';

/** The largest number of float32, rounded. */
const LARGEST = 3.4e38;

const overflows = (number: number): boolean => Number.isFinite(number) && !Number.isFinite(Math.fround(number));

/**
 * Raises `DecodeError` for a tensor with a finite float64 that float32 would round to infinity. `where` names the
 * tensor.
 */
export const withinFloat32 = (where: string, tensor: StoredTensor): Checked<StoredTensor> => {
  const { dtype, data } = tensor;
  const at = dtype === 'F64' ? data.findIndex(overflows) : -1;
  if (at === -1) return E.right(tensor);
  return fail('DecodeError', {
    where,
    expected: `numbers of float32, up to ±${LARGEST}`,
    actual: `${data[at]} at position ${at}`,
    hint: 'use other weights, or an earlier checkpoint: parameters are float32',
  });
};
