/** Images whose pixels are never negative: they are usually in [0, 1], although a network takes images in [-1, 1]. */

/** The number of images that decide, if the data set has as many. */
const ENOUGH = 1000;

/** The images of a run so far, if none has a negative pixel; null once one has, or once they are reported. */
export type Unsigned = number | null;

/** Adds the images of a batch. */
export const withImages = (before: Unsigned, images: Float32Array, batch: number): Unsigned =>
  before === null || images.some((x) => x < 0) ? null : before + batch;

/** Describes images without negative pixels, for a warning; null if there is no reason for one. */
export const unsignedText = (images: Unsigned, size: number): string | null =>
  images === null || images < Math.min(size, ENOUGH)
    ? null
    : `no pixel of ${images} images is negative: images are in [-1, 1], so map a number x of [0, 1] to 2x - 1`;
