/**
 * Grey images in half their bytes: 16 levels, and each pixel in a byte with the one below it. gzip compresses this order
 * best.
 */
import { SIDE } from './extent.js';

/** The distance between two of the 16 levels. */
const LEVEL = 17;

/** The index of the upper pixel of a pair; the other one is a row below. */
const above = (pair: number): number => pair + SIDE * Math.floor(pair / SIDE);

/** Packs images of one byte per pixel into half the bytes. */
export const packed = (pixels: Uint8Array): Uint8Array<ArrayBuffer> => {
  const level = (at: number): number => Math.round(pixels[at]! / LEVEL);
  return Uint8Array.from(
    { length: pixels.length / 2 },
    (_, pair) => 16 * level(above(pair)) + level(above(pair) + SIDE),
  );
};

/** Unpacks images to one byte per pixel. Black and white are exact, other levels within 8 of 255. */
export const unpacked = (pairs: Uint8Array): Uint8Array<ArrayBuffer> => {
  const pixels = new Uint8Array(2 * pairs.length);
  pairs.forEach((both, pair) => {
    pixels[above(pair)] = LEVEL * (both >> 4);
    pixels[above(pair) + SIDE] = LEVEL * (both & 15);
  });
  return pixels;
};
