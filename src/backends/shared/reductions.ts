/** The functions by which reductions combine and compare numbers. */
import type { BinaryFn, ReduceFn } from '../../dsl/graph/node.js';
import type { Unary } from '../../dsl/primitives/scalar.js';

/** Sorts NaN as ∞, in `argmax` and `topKIndices`: comparisons with NaN define no order. */
export const rank: Unary = (x) => (Number.isNaN(x) ? Infinity : x);

/** The binary function with which a reduction combines values. */
export const COMBINE = {
  sum: 'add',
  prod: 'mul',
  max: 'max',
  min: 'min',
} as const satisfies Readonly<Record<ReduceFn, BinaryFn>>;
