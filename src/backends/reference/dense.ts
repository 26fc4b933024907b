import type { Attributes, Op } from '../../dsl/graph/node.js';
import type { NumberType } from '../../dsl/graph/region.js';
import type { NumberArray } from '../shared/heap.js';
import { sizeOf } from '../../internal/numbers.js';

/** A dense, row-major tensor in memory. */
export interface Dense {
  readonly data: NumberArray;
  readonly shape: readonly number[];
  readonly dtype: NumberType;
}

/** Computes a primitive. It writes every element of `output`. */
export type Primitive<K extends Op> = (attributes: Attributes[K], inputs: readonly Dense[], output: Dense) => void;

/** Splits a shape at one axis into `outer` blocks. Each block has `extent` rows of `inner` elements. */
export const alongAxis = (shape: readonly number[], axis: number) => ({
  outer: sizeOf(shape.slice(0, axis)),
  extent: shape[axis]!,
  inner: sizeOf(shape.slice(axis + 1)),
});
