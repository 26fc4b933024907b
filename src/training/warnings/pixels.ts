/** Data that look like a mistake: pixels that are never negative, and images with the channels first. */

/** The number of images that decide, if the run has as many. */
const ENOUGH = 1000;

/** The number of images so far, if no pixel was negative; null after a negative pixel, or after the warning. */
export type Unsigned = number | null;

/** Adds the images of a batch. */
export const withImages = (before: Unsigned, images: Float32Array, batch: number): Unsigned =>
  before === null || images.some((x) => x < 0) ? null : before + batch;

/** Describes images without negative pixels, for a warning; null if there is no reason for one. `all` is the number of images. */
export const unsignedText = (images: Unsigned, all: number): string | null =>
  images === null || images < Math.min(all, ENOUGH)
    ? null
    : `no pixel of ${images} images is negative: images are in [-1, 1], so map a number x of [0, 1] to 2x - 1`;

/** Describes images that seem to have the channels first, as in PyTorch; null if the last axis may have the channels. */
export const channelsFirstText = ([first, second, last]: readonly [number, number, number]): string | null =>
  last > 4 && ((first === 3 && second > 4) || (first === 1 && second === last))
    ? `images are [height, width, channels], and [${first}, ${second}, ${last}] has ${last} channels: if they are ` +
      `[channels, height, width], move the channels last, and give image: [${second}, ${last}, ${first}]`
    : null;
