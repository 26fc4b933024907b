import type { Attributes, Op } from '../../dsl/node.js';
import type { NumberType } from '../../dsl/region.js';
import type { NumberArray } from '../shared/heap.js';

/** A dense, row-major tensor in memory. */
export interface Dense {
  readonly data: NumberArray;
  readonly shape: readonly number[];
  readonly dtype: NumberType;
}

/** Computes a primitive: writes all of `output`. */
export type Primitive<K extends Op> = (
  attributes: Attributes[K],
  inputs: readonly Dense[],
  output: Dense,
) => void;

/** A tensor seen along one axis: `outer` blocks of `extent` rows of `inner` elements. */
export const alongAxis = (shape: readonly number[], axis: number) => ({
  outer: shape.slice(0, axis).reduce((a, b) => a * b, 1),
  extent: shape[axis]!,
  inner: shape.slice(axis + 1).reduce((a, b) => a * b, 1),
});
