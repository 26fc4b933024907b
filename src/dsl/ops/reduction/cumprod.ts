import { dual } from '../../dual.js';
import type { Node } from '../../graph/node.js';
import { axisOf, mul } from '../../primitives/index.js';
import { padAlong, sliceAlong } from '../shape/slicing.js';
import { type AnyTensor, nodeOf, tensor } from '../../graph/tensor.js';
import type { Cumulative } from './reduction.js';

/** Shifts the elements of an axis by `by` places toward its end, and fills with ones. */
const shifted = (x: Node, axis: number, by: number): Node =>
  padAlong(sliceAlong(x, axis, 0, x.shape[axis]! - by), axis, by, 0, 1);

/**
 * Cumulative products along an axis; each includes its own element. The gradient has no division, so zeros are handled.
 * Hillis & Steele 1986: log₂ n steps, each over twice as many elements.
 * @example cumprod(constantOf([1, 2, 3, 4], 4), 0) // → [1, 2, 6, 24]
 */
export const cumprod: Cumulative = dual('cumprod', 2, (x: AnyTensor, axis: number) => {
  const n = nodeOf(x);
  const at = axisOf('cumprod', n, axis);
  const from = (products: Node, by: number): Node =>
    by < n.shape[at]! ? from(mul(products, shifted(products, at, by)), 2 * by) : products;
  return tensor(from(n, 1));
});
