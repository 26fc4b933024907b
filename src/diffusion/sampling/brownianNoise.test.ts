import { describe, expect, it } from 'vitest';
import { test, fc } from '@fast-check/vitest';
import { foldIn, key } from '../../dsl/index.js';
import { brownianNoise } from './brownianNoise.js';

/** The level of a time from 0 at the data to 1 without signal. */
const at = (u: number) => ({ alpha: Math.cos((u * Math.PI) / 2), sigma: Math.sin((u * Math.PI) / 2) });
/** The increment of the path over a time: noise times the root of its length. */
const increment = (seed: number, from: number, to: number, size = 1): readonly number[] =>
  Array.from(brownianNoise(key(seed))(at(from), at(to), size), (noise) => noise * Math.sqrt(from - to));
const mean = (of: readonly number[]): number => of.reduce((sum, x) => sum + x, 0) / of.length;

describe('brownianNoise', () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 16 }), { minLength: 2, maxLength: 12 });
  test.prop([fc.nat(), times])(
    'increments over the parts of a time have that over all of it as their sum',
    (seed, of) => {
      const falling = of.sort((a, b) => b - a).map((time) => time / 2 ** 16);
      const parts = falling.slice(1).map((u, i) => increment(seed, falling[i]!, u)[0]!);
      const whole = increment(seed, falling[0]!, falling.at(-1)!)[0]!;
      // noise is rounded to float32
      expect(Math.abs(parts.reduce((sum, part) => sum + part, 0) - whole)).toBeLessThan(2e-6);
    },
  );

  it.each([
    [1, 0],
    [0.8, 0.3],
    [0.5, 0.4999],
    [1 / 3, 0.2],
    [2 ** -10, 2 ** -11],
  ])('is standard normal from %d to %d', (from, to) => {
    const N = 40_000;
    const noise = Array.from(brownianNoise(key(3))(at(from), at(to), N));
    // four deviations: of the mean 1/√N, of the variance √(2/N), of the fourth moment √(96/N)
    expect(Math.abs(mean(noise))).toBeLessThan(4 / Math.sqrt(N));
    expect(Math.abs(mean(noise.map((x) => x ** 2)) - 1)).toBeLessThan(4 * Math.sqrt(2 / N));
    expect(Math.abs(mean(noise.map((x) => x ** 4)) - 3)).toBeLessThan(4 * Math.sqrt(96 / N));
  });

  it('is independent over times without a common part, and correlated by the common part of others', () => {
    const N = 40_000;
    const ofTime = ([from, to]: readonly [number, number]) => Array.from(brownianNoise(key(5))(at(from), at(to), N));
    const correlation = (a: readonly number[], b: readonly number[]) => mean(a.map((x, i) => x * b[i]!));
    for (const [one, other] of [
      [
        [1, 0.7],
        [0.7, 0.2],
      ],
      [
        [0.9, 0.50001],
        [0.5, 0.1],
      ],
      [
        [0.31, 0.3],
        [0.3, 0.29],
      ],
    ] as const)
      // oxfmt-ignore
      expect(Math.abs(correlation(ofTime(one), ofTime(other)))).toBeLessThan(4 / Math.sqrt(N));
    // √(1/4) of a quarter of the time
    expect(Math.abs(correlation(ofTime([1, 0]), ofTime([0.6, 0.35])) - 0.5)).toBeLessThan(4 / Math.sqrt(N));
  });

  it('belongs to its key', () => {
    const [one, again, other] = [7, 7, 8].map((seed) => Array.from(brownianNoise(key(seed))(at(0.9), at(0.2), 5)));
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    const folded = Array.from(brownianNoise(foldIn(key(7), 1))(at(0.9), at(0.2), 5));
    expect(folded).not.toEqual(one);
  });

  it('depends on σ/α only, as x/α does', () => {
    const scaled = brownianNoise(key(1))({ alpha: 1, sigma: 80 }, { alpha: 1, sigma: 0.5 }, 3);
    const even = brownianNoise(key(1))(at(Math.atan(80) / (Math.PI / 2)), at(Math.atan(0.5) / (Math.PI / 2)), 3);
    scaled.forEach((x, i) => expect(x).toBeCloseTo(even[i]!, 5));
  });
});
