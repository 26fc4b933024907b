import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { chart } from './chart.js';

const size = { width: 300, height: 200 };
const none = { losses: [], heldOut: [], trained: [], step: 0, goal: 900 };

/** The points of a line of the chart. */
const pointsOf = (svg: string, kind: string): readonly (readonly [number, number])[] =>
  (new RegExp(`class="${kind}" d="M([^"]*)"`).exec(svg)?.[1] ?? '')
    .split('L')
    .filter((point) => point !== '')
    .map((point) => point.split(' ').map(Number) as unknown as readonly [number, number]);

const losses = fc.array(fc.double({ min: 1e-4, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('the chart of the loss', () => {
  test('says that nothing was learned yet', () => {
    expect(chart(none, size)).toContain('The loss of each update appears here.');
    expect(chart({ ...none, step: 900 }, size)).toContain('1200 updates');
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

  test('has the losses of the averaged weights on digits for training and on others, at their heights', () => {
    const at = (loss: number) => [0, 10].map((step) => ({ step, loss: loss / (1 + step) }));
    const svg = chart({ ...none, losses: at(0.9), trained: at(0.8), heldOut: at(0.9) }, size);
    expect(pointsOf(svg, 'held')).toEqual(pointsOf(svg, 'raw'));
    expect(pointsOf(svg, 'trained')[0]![1]).toBeGreaterThan(pointsOf(svg, 'held')[0]![1]); // lower
    expect(svg.match(/<circle class="(trained|held)"/g)).toHaveLength(4);
  });

  test('has the same axis for all losses', () => {
    const rules = (loss: number) => chart({ ...none, losses: [{ step: 0, loss }] }, size).match(/<line.*?>/g);
    expect(rules(0.1)).toEqual(rules(5));
  });

  test('leaves out losses that are not finite or have no logarithm', () => {
    const odd = [1, Number.NaN, Infinity, 0, -1, 0.5].map((loss, step) => ({ step, loss }));
    expect(pointsOf(chart({ ...none, losses: odd }, size), 'raw')).toHaveLength(2);
  });
});
