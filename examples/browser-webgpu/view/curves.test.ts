import { describe, expect, test } from 'vitest';
import { amounts, logSNR, ratios, signal } from './curves.js';

const levels = Array.from({ length: 101 }, (_, k) => ({ alpha: 1 - k / 100, sigma: k / 100 }));

const numbersOf = (svg: string, pattern: RegExp) =>
  [...svg.matchAll(pattern)].map(([, x, y]) => [Number(x), Number(y)] as const);
const pathsOf = (svg: string) =>
  [...svg.matchAll(/ d="M([^"]*)"/g)].map(([, d]) => d!.split('L').map((point) => point.split(' ').map(Number)));
const dotsOf = (svg: string) => numbersOf(svg, /<circle[^>]* cx="([^"]*)" cy="([^"]*)"/g);
const rulesOf = (svg: string) => numbersOf(svg, /<line[^>]* x1="([^"]*)"[^>]* y1="([^"]*)"/g).map(([, y]) => y);

describe('the curves of a path', () => {
  test('are α, which falls to the lowest line, and σ, which rises from it', () => {
    const svg = amounts(levels, 300);
    const [alpha, sigma] = pathsOf(svg);
    const [bottom, , top] = rulesOf(svg);
    expect(alpha).toHaveLength(101);
    expect([alpha!.at(0)![1], alpha!.at(-1)![1]]).toEqual([top, bottom]);
    expect([sigma!.at(0)![1], sigma!.at(-1)![1]]).toEqual([bottom, top]);
  });

  test.each([0, 10, 300, 1000])('have dots on them at t = %i', (t) => {
    for (const svg of [amounts(levels, t), ratios(levels, t)])
      expect(dotsOf(svg)).toEqual(pathsOf(svg).map((points) => points[t / 10]));
  });

  test('show the log-SNR between its outer lines, also where it is infinite', () => {
    expect(logSNR({ alpha: 1, sigma: 0 })).toBe(Infinity);
    expect(logSNR({ alpha: 0.5, sigma: 0.5 })).toBe(0);
    const svg = ratios(levels, 500);
    const [bottom, middle, top] = rulesOf(svg);
    const heights = pathsOf(svg)[0]!.map(([, y]) => y!);
    expect([heights[0], heights[50], heights[100]]).toEqual([top, middle, bottom]);
    heights.slice(1).forEach((y, i) => expect(y).toBeGreaterThanOrEqual(heights[i]!));
  });
});

test('signal and noise add up to 100 %, whatever the scale of the mix', () => {
  expect(signal({ alpha: 1, sigma: 0 })).toBe('100 % signal');
  expect(signal({ alpha: 0.5, sigma: 0.5 })).toBe('50 % signal');
  expect(signal({ alpha: 1, sigma: 3 })).toBe('10 % signal');
  expect(signal({ alpha: 0, sigma: 1 })).toBe('0 % signal');
});
