import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { lossChart } from './lossChart.js';
import type { Metrics } from './metrics.js';

const lineOf = (step: number, loss: number, heldOut?: number): Metrics => ({
  step,
  loss,
  ...(heldOut === undefined ? {} : { heldOut }),
  gradientNorm: 1,
  learningRate: 1e-3,
  imagesPerSecond: 100,
  seconds: step,
});

/** The ends of a path's strokes, `[x, y]`, stroke by stroke. */
const strokes = (svg: string, kind: string): readonly (readonly (readonly number[])[])[] => {
  const d = new RegExp(`<path class="${kind}" d="([^"]*)"`).exec(svg)?.[1] ?? '';
  return d
    .replaceAll('h0', '')
    .split('M')
    .slice(1)
    .map((stroke) => stroke.split('L').map((place) => place.split(' ').map(Number)));
};
const points = (svg: string, kind: string) => strokes(svg, kind).flat();

const labels = (svg: string): readonly string[] =>
  [...svg.matchAll(/<text class="(?:train|held-out)"[^>]*>([^<]*)</g)].map((match) => match[1]!);

/** Every tag is closed, in order. */
const wellFormed = (svg: string): boolean => {
  const open: string[] = [];
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (self === '/') continue;
    if (close === '/' ? open.pop() !== name : open.push(name!) === 0) return false;
  }
  return open.length === 0 && svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"');
};

const losses = fc.oneof(fc.double({ min: 1e-6, max: 1e3, noNaN: true }), fc.constantFrom(0, -1, Number.NaN, Infinity));

describe('lossChart', () => {
  test.prop([fc.array(losses, { maxLength: 80 }), fc.boolean(), fc.string()])(
    'is well-formed and has only finite numbers, for any measurements',
    (all, logarithmic, title) => {
      const svg = lossChart(
        all.map((loss, step) => lineOf(step, loss, step % 7 === 0 ? loss : undefined)),
        { title, logarithmic },
      );
      const drawn = svg.replaceAll(/<(title|text class="title")[^<]*</g, '<');
      expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
      expect(wellFormed(svg)).toBe(true);
    },
  );

  test.each([
    ['one value', [0.5, 0.5]],
    ['neighbours among the floats', [0.0000010000000000000014, 0.0000010000000000000016]],
    ['values below zero', [-1, -1 + 1e-12]],
  ])('%s: an axis that goes upwards', (_, all) => {
    for (const logarithmic of [true, false]) {
      const svg = lossChart(
        all.map((loss, step) => lineOf(step, loss)),
        { logarithmic },
      );
      expect(svg).not.toMatch(/NaN|Infinity/);
      for (const [, y] of points(svg, 'raw train')) expect(y).toBeLessThanOrEqual(340);
      for (const [, y] of points(svg, 'raw train')) expect(y).toBeGreaterThanOrEqual(64);
    }
  });

  test('the loss of each step, from left to right, with higher losses higher up', () => {
    const drawn = points(lossChart([lineOf(0, 1), lineOf(1, 0.1), lineOf(2, 0.5)]), 'raw train');
    const [[x0, y0], [x1, y1], [x2, y2]] = drawn as [[number, number], [number, number], [number, number]];
    expect(drawn).toHaveLength(3);
    expect(x1 - x0).toBeCloseTo(x2 - x1, 0);
    expect(y1).toBeGreaterThan(y2);
    expect(y2).toBeGreaterThan(y0);
  });

  test('a logarithmic axis has equal distances for equal ratios, a linear one for equal differences', () => {
    const heights = (logarithmic: boolean, all: readonly number[]) =>
      points(
        lossChart(
          all.map((loss, i) => lineOf(i, loss)),
          { logarithmic },
        ),
        'raw train',
      ).map(([, y]) => y!);
    const [a, b, c] = heights(true, [1, 0.1, 0.01]) as [number, number, number];
    expect(b - a).toBeCloseTo(c - b, 0);
    const [d, e, f] = heights(false, [3, 2, 1]) as [number, number, number];
    expect(e - d).toBeCloseTo(f - e, 0);
  });

  test('a loss that is not finite breaks the line of the steps', () => {
    const svg = lossChart([1, 0.5, Number.NaN, 0.4, 0.3].map((loss, i) => lineOf(i, loss)));
    expect(strokes(svg, 'raw train').map((stroke) => stroke.length)).toEqual([2, 2]);
  });

  test('the smoothed line varies less than the steps, and ends where its label says', () => {
    const noisy = Array.from({ length: 1000 }, (_, i) => lineOf(i, 1 + (i % 2)));
    const svg = lossChart(noisy, { logarithmic: false });
    const settled = points(svg, 'train')
      .slice(100)
      .map(([, y]) => y!);
    const steps = points(svg, 'raw train').map(([, y]) => y!);
    const spread = (ys: readonly number[]) => Math.max(...ys) - Math.min(...ys);
    expect(spread(settled)).toBeLessThan(0.1 * spread(steps));
    expect(labels(svg)).toEqual(['train 1.51']);
  });

  test('held-out losses have a separate line and label', () => {
    const svg = lossChart([lineOf(0, 1, 1), lineOf(1, 0.5), lineOf(2, 0.5, 0.5)]);
    expect(points(svg, 'held-out')).toHaveLength(2);
    expect([...labels(svg)].sort()).toEqual(['held out 0.5', 'train 0.5']);
    const places = [...svg.matchAll(/<text class="(?:train|held-out)" x="[^"]*" y="([^"]*)"/g)].map((m) =>
      Number(m[1]),
    );
    expect(Math.abs(places[0]! - places[1]!)).toBeGreaterThanOrEqual(16);
  });

  test('a long run keeps its extremes in a small file', () => {
    const long = Array.from({ length: 200_000 }, (_, i) => lineOf(i, i === 123_456 ? 50 : 1 + Math.sin(i) / 2));
    const svg = lossChart(long);
    expect(svg.length).toBeLessThan(40_000);
    const tops = points(svg, 'raw train').filter(([, y]) => y === 64);
    expect(tops).toHaveLength(1);
  });

  test('without steps there are only axes', () => {
    expect(labels(lossChart([]))).toEqual([]);
  });

  test('steps are whole numbers, and a title is text', () => {
    const svg = lossChart([lineOf(0, 1), lineOf(1, 1)], { title: 'a < b & c' });
    expect([...svg.matchAll(/text-anchor="middle">([^<]*)</g)].map((match) => match[1])).toEqual(['0', '1', 'step']);
    expect(svg).toContain('>a &lt; b &amp; c<');
  });

  test('follows the reader’s dark mode', () => {
    expect(lossChart([])).toContain('@media(prefers-color-scheme:dark)');
  });
});

test.each([true, false])('losses whose difference overflows break the line, logarithmic: %s', (logarithmic) => {
  const svg = lossChart([lineOf(0, 1e308), lineOf(1, -1e308), lineOf(2, 1), lineOf(3, 2)], { logarithmic });
  expect(points(svg, 'raw train')).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|Infinity/);
});
