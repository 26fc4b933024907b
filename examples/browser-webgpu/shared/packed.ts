/**
 * Grey images in half their bytes: sixteen levels, and a pixel in a byte with the one below it, which is the order that
 * gzip makes least of.
 */
import { SIDE } from './extent.js';

/** The bytes from one of sixteen levels to the next. */
const LEVEL = 17;

/** Where a pair of pixels is: the place of the upper one. The other is a row below. */
const above = (pair: number): number => pair + SIDE * Math.floor(pair / SIDE);

/** Some images of a byte a pixel, in half the bytes. */
export const packed = (pixels: Uint8Array): Uint8Array<ArrayBuffer> => {
  const level = (at: number): number => Math.round(pixels[at]! / LEVEL);
  return Uint8Array.from(
    { length: pixels.length / 2 },
    (_, pair) => 16 * level(above(pair)) + level(above(pair) + SIDE),
  );
};

/** The images of a byte a pixel: black is black and white is white, and what is between is so within 8 of 255. */
export const unpacked = (pairs: Uint8Array): Uint8Array<ArrayBuffer> => {
  const pixels = new Uint8Array(2 * pairs.length);
  pairs.forEach((both, pair) => {
    pixels[above(pair)] = LEVEL * (both >> 4);
    pixels[above(pair) + SIDE] = LEVEL * (both & 15);
  });
  return pixels;
};
