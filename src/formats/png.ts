/**
 * PNG pictures of eight bits per channel, compressed by the streams that browsers and Node have in common.
 * https://www.w3.org/TR/png
 */
import { task, type Task } from '../dsl/run/effect.js';
import { refined } from '../internal/decode.js';
import type { Itself } from '../internal/itself.js';
import { F, t, TE } from '../internal/fp.js';
import { joinBytes } from './bytes/bytes.js';
import { crc32 } from './bytes/crc32.js';
import { type OptionsOf, schema } from '../internal/schema.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const COLOR_TYPE = { 1: 0, 3: 2, 4: 6 } as const;

const pixels = refined(t.number, 'an integer ≥ 1, below 2^31', (n) => Number.isInteger(n) && n > 0 && n < 2 ** 31);

const pictureSchema = /* @__PURE__ */ schema('encodePng', {
  /** The number of pixels of a row. */
  width: pixels,
  /** The number of rows. */
  height: pixels,
  /** 1 is grey, 3 is RGB, 4 is RGB and opacity. */
  channels: refined<1 | 3 | 4>(
    t.union([t.literal(1), t.literal(3), t.literal(4)]),
    '1, 3 or 4 channels: grey, RGB, or RGB and opacity',
    () => true,
  ),
  /** A byte for each channel of each pixel. */
  data: new t.Type<Uint8Array>(
    'a Uint8Array',
    (x) => x instanceof Uint8Array,
    (x, context) => (x instanceof Uint8Array ? t.success(x) : t.failure(x, context)),
    F.identity,
  ),
})
  .rule(({ width, height, channels, data }) =>
    data.length === width * height * channels
      ? null
      : {
          field: 'data',
          expected: `a byte for each channel of ${width} × ${height} pixels of ${channels} channels`,
          actual: `${data.length} bytes`,
          hint: 'give rows of pixels from the top, without padding',
        },
  )
  .elsewhere(['shape'], 'give it to imageGrid, which makes a picture of images');

/** A picture: rows from the top, pixels from the left, the channels of a pixel side by side. */
export interface Picture extends OptionsOf<typeof pictureSchema> {}

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

/**
 * Encodes a picture as a .png file. Fails with `ConfigError` if the picture is empty, if the length of its data does
 * not match its extents, or if the number of channels is not 1, 3 or 4.
 * @example
 * const png = unwrap(await encodePng({ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) })())
 * String.fromCharCode(...png.subarray(1, 4)) // → 'PNG'
 */
export const encodePng = (picture: Itself<Picture>): Task<Uint8Array> =>
  task(
    F.pipe(
      TE.fromEither(pictureSchema.decode(picture)),
      TE.chainTaskK(
        (checked) => async () =>
          joinBytes([
            Uint8Array.from(SIGNATURE),
            chunk('IHDR', header(checked)),
            chunk('IDAT', await compressed(rows(checked))),
            chunk('IEND', new Uint8Array(0)),
          ]),
      ),
    ),
  );
