import type { HostArray } from '../dsl/plan/backend.js';
import { fail, showShape, type NoisefoldError } from '../internal/errors.js';
import { hostArray, natural, positive, refined } from '../internal/decode.js';
import type { Exact } from '../internal/exact.js';
import type { Itself } from '../internal/itself.js';
import { E, F, type either, t } from '../internal/fp.js';
import { sizeOf } from '../internal/numbers.js';
import { argument, type FilledOf, optional, type OptionsOf, schema } from '../internal/schema.js';
import type { Picture } from '../formats/png.js';

/** A batch of images on the host, `[n, height, width, channels]`. */
export interface ImageBatch {
  readonly shape: readonly number[];
  /** Floating-point numbers are in [-1, 1], integers in 0…255. */
  readonly data: HostArray;
}

const layouts = schema('imageGrid', {
  /** The number of images in a row, at most all of them; by default the grid is as square as possible. */
  columns: optional(positive),
  /** The number of pixels of the picture for one pixel of an image, in each direction; default 1. */
  scale: optional(positive, 1),
  /** The number of pixels of the picture between neighbouring images; default 0. */
  gap: optional(natural, 0),
});

/** Options of {@link imageGrid}. */
export interface ImageGridOptions extends OptionsOf<typeof layouts> {}

const batches = argument(
  'imageGrid',
  t.type({ shape: refined(t.unknown, 'a list of extents', Array.isArray), data: hostArray }, 'a batch of images'),
  'give numbers in [-1, 1] as a Float32Array, and bytes as a Uint8Array',
);

/** Maps a number of a batch to 0…255; the array to which it is written clamps it. */
const byteOf = (data: HostArray): ((x: number) => number) =>
  data instanceof Float32Array || data instanceof Float64Array ? (x) => (x + 1) * 127.5 : (x) => x;

/** The maximum size of a picture in bytes. */
const MOST_BYTES = 2 ** 31;

const arranged = (
  { shape, data }: ImageBatch,
  { columns: most = Math.ceil(Math.sqrt(shape[0] ?? 0)), scale, gap }: FilledOf<typeof layouts>,
): either.Either<NoisefoldError, Picture> => {
  const [n = 0, height = 0, width = 0, channels = 0] = shape;
  const columns = Math.min(most, n);
  const fits = shape.length === 4 && shape.every(positive.is) && sizeOf(shape) === data.length;
  const isPicture = channels === 1 || channels === 3 || channels === 4;
  const actual = `${showShape(shape)} with ${data.length} numbers`;
  if (!fits || !isPicture)
    return fail('ShapeError', {
      where: 'imageGrid',
      expected: 'images [n, height, width, 1, 3 or 4]',
      actual,
      hint: 'give at least one image: grey, RGB, or RGB and opacity',
    });
  const [down, right] = [height * scale + gap, width * scale + gap]; // from an image to the next one
  const size = { width: columns * right - gap, height: Math.ceil(n / columns) * down - gap };
  const line = size.width * channels;
  const bytes = size.height * line;
  if (bytes > MOST_BYTES)
    return fail('ShapeError', {
      where: 'imageGrid',
      expected: `a picture of at most ${MOST_BYTES} bytes`,
      actual: `${bytes} bytes, from ${actual}, ${columns} columns`,
      hint: 'use fewer images, or a smaller scale or gap',
    });
  const pixels = new Uint8ClampedArray(bytes);
  const toByte = byteOf(data);
  const row = width * scale * channels; // of one image
  for (let i = 0; i < n * height; i++) {
    const image = Math.floor(i / height);
    const y = Math.floor(image / columns) * down + (i % height) * scale;
    const at = y * line + (image % columns) * right * channels;
    for (let x = 0; x < row; x++) {
      const column = Math.floor(x / channels / scale);
      pixels[at + x] = toByte(data[(i * width + column) * channels + (x % channels)]!);
    }
    for (let again = 1; again < scale; again++) pixels.copyWithin(at + again * line, at, at + row);
  }
  return E.right({ ...size, channels, data: new Uint8Array(pixels.buffer) });
};

/**
 * Arranges a batch of images in one picture, row by row. Gaps and cells without an image are black, or transparent if there
 * is an opacity channel. Images have 1 channel (grey), 3 (RGB) or 4 (RGB and opacity). Returns a `ConfigError` for an invalid
 * option, and a `ShapeError` for other shapes and for a picture of more than 2 GiB.
 *
 * @param layout - the number of columns, or options
 * @example
 * const images = { shape: [3, 1, 1, 1], data: Float32Array.of(-1, 0.5, 1) }
 * unwrap(imageGrid(images)) // → { width: 2, height: 2, channels: 1, data: [0, 191, 255, 0] }
 * unwrap(imageGrid(images, 3)) // → { width: 3, height: 1, channels: 1, data: [0, 191, 255] }
 * const { width, height } = unwrap(imageGrid(images, { columns: 3, scale: 8, gap: 2 }))
 * const size = [width, height] // → [28, 8]
 */
export const imageGrid = <G = unknown>(
  images: Itself<ImageBatch>,
  layout?: number | (Exact<G, keyof ImageGridOptions> & ImageGridOptions),
): either.Either<NoisefoldError, Picture> =>
  F.pipe(
    batches.decode(images),
    E.flatMap(() => layouts.decode(typeof layout === 'number' ? { columns: layout } : (layout ?? {}))),
    E.flatMap((options) => arranged(images, options)),
  );
