/** Images of another size, between pixels whose centres are at halves (`align_corners=False` in PyTorch). */
import type { Extent, Wide } from '../dim.js';
import { raise, showShape } from '../errors.js';
import { isExtent } from '../extent.js';
import { type Node, sizeOf } from '../node.js';
import { constant, dot, gather, reshape, transpose } from '../primitives/index.js';
import { type Dim, nodeOf, type Tensor, tensor } from '../tensor.js';

/**
 * Where the centre of each pixel of `to` lies among `from` pixels, in pixels from the centre of the first.
 */
const centres = (from: number, to: number): readonly number[] =>
  Array.from({ length: to }, (_, i) => ((i + 0.5) * from) / to - 0.5);

/** Demands pixels to resize from and to. */
const pixels = (op: string, { shape }: Node, size: readonly number[]): void => {
  if (!size.every((d) => isExtent(d) && d > 0) || shape[1] === 0 || shape[2] === 0)
    raise('ShapeError', {
      where: op,
      expected: 'a height and width of at least 1, of an image with pixels',
      actual: `${showShape(size)}, of ${showShape(shape)}`,
      hint: 'there is nothing between no pixels',
    });
};

type Resize = <const H extends number, const W extends number>(
  height: Extent<H>,
  width: Extent<W>,
) => <B extends Dim, C extends Dim>(
  image: Tensor<[B, Dim, Dim, C]>,
) => Tensor<[B, Wide<H> & Dim, Wide<W> & Dim, C]>;

/** Resizes the height, then the width, each by what resizes a first axis. */
const resizing =
  (op: string, alongFirst: (x: Node, to: number) => Node): Resize =>
  (height, width) =>
  (image) => {
    const n = nodeOf(image);
    // Extent<H> is H, or a message that no number fits
    const [h, w] = [height as number, width as number];
    pixels(op, n, [h, w]);
    const rows = alongFirst(transpose(n, [1, 0, 2, 3]), h); // [h, B, W, C]
    const columns = alongFirst(transpose(rows, [2, 1, 0, 3]), w); // [w, B, h, C]
    return tensor(transpose(columns, [1, 2, 0, 3]));
  };

/** The pixels nearest to the centres. */
const nearest = (x: Node, to: number): Node => {
  const from = x.shape[0]!;
  const indices = centres(from, to).map((at) => Math.min(from - 1, Math.floor(at + 0.5)));
  return gather(x, constant(Int32Array.from(indices), [to], 'int32'));
};

/** For each centre the shares of the two pixels around it: `[to, from]`. */
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

const linear = (x: Node, to: number): Node => {
  const [from, ...rest] = x.shape as readonly [number, ...number[]];
  return reshape(dot(shares(from, to), reshape(x, [from, sizeOf(rest)])), [to, ...rest]);
};

/**
 * An image of another size, each pixel that which is nearest to its centre: `[B, H, W, C]` → `[B, height,
 * width, C]`, as `nearest-exact` in PyTorch. Raises `ShapeError` where there are no pixels.
 *
 * @example
 * pipe(zeros(8, 28, 28, 3), resizeNearest(32, 16)) // : Tensor<[8, 32, 16, 3]>
 * pipe(constantOf([1, 2, 3], 1, 1, 3, 1), resizeNearest(1, 5), reshape(5)) // → [1, 1, 2, 3, 3]
 */
export const resizeNearest: Resize = resizing('resizeNearest', nearest);

/**
 * An image of another size, each pixel between the four around its centre: `[B, H, W, C]` → `[B, height,
 * width, C]`, as `bilinear` in PyTorch, without smoothing where it gets smaller. Raises `ShapeError` where
 * there are no pixels.
 *
 * @example
 * pipe(zeros(8, 28, 28, 3), resizeBilinear(32, 16)) // : Tensor<[8, 32, 16, 3]>
 * pipe(constantOf([0, 4], 1, 1, 2, 1), resizeBilinear(1, 4), reshape(4)) // → [0, 1, 3, 4]
 */
export const resizeBilinear: Resize = resizing('resizeBilinear', linear);
