/**
 * PNG pictures of eight bits per channel, compressed by the streams that browsers and Node have in common.
 * https://www.w3.org/TR/png
 */
import { task, type Task } from '../dsl/run/effect.js';
import { kindOf } from '../internal/either.js';
import type { Itself } from '../internal/itself.js';
import { attempt, failure } from '../internal/errors.js';
import { E, TE } from '../internal/fp.js';
import { joinBytes } from './bytes.js';
import { crc32 } from './crc32.js';
import { namedFields } from '../internal/options.js';

/** A picture: rows from the top, pixels from the left, the channels of a pixel side by side. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 is RGB, 4 is RGB and opacity. */
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const COLOR_TYPE = { 1: 0, 3: 2, 4: 6 } as const;

/** Length, name, data, and the check of name and data. */
const chunk = (name: string, data: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
};

const header = ({ width, height, channels }: Picture): Uint8Array => {
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  bytes.set([8, COLOR_TYPE[channels]], 8);
  return bytes;
};

/** The rows, each after a zero, the filter type of unfiltered rows. */
const rows = ({ width, height, channels, data }: Picture): Uint8Array<ArrayBuffer> => {
  const row = width * channels;
  const bytes = new Uint8Array(height * (row + 1));
  for (let y = 0; y < height; y++) bytes.set(data.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  return bytes;
};

const compressed = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
  new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'))).arrayBuffer(),
  );

const isExtent = (n: number): boolean => Number.isInteger(n) && n > 0 && n < 2 ** 31;

const fields = namedFields('encodePng', {
  width: 'the width in pixels',
  height: 'the height in pixels',
  channels: '1, 3 or 4',
  data: 'a byte for each channel of each pixel',
});

/**
 * Encodes a picture as a .png file. Fails with `ConfigError` if the picture is empty, if the length of its data does
 * not match its extents, or if the number of channels is not 1, 3 or 4.
 * @example
 * const png = unwrap(await encodePng({ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) })())
 * String.fromCharCode(...png.subarray(1, 4)) // → 'PNG'
 */
export const encodePng = (picture: Itself<Picture>): Task<Uint8Array> => {
  const named = attempt(() => fields(picture));
  if (E.isLeft(named)) return task(TE.fromEither(named));
  const { width, height, channels, data } = picture;
  const hasColors = Object.hasOwn(COLOR_TYPE, channels); // JavaScript callers may pass any number
  const isBytes = data instanceof Uint8Array;
  return hasColors && isBytes && isExtent(width) && isExtent(height) && data.length === width * height * channels
    ? task(
        TE.fromTask(async () =>
          joinBytes([
            Uint8Array.from(SIGNATURE),
            chunk('IHDR', header(picture)),
            chunk('IDAT', await compressed(rows(picture))),
            chunk('IEND', new Uint8Array(0)),
          ]),
        ),
      )
    : task(
        TE.left(
          failure('ConfigError', {
            where: 'encodePng',
            expected: hasColors
              ? `a Uint8Array with a byte for each channel of ${width} × ${height} pixels of ${channels} channels, and at least one pixel`
              : '1, 3 or 4 channels: grey, RGB, or RGB and opacity',
            actual: !hasColors ? `${channels} channels` : isBytes ? `${data.length} bytes` : kindOf(data),
            hint: 'give rows of pixels from the top, without padding',
          }),
        ),
      );
};
