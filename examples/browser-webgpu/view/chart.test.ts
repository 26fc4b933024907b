import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { chart } from './chart.js';

const size = { width: 300, height: 200 };
const none = { losses: [], heldOut: [], step: 0, goal: 900 };

/** The points of a line of the chart. */
const pointsOf = (svg: string, kind: string): readonly (readonly [number, number])[] =>
  (new RegExp(`class="${kind}" d="M([^"]*)"`).exec(svg)?.[1] ?? '')
    .split('L')
    .filter((point) => point !== '')
    .map((point) => point.split(' ').map(Number) as unknown as readonly [number, number]);

const losses = fc.array(fc.double({ min: 1e-4, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('the chart of the loss', () => {
  test('says that nothing was learned yet', () => {
    expect(chart(none, size)).toContain('The loss of each step appears here.');
    expect(chart({ ...none, step: 900 }, size)).toContain('step 1200');
  });

  test.prop([losses])('has a point inside the axes for each loss, lower for a lower loss', (values) => {
    const points = pointsOf(chart({ ...none, losses: values.map((loss, step) => ({ step, loss })) }, size), 'raw');
    expect(points).toHaveLength(values.length);
    for (const [x, y] of points) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(size.width);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(size.height);
    }
    const falls = (i: number): boolean => values[i + 1]! <= values[i]!;
    points.slice(1).forEach(([, y], i) => expect(falls(i) ? y >= points[i]![1] : y <= points[i]![1]).toBe(true));
  });

  test.prop([losses])('is smoothed between the least and the greatest loss, from the first one on', (values) => {
    const svg = chart({ ...none, losses: values.map((loss, step) => ({ step, loss })) }, size);
    const [raw, smooth] = [pointsOf(svg, 'raw'), pointsOf(svg, 'smooth')];
    const heights = raw.map(([, y]) => y);
    // both are rounded to tenths
    for (const [, y] of smooth) expect(y).toBeGreaterThanOrEqual(Math.min(...heights) - 0.11);
    for (const [, y] of smooth) expect(y).toBeLessThanOrEqual(Math.max(...heights) + 0.11);
    expect(smooth[0]).toEqual(raw[0]);
  });

  test('leaves out losses that are not finite or have no logarithm', () => {
    const odd = [1, Number.NaN, Infinity, 0, -1, 0.5].map((loss, step) => ({ step, loss }));
    expect(pointsOf(chart({ ...none, losses: odd }, size), 'raw')).toHaveLength(2);
  });
});
