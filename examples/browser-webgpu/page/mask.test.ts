import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { AREA, SIDE } from '../shared/extent.js';
import { brushed, maskOver, regions, share } from './mask.js';

const none = maskOver('none');
const place = fc.record({
  x: fc.double({ min: 0, max: 27.99, noNaN: true }),
  y: fc.double({ min: 0, max: 27.99, noNaN: true }),
});
const radius = fc.double({ min: 0, max: 6, noNaN: true });

describe('a stroke', () => {
  test.prop([place, place, radius])('covers the pixels at its ends, even with a thin brush', (from, to, r) => {
    const mask = brushed(none, from, to, r, 1);
    for (const { x, y } of [from, to]) expect(mask[Math.floor(y) * SIDE + Math.floor(x)]).toBe(1);
  });

  test.prop([place, place, radius])('is the same in both directions', (from, to, r) => {
    const there = brushed(none, from, to, r, 1);
    // distances up to 40 are rounded, so some pixels at the very edge may be covered in one direction only
    const back = brushed(none, to, from, r + 40 * 16 * Number.EPSILON, 1);
    expect(there.some((m, i) => m > back[i]!)).toBe(false);
  });

  test.prop([place, place, radius])('is removed by the same stroke in restore mode', (from, to, r) => {
    expect(brushed(brushed(none, from, to, r, 1), from, to, r, 0)).toEqual(none);
  });

  test('of a round brush has about the area of its shape', () => {
    const mask = brushed(none, { x: 6, y: 14 }, { x: 20, y: 14 }, 4, 1);
    const area = 14 * 8 + Math.PI * 16;
    // counts pixels whose centre is inside, with an error of less than half of the circumference
    expect(Math.abs(share(mask) * AREA - area)).toBeLessThan((2 * 14 + 2 * Math.PI * 4) / 2);
  });
});

describe('the regions', () => {
  test('opposite halves together cover the whole image', () => {
    for (const [a, b] of [
      ['top', 'bottom'],
      ['left', 'right'],
    ] as const) {
      const other = maskOver(b);
      expect(maskOver(a).map((m, i) => m + other[i]!)).toEqual(maskOver('all'));
      expect(share(maskOver(a))).toBe(0.5);
    }
  });

  test('all regions except `none` cover some pixels', () => {
    expect(regions.filter((region) => share(maskOver(region)) === 0)).toEqual(['none']);
  });
});
