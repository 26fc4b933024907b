import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import type { KeyWords } from '../../dsl/plan/backend.js';
import type { Distribution } from '../../dsl/graph/node.js';
import { deriveWords, keyWords, randomInto, threefry, wordsOfName } from './threefry.js';

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const keys = fc.tuple(word, word);

const draw = (distribution: Distribution, key: KeyWords, n: number): Float64Array => {
  const out = new Float64Array(n);
  randomInto(distribution, key, out);
  return out;
};

const mean = (xs: Float64Array): number => xs.reduce((sum, x) => sum + x, 0) / xs.length;

/** The largest distance of the empirical distribution from the exact one, times √n (Kolmogorov). */
const kolmogorov = (xs: Float64Array, cdf: (x: number) => number): number => {
  const sorted = xs.slice().sort();
  const distance = sorted.reduce((worst, x, i) => {
    const p = cdf(x);
    return Math.max(worst, p - i / xs.length, (i + 1) / xs.length - p);
  }, 0);
  return distance * Math.sqrt(xs.length);
};

/** Φ by the series of erf, and in the tails by its continued fraction. */
const normalCdf = (z: number): number => {
  const x = Math.abs(z) / Math.SQRT2;
  let upper = 0;
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 60; n++) sum += term *= (2 * x * x) / (2 * n + 1);
    upper = 0.5 - (Math.exp(-x * x) * sum) / Math.sqrt(Math.PI);
  } else {
    let fraction = x;
    for (let n = 100; n >= 1; n--) fraction = x + n / 2 / fraction;
    upper = Math.exp(-x * x) / (2 * Math.sqrt(Math.PI) * fraction);
  }
  return z > 0 ? 1 - upper : upper;
};

test('the known answers published with Random123', () => {
  expect(threefry([0, 0], [0, 0])).toEqual([0x6b200159, 0x99ba4efe]);
  const ones: KeyWords = [0xffffffff, 0xffffffff];
  expect(threefry(ones, ones)).toEqual([0x1cb996fc, 0xbb002be7]);
  expect(threefry([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).toEqual([0xc4923a9c, 0x483df7a0]);
});

describe('keys', () => {
  test.prop([fc.maxSafeInteger(), fc.maxSafeInteger()])('seeds with equal keys are equal', (a, b) => {
    expect(String(keyWords(a)) === String(keyWords(b))).toBe(a === b);
  });

  test('a seed gives its 64 bits, the low word first', () => {
    expect(keyWords(7)).toEqual([7, 0]);
    expect(keyWords(-1)).toEqual([0xffffffff, 0xffffffff]);
    expect(keyWords(2 ** 40 + 3)).toEqual([3, 256]);
  });

  test.each([1.5, Number.NaN, Infinity, 2 ** 53])('rejects the seed %s', (seed) => {
    expect(() => keyWords(seed)).toThrow(/safe integer/);
  });

  test.prop([keys, word])('a derived key does not equal a block of samples of its parent', (key, counter) => {
    const sample = draw('bits', key, 2).map((x) => x >>> 0);
    expect(deriveWords(key, [0, 0])).not.toEqual([...sample]);
    expect(deriveWords(key, [counter, 0])).not.toEqual(threefry(key, [counter, 0]));
  });

  test('similar names have different words', () => {
    const names = ['', 'a', 'b', 'aa', 'a\0', '\0', 'noise', 'Noise', 'noise ', 'timestep', 'dropout', 'ε', 'ε̂'];
    const many = [...names, ...Array.from({ length: 20_000 }, (_, i) => `layer.${i}`)];
    expect(new Set(many.map((name) => String(wordsOfName(name)))).size).toBe(many.length);
  });

  test.prop([fc.string()])('a name has unsigned words, always the same', (name) => {
    const words = wordsOfName(name);
    expect(wordsOfName(name)).toEqual(words);
    expect(words.every((w) => Number.isInteger(w) && w >= 0 && w < 2 ** 32)).toBe(true);
  });

  test.prop([keys, keys, fc.integer({ min: 0, max: 63 })], { numRuns: 300 })(
    'one bit of the words flips about half of a derived key',
    (key, [w0, w1], bit) => {
      const flipped = [bit < 32 ? w0 ^ (1 << bit) : w0, bit < 32 ? w1 : w1 ^ (1 << (bit - 32))] as const;
      const a = deriveWords(key, [w0, w1]);
      const b = deriveWords(key, flipped);
      const changed = [a[0] ^ b[0], a[1] ^ b[1]]
        .map((x) => (x >>> 0).toString(2).replaceAll('0', '').length)
        .reduce((sum, x) => sum + x, 0);
      // 32 ± 4 of 64 bits: six deviations
      expect(Math.abs(changed - 32)).toBeLessThan(24);
    },
  );
});

describe('streams', () => {
  const distributions = fc.constantFrom<Distribution>('bits', 'uniform', 'normal');

  test.prop([distributions, keys, fc.nat(3000), fc.nat(3000)])(
    'element i depends only on the key and i: a shorter draw is a prefix of a longer one',
    (distribution, key, n, more) => {
      expect(draw(distribution, key, n + more).subarray(0, n)).toEqual(draw(distribution, key, n));
    },
  );

  test('elements 2j and 2j + 1 are block j', () => {
    const key: KeyWords = [11, 22];
    const bits = draw('bits', key, 5001);
    for (const j of [0, 1, 511, 512, 2499])
      expect([bits[2 * j]! >>> 0, bits[2 * j + 1]! >>> 0]).toEqual(threefry(key, [j, 0]));
    expect(bits[5000]! >>> 0).toBe(threefry(key, [2500, 0])[0]);
  });

  test.prop([fc.constantFrom<Distribution>('uniform', 'normal'), keys])(
    'float32 and float64 arrays hold the same numbers',
    (distribution, key) => {
      const single = new Float32Array(101);
      randomInto(distribution, key, single);
      expect([...single]).toEqual([...draw(distribution, key, 101)]);
    },
  );

  test.prop([keys])('bits are int32, in any array', (key) => {
    const integers = new Int32Array(7);
    randomInto('bits', key, integers);
    expect([...integers]).toEqual([...draw('bits', key, 7)]);
  });

  test('pinned numbers detect a change of any stream', () => {
    const key = keyWords(7);
    expect([...draw('bits', key, 3)]).toEqual([-393074326, -1136962631, -1330077393]);
    expect([...draw('uniform', key, 3)]).toEqual([0.9084802269935608, 0.7352802157402039, 0.6903172135353088]);
    expect([...draw('normal', key, 3)]).toEqual([1.3314543962478638, 0.6288617253303528, 0.4967496991157532]);
    expect([...draw('permutation', key, 8)]).toEqual([4, 5, 0, 7, 3, 1, 6, 2]);
    expect(deriveWords(key, wordsOfName('noise'))).toEqual([1541535207, 160759514]);
  });
});

describe('distributions', () => {
  const n = 400_000;

  // bounds of six standard deviations: a correct generator fails with probability 1e-9
  test('uniform: range, mean, variance, distribution', () => {
    const xs = draw('uniform', keyWords(1), n);
    expect(xs.every((x) => x >= 0 && x < 1 && Math.fround(x) === x)).toBe(true);
    expect(Math.abs(mean(xs) - 1 / 2)).toBeLessThan(6 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(mean(xs.map((x) => (x - 0.5) ** 2)) - 1 / 12)).toBeLessThan(6 * Math.sqrt(1 / 180 / n));
    // Kolmogorov: exceeded with probability 2·exp(−2·3²) = 3e-8
    expect(kolmogorov(xs, (x) => x)).toBeLessThan(3);
  });

  test('normal: the first four moments and the distribution', () => {
    const xs = draw('normal', keyWords(2), n);
    expect(Math.abs(mean(xs))).toBeLessThan(6 / Math.sqrt(n));
    expect(Math.abs(mean(xs.map((x) => x ** 2)) - 1)).toBeLessThan(6 * Math.sqrt(2 / n));
    expect(Math.abs(mean(xs.map((x) => x ** 3)))).toBeLessThan(6 * Math.sqrt(15 / n));
    expect(Math.abs(mean(xs.map((x) => x ** 4)) - 3)).toBeLessThan(6 * Math.sqrt(96 / n));
    expect(kolmogorov(xs, normalCdf)).toBeLessThan(3);
  });

  test('neighbours, and streams of sibling keys, are uncorrelated', () => {
    const xs = draw('normal', deriveWords(keyWords(3), wordsOfName('a')), n);
    const ys = draw('normal', deriveWords(keyWords(3), wordsOfName('b')), n);
    expect(Math.abs(mean(xs.map((x, i) => x * ys[i]!)))).toBeLessThan(6 / Math.sqrt(n));
    expect(Math.abs(mean(xs.map((x, i) => x * (xs[i + 1] ?? 0))))).toBeLessThan(6 / Math.sqrt(n));
  });

  test.prop([keys, fc.nat(500)])('a permutation has every number once', (key, length) => {
    const out = new Int32Array(length);
    randomInto('permutation', key, out);
    expect([...out].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
  });

  test('the 24 permutations of four are equally likely', () => {
    const trials = 24_000;
    const counts = new Map<string, number>();
    for (let seed = 0; seed < trials; seed++) {
      const order = String([...draw('permutation', keyWords(seed), 4)]);
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const expected = trials / 24;
    const chiSquare = [...counts.values()].reduce((sum, c) => sum + (c - expected) ** 2 / expected, 0);
    // 23 degrees of freedom: 70 is exceeded with probability 1e-6
    expect(chiSquare).toBeLessThan(70);
  });
});
