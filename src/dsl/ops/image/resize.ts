/** Changes the size of images: by interpolation, or by moving elements between channels and pixels. */
import type { Checked, NotMultiple } from '../../types/checked.js';
import { type Double, type Extent, isExtent, type OrNever, type Wide } from '../../types/dim.js';
import { dual, type Dual } from '../../../internal/dual.js';
import { raise, refuseShape, showShape, textOf } from '../../../internal/errors.js';
import { extentAt, type Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { wrongShape } from '../../primitives/checks.js';
import { broadcast, constant, dot, fourOf, gather, reshape, transpose } from '../../primitives/index.js';
import type { Product, Quotient } from '../../types/product.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';

/**
 * The positions of the centres of `to` pixels on an axis where `from` pixels have the centres 0, 1, …
 * (`align_corners=False` in PyTorch).
 */
const centres = (from: number, to: number): readonly number[] =>
  Array.from({ length: to }, (_, i) => ((i + 0.5) * from) / to - 0.5);

type Resize = Dual<
  <B extends Dim, C extends Dim, const H extends number, const W extends number>(
    image: Tensor<[B, Dim, Dim, C]>,
    height: Extent<H>,
    width: Extent<W>,
  ) => Tensor<[B, Wide<H>, Wide<W>, C]>,
  <const H extends number, const W extends number>(
    height: Extent<H>,
    width: Extent<W>,
  ) => <B extends Dim, C extends Dim>(image: Tensor<[B, Dim, Dim, C]>) => Tensor<[B, Wide<H>, Wide<W>, C]>
>;

/** Resizes the height, then the width, each by a function that resizes the first axis. */
const resizing = (op: string, alongFirst: (x: Node, to: number) => Node): Resize =>
  dual(op, 3, (image: AnyTensor, height: number, width: number) => {
    const n = nodeOf(image);
    if (![height, width].every((d) => isExtent(d) && d > 0) || n.shape[1] === 0 || n.shape[2] === 0)
      raise('ShapeError', {
        where: op,
        expected: 'a height and width of at least 1, of an image with pixels',
        actual: `${showShape([height, width])}, of ${showShape(n.shape)}`,
        hint: 'an image without pixels cannot be resized',
      });
    const rows = alongFirst(transpose(n, [1, 0, 2, 3]), height); // [height, B, W, C]
    const columns = alongFirst(transpose(rows, [2, 1, 0, 3]), width); // [width, B, height, C]
    return tensor(transpose(columns, [1, 2, 0, 3]));
  });

/** The interpolation weights of the two pixels around each centre: `[to, from]`. */
const shares = (from: number, to: number): Node => {
  const matrix = new Float64Array(to * from);
  centres(from, to).forEach((at, row) => {
    const inside = Math.min(from - 1, Math.max(0, at));
    const before = Math.floor(inside);
    matrix[row * from + before]! += 1 - (inside - before);
    matrix[row * from + Math.min(from - 1, before + 1)]! += inside - before;
  });
  return constant(matrix, [to, from], 'float32');
};

/**
 * Resizes images by the nearest pixel: `[B, H, W, C]` → `[B, height, width, C]`, as `nearest-exact` in PyTorch. Raises
 * `ShapeError` for a size of 0.
 * @example
 * resizeNearest(zeros(8, 28, 28, 3), 32, 16) // : Tensor<[8, 32, 16, 3]>
 * pipe(constantOf([1, 2, 3], 1, 1, 3, 1), resizeNearest(1, 5), reshape(5)) // → [1, 1, 2, 3, 3]
 */
export const resizeNearest: Resize = resizing('resizeNearest', (x, to) => {
  const from = extentAt(x, 0);
  const indices = centres(from, to).map((at) => Math.min(from - 1, Math.floor(at + 0.5)));
  return gather(x, constant(Int32Array.from(indices), [to], 'int32'));
});

/**
 * Resizes images by bilinear interpolation: `[B, H, W, C]` → `[B, height, width, C]`, as `bilinear` in PyTorch, without
 * antialiasing. Raises `ShapeError` for a size of 0.
 * @example
 * resizeBilinear(zeros(8, 28, 28, 3), 32, 16) // : Tensor<[8, 32, 16, 3]>
 * pipe(constantOf([0, 4], 1, 1, 2, 1), resizeBilinear(1, 4), reshape(4)) // → [0, 1, 3, 4]
 */
export const resizeBilinear: Resize = resizing('resizeBilinear', (x, to) => {
  const [from, ...rest] = x.shape as readonly [number, ...number[]];
  return reshape(dot(shares(from, to), reshape(x, [from, sizeOf(rest)])), [to, ...rest]);
});

/**
 * Doubles the size by repeating the nearest pixel: `[B, H, W, C]` → `[B, 2H, 2W, C]`.
 * @example
 * upsample(zeros(8, 14, 14, 64)) // : Tensor<[8, 28, 28, 64]>
 * pipe(constantOf([1, 2], 1, 1, 2, 1), upsample, reshape(2, 4)) // → [[1, 1, 2, 2], [1, 1, 2, 2]]
 */
export const upsample = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  image: Tensor<[B, H, W, C]>,
): Tensor<[B, Double<H>, Double<W>, C]> => {
  const n = nodeOf(image);
  const [B, H, W, C] = fourOf(n);
  const doubled = broadcast(reshape(n, [B, H, 1, W, 1, C]), [B, H, 2, W, 2, C]);
  return tensor(reshape(doubled, [B, 2 * H, 2 * W, C]));
};

type Square<R extends number> = Product<[R, R]> & Dim;
type Times<D extends Dim, R extends Dim> = Product<[D, R]> & Dim;

/** The extents of an image. Raises `ConfigError` for an invalid factor, and `ShapeError` unless the rank is 4. */
const extentsOf = (where: string, x: Node, r: number): readonly [number, number, number, number] => {
  const hint = 'a factor of 2 makes 2 × 2 pixels';
  if (!Number.isSafeInteger(r) || r < 1)
    raise('ConfigError', { where, expected: 'an integer ≥ 1 as the factor', actual: textOf(r), hint });
  if (x.shape.length !== 4) refuseShape(where, 'images, [B, H, W, C]', x.shape, 'reshape it first');
  return fourOf(x);
};

const requireDivisible = (where: string, x: Node, what: string, divides: boolean): void => {
  if (!divides) wrongShape(where, x, what, showShape(x.shape), 'choose another factor, or pad the axis');
};

/**
 * Turns channels into pixels: `[B, H, W, C·r²]` → `[B, H·r, W·r, C]`. Input channel c·r² + i·r + j becomes channel c of
 * the pixel at row i and column j of its r × r pixels, as in PyTorch's `PixelShuffle` after NCHW is permuted to NHWC.
 * Raises `ShapeError` unless r² divides the channels. Shi et al. 2016, equation 4.
 * @example
 * pixelShuffle(constantOf([1, 2, 3, 4], 1, 1, 1, 4), 2) // → [[[[1], [2]], [[3], [4]]]]
 * pipe(zeros(8, 14, 14, 12), pixelShuffle(2)) // : Tensor<[8, 28, 28, 3]>
 */
export const pixelShuffle: Dual<
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends DType, const R extends number>(
    x: Tensor<[B, H, W, C], D>,
    r: Checked<R, C, NotMultiple<C, Square<R>, 'channels', `, the square of ${R}`>>,
  ) => Tensor<[B, Times<H, R>, Times<W, R>, OrNever<Quotient<C, Square<R>>>], D>,
  <const R extends number>(
    r: R,
  ) => <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends DType>(
    x: Checked<Tensor<[B, H, W, C], D>, C, NotMultiple<C, Square<R>, 'channels', `, the square of ${R}`>>,
  ) => Tensor<[B, Times<H, R>, Times<W, R>, OrNever<Quotient<C, Square<R>>>], D>
> = dual('pixelShuffle', 2, (x: AnyTensor, r: number) => {
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
export const pixelUnshuffle: Dual<
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends DType, const R extends number>(
    x: Tensor<[B, H, W, C], D>,
    r: Checked<R, H, NotMultiple<H, R, 'rows', ''> | NotMultiple<W, R, 'columns', ''>, W>,
  ) => Tensor<[B, OrNever<Quotient<H, R>>, OrNever<Quotient<W, R>>, Times<C, Square<R>>], D>,
  <const R extends number>(
    r: R,
  ) => <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends DType>(
    x: Checked<Tensor<[B, H, W, C], D>, H, NotMultiple<H, R, 'rows', ''> | NotMultiple<W, R, 'columns', ''>, W>,
  ) => Tensor<[B, OrNever<Quotient<H, R>>, OrNever<Quotient<W, R>>, Times<C, Square<R>>], D>
> = dual('pixelUnshuffle', 2, (x: AnyTensor, r: number) => {
  const n = nodeOf(x);
  const [B, H, W, C] = extentsOf('pixelUnshuffle', n, r);
  requireDivisible('pixelUnshuffle', n, `height and width that ${r} divides`, H % r === 0 && W % r === 0);
  const split = reshape(n, [B, H / r, r, W / r, r, C]); // [B, h, i, w, j, c]
  return tensor(reshape(transpose(split, [0, 1, 3, 5, 2, 4]), [B, H / r, W / r, C * r * r]));
});
