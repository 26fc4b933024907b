import { either as E } from 'fp-ts';
import { unwrap } from 'noisefold';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { reel } from './film.js';
import { filmWebp, paperOf, type Sheet, sheetPng } from './sheet.js';

/** Two rows of three images of 2 × 2 pixels, from black to white. */
const greys = [-1, -0.5, -0.25, 0.25, 0.5, 1];
const sheet: Sheet = {
  images: { shape: [6, 2, 2, 1], data: Float32Array.from(greys.flatMap((grey) => [grey, grey, grey, grey])) },
  rows: ['a<b', 'x̂₀'],
  columns: ['1', '2', '3'],
  corner: 't',
  scale: 5,
};

/** The pixels of a picture, each as one number. */
const pixelsOf = async (png: Uint8Array) => {
  const { data, info } = await sharp(png).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  return (x: number, y: number): number => data[(y * info.width + x) * info.channels]!;
};

test('the images are at their rows and columns, on white paper with gaps of 4 pixels', async () => {
  const { left, top, width, height } = paperOf(sheet);
  const at = await pixelsOf(unwrap(await sheetPng(sheet)()));
  for (const [i, grey] of greys.entries()) {
    const [x, y] = [left + (i % 3) * 14, top + Math.floor(i / 3) * 14];
    const expected = Math.round((grey + 1) * 127.5);
    for (const [dx, dy] of [[0, 0], [9, 0], [0, 9], [9, 9]] as const) expect(Math.abs(at(x + dx, y + dy) - expected)).toBeLessThanOrEqual(1); // oxfmt-ignore
    expect(at(x + 10, y)).toBe(255);
    expect(at(x, y + 10)).toBe(255);
  }
  expect([width - left, height - top]).toEqual([3 * 14 - 4 + 12, 2 * 14 - 4 + 12]);
});

test('images with colours keep them', async () => {
  const colours = [[-1, 0.2, 1], [1, -1, -0.6], [0.6, 0.6, 1]]; // oxfmt-ignore
  const data = Float32Array.from(colours.flatMap((colour) => [colour, colour, colour, colour].flat()));
  const coloured = { ...sheet, images: { shape: [3, 2, 2, 3], data }, rows: ['a'] };
  const { left, top } = paperOf(coloured);
  for (const png of [await sheetPng(coloured)(), await filmWebp([coloured, coloured], [100, 100])()].map(unwrap)) {
    const { data: bytes, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    for (const [i, colour] of colours.entries()) {
      const at = (info.width * (top + 9) + left + 14 * i + 9) * info.channels;
      const pixel = Array.from(bytes.subarray(at, at + 3));
      expect(pixel).toEqual(colour.map((x) => Math.round((x + 1) * 127.5)));
    }
  }
});

test('the paper has the label of each row and column, with its special characters', () => {
  const labels = [...paperOf(sheet).svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, label]) => label);
  expect(labels).toEqual(['t', '1', '2', '3', 'a&lt;b', 'x̂₀']);
});

test('a batch that is not of images is a typed error', async () => {
  const wrong = { ...sheet, images: { shape: [6, 2, 3, 1], data: sheet.images.data } };
  expect(E.isLeft(await sheetPng(wrong)())).toBe(true);
});

test('a film has a sheet for each moment, of equal size, and ends with a rest', async () => {
  const noise = new Float32Array(7840).fill(0.3);
  const { sheets, delays } = reel([999, 40, 0].map((t) => ({ t, x: noise, x0: noise })));
  const film = await sharp(unwrap(await filmWebp(sheets, delays)()), { animated: true }).metadata();
  const { width, height } = paperOf(sheets[0]!);
  expect(film).toMatchObject({ format: 'webp', pages: 3, width, pageHeight: height, loop: 0 });
  expect(film.delay).toEqual(delays);
  expect(delays[2]).toBeGreaterThan(delays[1]!);
  expect(sheets.map(({ corner }) => corner?.replaceAll('\u2007', ' '))).toEqual(['t = 999', 't =  40', 't =   0']);
});
