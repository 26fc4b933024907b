import type { HostArray } from '../dsl/compile/backend.js';
import { fail, showShape, type NoisefoldError } from '../internal/errors.js';
import { sizeOf } from '../internal/numbers.js';
import { E, type either } from '../internal/fp.js';
import type { Picture } from '../formats/png.js';

/** A batch of images on the host, `[n, height, width, channels]`. */
export interface ImageBatch {
  readonly shape: readonly number[];
  /** Floating-point numbers are in [-1, 1], integers in 0…255. */
  readonly data: HostArray;
}

/** Maps a number of a batch to 0…255; the array to which it is written clamps it. */
const byteOf = (data: HostArray): ((x: number) => number) =>
  data instanceof Float32Array || data instanceof Float64Array ? (x) => (x + 1) * 127.5 : (x) => x;

/** The arrays of a {@link HostArray}: a plain array does not tell what its numbers mean. */
const KINDS = [Float32Array, Float64Array, Int32Array, Uint8Array];

/** The maximum size of a picture in bytes. */
const MOST_BYTES = 2 ** 31;

/**
 * Arranges a batch of images in one picture, row by row without margins. The grid is as square as possible unless the
 * number of columns is given. Cells without an image are black, or transparent if there is an opacity channel. Images
 * have 1 channel (grey), 3 (RGB) or 4 (RGB and opacity). Returns a `ShapeError` for other shapes, and for a picture of
 * more than 2 GiB.
 * @example
 * const images = { shape: [3, 1, 1, 1], data: Float32Array.of(-1, 0.5, 1) }
 * unwrap(imageGrid(images)) // → { width: 2, height: 2, channels: 1, data: [0, 191, 255, 0] }
 */
export const imageGrid = (
  { shape, data }: ImageBatch,
  columns = Math.ceil(Math.sqrt(shape[0] ?? 0)),
): either.Either<NoisefoldError, Picture> => {
  if (!KINDS.some((kind) => data instanceof kind))
    return fail('ConfigError', {
      where: 'imageGrid.data',
      expected: `numbers in one of ${KINDS.map(({ name }) => name).join(', ')}`,
      actual: Array.isArray(data) ? 'an array' : 'another value',
      hint: 'give numbers in [-1, 1] as a Float32Array, and bytes as a Uint8Array',
    });
  const [n = 0, height = 0, width = 0, channels = 0] = shape;
  const fits = shape.length === 4 && sizeOf(shape) === data.length && data.length > 0;
  const isPicture = channels === 1 || channels === 3 || channels === 4;
  const actual = `${showShape(shape)} with ${data.length} numbers, ${columns} columns`;
  if (!fits || !isPicture || !Number.isInteger(columns) || columns < 1)
    return fail('ShapeError', {
      where: 'imageGrid',
      expected: 'images [n, height, width, 1, 3 or 4] in at least one column',
      actual,
      hint: 'give at least one image: grey, RGB, or RGB and opacity',
    });
  const across = columns * width * channels;
  const bytes = Math.ceil(n / columns) * height * across;
  if (bytes > MOST_BYTES)
    return fail('ShapeError', {
      where: 'imageGrid',
      expected: `a picture of at most ${MOST_BYTES} bytes`,
      actual: `${bytes} bytes, from ${actual}`,
      hint: `use at most ${n} columns, or fewer images`,
    });
  const pixels = new Uint8ClampedArray(bytes);
  const toByte = byteOf(data);
  const row = width * channels;
  for (let i = 0; i < n * height; i++) {
    const image = Math.floor(i / height);
    const y = Math.floor(image / columns) * height + (i % height);
    const at = y * across + (image % columns) * row;
    for (let x = 0; x < row; x++) pixels[at + x] = toByte(data[i * row + x]!);
  }
  return E.right({
    width: columns * width,
    height: Math.ceil(n / columns) * height,
    channels,
    data: new Uint8Array(pixels.buffer),
  });
};
