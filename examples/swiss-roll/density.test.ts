import { expect, test } from 'vitest';
import { contours, densityOf, type Field, type Ring } from './density.js';

/** A field with a height at each point. */
const fieldOf = (side: number, extent: number, height: (x: number, y: number) => number): Field => {
  const place = (i: number) => (2 * extent * i) / (side - 1) - extent;
  const values = Float64Array.from({ length: side * side }, (_, at) =>
    height(place(at % side), -place(Math.floor(at / side))),
  );
  return { side, extent, values };
};

/** The area of a ring; negative if it is clockwise. */
const area = (ring: Ring): number =>
  ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length]!;
    return sum + (x * nextY - y * nextX) / 2;
  }, 0);

test('a density has the integral 1, and that of one point is a Gaussian around it', () => {
  const { values } = densityOf(Float32Array.of(1, 0.5), 81, 2, 0.2);
  const spacing = 0.05;
  expect(values.reduce((a, b) => a + b) * spacing ** 2).toBeCloseTo(1, 12);
  const at = (x: number, y: number) => values[((2 - y) / spacing) * 81 + (x + 2) / spacing]!;
  // cut off at three deviations, beyond which 0.27 % remain along each axis
  expect(at(1, 0.5) / (1 / (2 * Math.PI * 0.2 ** 2))).toBeCloseTo(1, 2);
  expect(at(1.2, 0.5) / at(1, 0.5)).toBeCloseTo(Math.exp(-0.5), 12);
  expect(at(1, 0.3) / at(1, 0.5)).toBeCloseTo(Math.exp(-0.5), 12);
});

test('points outside the lattice count in the normalization, but are not drawn', () => {
  const { values } = densityOf(Float32Array.of(0, 0, 9, 0), 41, 2, 0.2);
  expect(values.reduce((a, b) => a + b) * 0.1 ** 2).toBeCloseTo(0.5, 12);
});

test('the contour of a cone is a polygon with its corners on a circle', () => {
  const [ring, ...others] = contours(
    fieldOf(101, 2, (x, y) => -Math.hypot(x - 0.3, y + 0.2)),
    -1,
  );
  expect(others).toEqual([]);
  // between two nodes h apart a cone of slope 1 is at most h²/8 off a line, at a distance of 1
  for (const [x, y] of ring!) expect(Math.abs(Math.hypot(x - 0.3, y + 0.2) - 1)).toBeLessThan(0.04 ** 2 / 8);
  expect(Math.abs(area(ring!)) / Math.PI).toBeCloseTo(1, 2);
});

test('a hole is a ring that goes around the other way', () => {
  const rings = contours(
    fieldOf(101, 2, (x, y) => -Math.abs(Math.hypot(x, y) - 1)),
    -0.5,
  );
  const areas = rings.map(area).sort((a, b) => Math.abs(a) - Math.abs(b));
  expect(areas.map((each) => Math.abs(each) / Math.PI)).toEqual([expect.closeTo(0.25, 1), expect.closeTo(2.25, 1)]);
  expect(Math.sign(areas[0]!)).toBe(-Math.sign(areas[1]!));
});

test('two heights that meet at a corner of a cell are two rings', () => {
  const heights = Float64Array.of(0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0);
  const rings = contours({ side: 4, extent: 1.5, values: heights }, 1);
  expect(rings.map((ring) => Math.abs(area(ring)))).toEqual([expect.closeTo(0.5, 12), expect.closeTo(0.5, 12)]); // oxfmt-ignore
});

test('there are no contours above the maximum', () => {
  expect(contours({ side: 2, extent: 1, values: new Float64Array(4) }, 1)).toEqual([]);
});
