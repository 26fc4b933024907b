import type { Node } from '../node.js';
import { axisOf, mul, pad, slice } from '../primitives/index.js';
import type { Having } from '../shape.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import type { Numeric } from './operand.js';

/** The elements of an axis moved `by` places behind, ones before them. */
const behind = (x: Node, axis: number, by: number): Node => {
  const along = (count: number): readonly number[] => x.shape.map((_, i) => (i === axis ? count : 0));
  const kept = x.shape.map((d, i) => (i === axis ? d - by : d));
  return pad(slice(x, along(0), kept), along(by), along(0), along(0), 1);
};

/**
 * The products of the elements of an axis up to each of them, itself included. Its gradient divides by
 * nothing, so that zeros are right. Hillis & Steele 1986: log₂ n steps, each over twice as many elements.
 *
 * @example
 * pipe(constantOf([1, 2, 3, 4], 4), cumprod(0)) // → [1, 2, 6, 24]
 */
export const cumprod =
  <const A extends number>(axis: A) =>
  <S extends Shape, D extends Numeric>(x: Tensor<S, D>): Tensor<Having<S, [A]>, D> => {
    const n = nodeOf(x);
    const at = axisOf('cumprod', n, axis);
    const from = (products: Node, by: number): Node =>
      by < n.shape[at]! ? from(mul(products, behind(products, at, by)), 2 * by) : products;
    return tensor(from(n, 1));
  };
