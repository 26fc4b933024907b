import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { AREA, SIDE } from './extent.js';
import { packed, unpacked } from './packed.js';

const images = fc
  .integer({ min: 1, max: 3 })
  .chain((count) => fc.uint8Array({ minLength: count * AREA, maxLength: count * AREA }));

describe('images in half their bytes', () => {
  test.prop([images])('are restored within half a level, and black and white exactly', (pixels) => {
    const pairs = packed(pixels);
    expect(pairs).toHaveLength(pixels.length / 2);
    const back = unpacked(pairs);
    const off = pixels.map((pixel, i) => Math.abs(pixel - back[i]!));
    expect(Math.max(...off)).toBeLessThanOrEqual(8); // a level is 255 / 15 = 17
    expect([0, 255].map((end) => unpacked(packed(new Uint8Array(AREA).fill(end)))[0])).toEqual([0, 255]);
  });

  test('store a pixel beside the one below it', () => {
    const pixels = new Uint8Array(2 * AREA);
    pixels[AREA + 2 * SIDE + 5] = 3 * 17;
    pixels[AREA + 3 * SIDE + 5] = 9 * 17;
    const pairs = packed(pixels);
    expect(pairs[AREA / 2 + SIDE + 5]).toBe(0x39);
    expect(pairs.filter((pair) => pair !== 0)).toHaveLength(1);
  });
});
