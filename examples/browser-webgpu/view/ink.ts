/** Grey images in the colours of the page, in light and dark mode. */
import { AREA, SIDE } from '../shared/extent.js';

/** The colour of a canvas as three bytes. */
export const inkOf = (canvas: HTMLCanvasElement): readonly [number, number, number] => {
  const [r = 0, g = 0, b = 0] = getComputedStyle(canvas).color.match(/\d+/g)?.map(Number) ?? [];
  return [r, g, b];
};

/** One of several images as pixels of a canvas: a blend of ink and paper. */
export const inked = (
  pixels: ArrayLike<number>,
  at: number,
  [r, g, b]: readonly [number, number, number],
): ImageData => {
  const data = new Uint8ClampedArray(4 * AREA);
  for (let i = 0; i < AREA; i++) data.set([r, g, b, pixels[at * AREA + i]!], 4 * i);
  return new ImageData(data, SIDE, SIDE);
};

/** Puts an image onto a canvas of its size. */
export const show = (canvas: HTMLCanvasElement, pixels: ArrayLike<number>, at: number): void =>
  canvas.getContext('2d')?.putImageData(inked(pixels, at, inkOf(canvas)), 0, 0);

/** Empties a canvas. */
export const clear = (canvas: HTMLCanvasElement): void =>
  canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
