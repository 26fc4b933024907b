/** Rearranges channels to pixels, and back. */
import { dual } from '../../dual.js';
import { raise, showShape } from '../../errors.js';
import { type Node, whereOf } from '../../graph/node.js';
import { reshape, transpose } from '../../primitives/index.js';
import type { Product, Quotient } from '../../types/product.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';

type Square<R extends number> = Product<[R, R]> & Dim;
type Times<D extends Dim, R extends Dim> = Product<[D, R]> & Dim;

/** The extents of an image. Raises `ConfigError` for an invalid factor, and `ShapeError` unless the rank is 4. */
const extentsOf = (where: string, { shape }: Node, r: number): readonly [number, number, number, number] => {
  if (!Number.isSafeInteger(r) || r < 1)
    raise('ConfigError', {
      where,
      expected: 'an integer ≥ 1 as the factor',
      actual: `${r}`,
      hint: 'a factor of 2 makes 2 × 2 pixels',
    });
  if (shape.length !== 4)
    raise('ShapeError', {
      where,
      expected: 'images, [B, H, W, C]',
      actual: showShape(shape),
      hint: 'reshape it first',
    });
  return shape as readonly [number, number, number, number]; // of rank 4
};

const requireDivisible = (where: string, x: Node, what: string, divides: boolean): void => {
  if (!divides)
    raise('ShapeError', {
      where: whereOf(where, [x]),
      expected: what,
      actual: showShape(x.shape),
      hint: 'choose another factor, or pad the axis',
    });
};

/**
 * Turns channels into pixels: `[B, H, W, C·r²]` → `[B, H·r, W·r, C]`. Input channel c·r² + i·r + j becomes channel c of
 * the pixel at row i and column j of its r × r pixels, as in PyTorch's `PixelShuffle` after NCHW is permuted to NHWC.
 * Raises `ShapeError` unless r² divides the channels. Shi et al. 2016, equation 4.
 * @example
 * pixelShuffle(constantOf([1, 2, 3, 4], 1, 1, 1, 4), 2) // → [[[[1], [2]], [[3], [4]]]]
 * pipe(zeros(8, 14, 14, 12), pixelShuffle(2)) // : Tensor<[8, 28, 28, 3]>
 */
export const pixelShuffle: {
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends DType, const R extends number>(
    x: Tensor<[B, H, W, C], D>,
    r: R,
  ): Tensor<[B, Times<H, R>, Times<W, R>, Quotient<C, Square<R>>], D>;
  <const R extends number>(
    r: R,
  ): <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends DType>(
    x: Tensor<[B, H, W, C], D>,
  ) => Tensor<[B, Times<H, R>, Times<W, R>, Quotient<C, Square<R>>], D>;
} = dual('pixelShuffle', 2, (x: AnyTensor, r: number) => {
  const n = nodeOf(x);
  const [B, H, W, C] = extentsOf('pixelShuffle', n, r);
  requireDivisible('pixelShuffle', n, `channels that ${r}² divides`, C % (r * r) === 0);
  const split = reshape(n, [B, H, W, C / (r * r), r, r]); // [B, H, W, c, i, j]
  return tensor(reshape(transpose(split, [0, 1, 4, 2, 5, 3]), [B, H * r, W * r, C / (r * r)]));
});

/**
 * Turns pixels into channels, the inverse of {@link pixelShuffle}: `[B, H·r, W·r, C]` → `[B, H, W, C·r²]`. Raises
 * `ShapeError` unless r divides height and width.
 * @example
 * pixelUnshuffle(constantOf([1, 2, 3, 4], 1, 2, 2, 1), 2) // → [[[[1, 2, 3, 4]]]]
 * pipe(zeros(8, 28, 28, 3), pixelUnshuffle(2)) // : Tensor<[8, 14, 14, 12]>
 */
export const pixelUnshuffle: {
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends DType, const R extends number>(
    x: Tensor<[B, H, W, C], D>,
    r: R,
  ): Tensor<[B, Quotient<H, R>, Quotient<W, R>, Times<C, Square<R>>], D>;
  <const R extends number>(
    r: R,
  ): <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends DType>(
    x: Tensor<[B, H, W, C], D>,
  ) => Tensor<[B, Quotient<H, R>, Quotient<W, R>, Times<C, Square<R>>], D>;
} = dual('pixelUnshuffle', 2, (x: AnyTensor, r: number) => {
  const n = nodeOf(x);
  const [B, H, W, C] = extentsOf('pixelUnshuffle', n, r);
  requireDivisible('pixelUnshuffle', n, `height and width that ${r} divides`, H % r === 0 && W % r === 0);
  const split = reshape(n, [B, H / r, r, W / r, r, C]); // [B, h, i, w, j, c]
  return tensor(reshape(transpose(split, [0, 1, 3, 5, 2, 4]), [B, H / r, W / r, C * r * r]));
});
