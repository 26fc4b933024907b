/** Copies as regions. */
import type { Region } from '../../dsl/region.js';
import type { Layout } from '../shared/strided.js';

/** A place in a buffer of the plan. */
export interface Place extends Layout {
  readonly buffer: number;
}

/** Copies the float32 elements of a tensor of `shape`. */
export const copyRegion = (shape: readonly number[], from: Place, to: Place): Region => {
  const [extents, strides] = shape.length === 0 ? [[1], [0]] : [shape, null];
  return {
    extents,
    reduced: 0,
    loads: [{ ...from, strides: strides ?? from.strides }],
    body: [{ op: 'load', load: 0, dtype: 'float32' }],
    stores: [{ ...to, strides: strides ?? to.strides, value: 0, reduce: null }],
  };
};

/** Sets the float32 elements of a tensor of `shape` to 0. */
export const zeroRegion = (shape: readonly number[], to: Place): Region => ({
  extents: shape.length === 0 ? [1] : shape,
  reduced: 0,
  loads: [],
  body: [{ op: 'constant', value: 0, dtype: 'float32' }],
  stores: [{ ...to, strides: shape.length === 0 ? [0] : to.strides, value: 0, reduce: null }],
});
