/**
 * Options for converting pictures of any size to images of one size, and the part of the conversion that does not
 * depend on a decoder.
 */
import { exactTuple, natural, oneOf, positive, refined } from '../internal/decode.js';
import { failure } from '../internal/errors.js';
import { t } from '../internal/fp.js';
import { type Filled, optional, type OptionsOf } from '../internal/schema.js';

/** 1 is grey, 3 is RGB, 4 is RGB and opacity. */
export type PictureChannels = 1 | 3 | 4;

/** The height and width of images; one number for both. */
export type Size = number | readonly [height: number, width: number];

/** The extents of images of a size. */
export type Extents<S extends Size, C extends PictureChannels> = S extends readonly [
  infer H extends number,
  infer W extends number,
]
  ? readonly [H, W, C]
  : S extends number
    ? readonly [S, S, C]
    : readonly [number, number, C];

/** The longest side of an image. */
const LONGEST = 2 ** 14;

/** The default of `maxPixels`. */
const MOST_PIXELS = 2 ** 26;

/** The number of pixels of a picture whose file may be of any size; it takes 16 MiB in memory. */
const FREE_PIXELS = 2 ** 22;

/** The maximum number of pixels for a byte of a larger picture. PNG, JPEG and WebP of one colour have 70 to 600. */
const PIXELS_PER_BYTE = 2 ** 10;

/** The maximum number of pixels of a file: `maxPixels`, or its default. */
export const pixelsFor = ({ maxPixels }: PicturePlan, bytes: number): number =>
  maxPixels ?? Math.min(MOST_PIXELS, Math.max(FREE_PIXELS, PIXELS_PER_BYTE * bytes));

const extent = refined(positive, `an integer from 1 to ${LONGEST}`, (n) => n <= LONGEST);
const byte = refined(natural, 'an integer from 0 to 255', (n) => n <= 255);

const channels = t.union([t.literal(1), t.literal(3), t.literal(4)], '1, 3 or 4 channels');

const extents = {
  size: t.union([extent, exactTuple([extent, extent], '[height, width]')], `a size in pixels, 1 to ${LONGEST}, or [height, width]`),
  channels: optional(channels, 3),
}; // oxfmt-ignore

const conversion = {
  /**
   * The way a picture is resized, like `object-fit` of CSS. `cover`, the default, scales a picture until it covers the image,
   * and crops it; `contain` scales it until it fits into the image, and fills the rest with the background; `fill`
   * scales both sides independently; `none` only crops, and refuses a picture that is too small.
   */
  resize: optional(oneOf('cover', 'contain', 'fill', 'none'), 'cover'),
  /** The part that a crop keeps: `center` by default. */
  crop: optional(oneOf('center', 'top', 'bottom', 'left', 'right'), 'center'),
  /**
   * The background of pictures that are not opaque, [red, green, blue] in bytes: white, [255, 255, 255], by default. Images of 4
   * channels keep their opacity, and have this colour only where they are fully transparent.
   */
  background: optional(exactTuple([byte, byte, byte], '[red, green, blue] in bytes'), [255, 255, 255]),
  /**
   * The maximum number of pixels of a picture, because a small file may hold a huge one: by default 2²⁶, 67 megapixels, and
   * above 2²² at most 1024 for each byte of its file. Node refuses larger pictures before it decodes them; a browser decodes
   * them first.
   */
  maxPixels: optional(positive),
};

/** Options for the images that are made of pictures. */
export interface PictureOptions<S extends Size = Size, C extends PictureChannels = PictureChannels> extends OptionsOf<
  typeof conversion
> {
  /** The height and width in pixels: one number for both, or [height, width]. */
  readonly size: S;
  /** The number of channels; 3 by default. A grey image has the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B. */
  readonly channels?: C;
}

/** The fields of {@link PictureOptions}. */
export const pictureFields = { ...extents, ...conversion } satisfies Record<keyof PictureOptions, unknown>;

/** The conversion of pictures to images of one size. */
export interface PicturePlan extends Omit<Filled<typeof pictureFields>, 'size'> {
  readonly height: number;
  readonly width: number;
}

export const planOf = ({ size, ...others }: Filled<typeof pictureFields>): PicturePlan => {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  return { height, width, ...others };
};

/** The size of a picture. */
interface Sides {
  readonly width: number;
  readonly height: number;
}

/** The position of a scaled picture relative to its image, in pixels of the image. Parts of it may lie outside. */
export interface Placement {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The start of a cropped side: the surplus pixels lie before 0 and after `n`. */
const begin = (n: number, side: number, isFirst: boolean, isLast: boolean): number =>
  isFirst ? 0 : isLast ? n - side : Math.trunc((n - side) / 2);

/** Computes the scale and the position of a picture of the given size. */
export const placementOf = ({ height, width, resize, crop }: PicturePlan, from: Sides): Placement => {
  const [down, across] = [height / from.height, width / from.width];
  const scale = { cover: Math.max(down, across), contain: Math.min(down, across), none: 1, fill: null }[resize];
  const scaled = (side: number): number => Math.max(1, Math.round(side * (scale ?? 1)));
  const [h, w] = scale === null ? [height, width] : [scaled(from.height), scaled(from.width)];
  return {
    left: begin(width, w, crop === 'left', crop === 'right'),
    top: begin(height, h, crop === 'top', crop === 'bottom'),
    width: w,
    height: h,
  };
};

/**
 * Returns a `DecodeError` for a picture of too many pixels, and for one that is smaller than its image if pictures
 * are not scaled.
 */
export const wrongSize = (where: string, plan: PicturePlan, from: Sides, bytes: number) => {
  const { height, width, resize } = plan;
  const most = pixelsFor(plan, bytes);
  const refuse = (expected: string, hint: string) =>
    failure('DecodeError', { where, expected, actual: `${from.width} × ${from.height}`, hint });
  if (from.width * from.height > most)
    return refuse(
      `a picture of at most ${most} pixels${most < MOST_PIXELS && plan.maxPixels === undefined ? ` in ${bytes} bytes` : ''}`,
      'leave it out, or make it smaller; if you trust the file and have the memory, raise `maxPixels`',
    );
  return resize === 'none' && (from.width < width || from.height < height)
    ? refuse(`a picture of at least ${width} × ${height} pixels`, "leave it out, or pass resize: 'cover'")
    : null;
};

/** Blends a byte over the background, by its opacity. */
const over = (byte: number, opacity: number, background: number): number =>
  Math.round((byte * opacity + background * (255 - opacity)) / 255);

/** Converts the pixels of a decoder, RGB and opacity, to the bytes of an image with the channels of the plan. */
export const imageBytes = (
  { height, width, channels, background }: PicturePlan,
  rgba: Uint8Array | Uint8ClampedArray,
): Uint8Array => {
  const out = new Uint8Array(height * width * channels);
  for (let at = 0, to = 0; to < out.length; at += 4, to += channels) {
    const opacity = rgba[at + 3]!;
    const color = (c: number): number => over(rgba[at + c]!, opacity, background[c]!);
    if (channels === 1) out[to] = Math.round((299 * color(0) + 587 * color(1) + 114 * color(2)) / 1000);
    else if (channels === 3) for (let c = 0; c < 3; c++) out[to + c] = color(c);
    else {
      for (let c = 0; c < 3; c++) out[to + c] = opacity === 0 ? background[c]! : rgba[at + c]!;
      out[to + 3] = opacity;
    }
  }
  return out;
};
