import { describe, expect, it } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { tfjs } from '../../backends/tfjs/index.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { constantOf, grad, sum, type Tensor } from '../../dsl/index.js';
import { discretizedLogLikelihood } from './discretizedGaussian.js';

/** Level, mean and standard deviation, with log P from SciPy 1.17 (norm.cdf, and norm.logcdf and logsf at the ends). */
const GOLDEN = [
  { level: -255, mean: 0, sigma: 0.5, logP: -3.764598116216403, byTanh: -3.766574381634771 },
  { level: -255, mean: -0.98, sigma: 0.01, logP: -2.9199799429659716, byTanh: -2.9178975452276887 },
  { level: -127, mean: -0.5, sigma: 0.0074, logP: -0.9386594096092981, byTanh: -0.9389393561585816 },
  { level: 1, mean: 0.01, sigma: 0.0074, logP: -1.2138370437783834, byTanh: -1.2143930952451902 },
  { level: 255, mean: 0.9, sigma: 0.05, logP: -3.599769193599238, byTanh: -3.600354147720288 },
  { level: 255, mean: 0, sigma: 0.5, logP: -3.764598116216403, byTanh: -3.766574381634774 },
  { level: 3, mean: 0, sigma: 2, logP: -6.4602200201579985, byTanh: -6.460220108959297 },
  { level: -255, mean: 0.5, sigma: 0.4, logP: -9.294391997437147, byTanh: -9.701966742949612 },
] as const;
const column = (of: (row: (typeof GOLDEN)[number]) => number): Tensor<[8]> =>
  constantOf(GOLDEN.map(of), 8) as Tensor<[8]>;
const gaussian = {
  mean: column(({ mean }) => mean),
  logVariance: column(({ sigma }) => 2 * Math.log(sigma)),
};
const levels = column(({ level }) => level / 255);

describe('the log-probability of bytes', () => {
  it('is that of the normal distribution, in bins and tails', async () => {
    const logs = await numbersOf(() => discretizedLogLikelihood(gaussian)(levels));
    GOLDEN.forEach(({ logP }, i) => expect(Math.abs(logs[i]! - logP)).toBeLessThan(1e-11));
  });

  it('is that of guided-diffusion with its tanh', async () => {
    const logs = await numbersOf(() => discretizedLogLikelihood(gaussian, { cdf: 'tanh' })(levels));
    GOLDEN.forEach(({ byTanh }, i) => expect(Math.abs(logs[i]! - byTanh)).toBeLessThan(1e-11));
  });

  it('differs from the tanh approximation of guided-diffusion', async () => {
    const logs = await numbersOf(() => discretizedLogLikelihood(gaussian)(levels));
    const off = GOLDEN.map(({ byTanh }, i) => Math.abs(logs[i]! - byTanh));
    expect(Math.max(...off)).toBeGreaterThan(0.4); // 4 σ away
    expect(Math.min(...off)).toBeGreaterThan(5e-8);
    // the probabilities differ less than their logarithms
    GOLDEN.forEach(({ byTanh }, i) => expect(Math.abs(Math.exp(logs[i]!) - Math.exp(byTanh))).toBeLessThan(4e-4));
  });

  it.each([
    ['tfjs-cpu', () => tfjs('cpu')],
    ['wasm', wasm],
  ])('has probabilities within 1e-6 in float32, %s', async (_, backend) => {
    const logs = await numbersOf(() => discretizedLogLikelihood(gaussian)(levels), backend());
    GOLDEN.forEach(({ logP }, i) => expect(Math.abs(Math.exp(logs[i]!) - Math.exp(logP))).toBeLessThan(1e-6));
  });

  it('is log 10⁻¹² far from the mean, with a finite gradient', async () => {
    const far = { mean: constantOf([0.9, -0.9], 2), logVariance: constantOf([-14, -14], 2) };
    const x = constantOf([-1, 255 / 255], 2);
    const logs = await numbersOf(() => discretizedLogLikelihood(far)(x));
    for (const log of logs) expect(log).toBeCloseTo(Math.log(1e-12), 12);
    const slopes = await numbersOf(() =>
      grad((mean: Tensor<[2]>) => sum(discretizedLogLikelihood({ ...far, mean })(x)))(far.mean as Tensor<[2]>),
    );
    for (const slope of slopes) expect(Number.isFinite(slope)).toBe(true);
  });

  it.each([
    ['reference', reference, 1e18],
    ['wasm', wasm, 1e10],
  ])('has a finite gradient where a bin is narrower than a rounding error of σ, %s', async (_, backend, sigma) => {
    const x = constantOf([-1, 1 / 255, 1, 1 / 255], 4);
    const means = constantOf([0, 0, 0, 5 * sigma], 4) as Tensor<[4]>; // the last bin is in the tail
    const logVariance = constantOf(new Float64Array(4).fill(2 * Math.log(sigma)), 4);
    const logs = await numbersOf(() => discretizedLogLikelihood({ mean: means, logVariance })(x), backend());
    // half of the distribution is below 0, and half above; a bin has less than the smallest probability
    for (const i of [0, 2]) expect(Math.abs(logs[i]! - Math.log(0.5))).toBeLessThan(2 ** -20);
    expect(Math.abs(logs[3]! - Math.log(1e-12))).toBeLessThan(2 ** -19); // an ulp of 27.6 in float32
    const slopes = (by: 'mean' | 'logVariance') =>
      numbersOf(() => {
        const gaussian = { mean: means, logVariance: logVariance as Tensor<[4]> };
        return grad((value: Tensor<[4]>) => sum(discretizedLogLikelihood({ ...gaussian, [by]: value })(x)))(
          gaussian[by],
        );
      }, backend());
    // φ(0)/½ of a deviation at the ends of the levels, 0 for the smallest probability
    for (const slope of await slopes('mean')) expect(Math.abs(slope)).toBeLessThan(1 / sigma);
    // of z = 1/σ, half of that times z
    for (const slope of await slopes('logVariance')) expect(Math.abs(slope)).toBeLessThan(1 / sigma);
  });

  it.each([
    // on both sides of the width from which the density is taken, and far beyond
    ['reference', reference, [0.261, 0.262, 1, 80, 2.2e4], 2 ** -25],
    // some roundings of z² and of the logarithm
    ['wasm', wasm, [0.262, 1, 80, 2.2e4], 2 ** -19],
  ] as const)(
    'has its digits and its slope in bins that are narrow against σ, %s',
    async (_, backend, sigmas, tolerance) => {
      const zs = [0, 1, 2.9, 3.5, 4.5];
      const x = constantOf(new Float64Array(5).fill(1 / 255), 5);
      for (const sigma of sigmas) {
        const width = 2 / 255 / sigma;
        const logVariance = constantOf(new Float64Array(5).fill(2 * Math.log(sigma)), 5);
        const means = constantOf(
          zs.map((z) => 1 / 255 - z * sigma),
          5,
        ) as Tensor<[5]>;
        const logs = await numbersOf(() => discretizedLogLikelihood({ mean: means, logVariance })(x), backend());
        zs.forEach((z, i) => {
          // Simpson's rule with two intervals for ∫ φ over the bin, whose fourth derivative leaves width⁵/2880·φ⁗
          const [left, right] = [z - width / 2, z + width / 2].map((edge) => Math.exp((z * z - edge * edge) / 2));
          const expected = Math.log((width * (left! + 4 + right!)) / 6) - (z * z + Math.log(2 * Math.PI)) / 2;
          expect(Math.abs(logs[i]! - expected), `σ = ${sigma}, z = ${z}`).toBeLessThan(tolerance * (1 + z * z));
        });
        const slopes = await numbersOf(
          () => grad((mean: Tensor<[5]>) => sum(discretizedLogLikelihood({ mean, logVariance })(x)))(means),
          backend(),
        );
        // d log P/dμ is E[z]/σ over the bin
        slopes.forEach((slope, i) =>
          expect(Math.abs(slope * sigma - zs[i]!)).toBeLessThan(width / 2 + tolerance * (1 + zs[i]!)),
        );
      }
    },
  );

  it.each([
    ['reference', reference, 1e-9],
    // a rounding error of z, times z² by the density, times 2⁴ operations
    ['wasm', wasm, 7 ** 2 * 2 ** 4 * 2 ** -24],
  ] as const)('in the tails has its digits and its slope, %s', async (_, backend, tolerance) => {
    const sigma = 0.02;
    const zs = [3.2, 4, 5, 5.5, 6, 6.8];
    const logVariance = constantOf(
      zs.map(() => 2 * Math.log(sigma)),
      6,
    );
    for (const level of [1 / 255, 1]) {
      const x = constantOf(
        zs.map(() => level),
        6,
      );
      const means = zs.map((z) => level - z * sigma);
      // Simpson's rule for the bin; the outermost bin extends to 12 σ
      const expected = means.map((mean) => {
        const [from, to] = [level - 1 / 255, level === 1 ? mean + 12 * sigma : level + 1 / 255];
        const N = 4000;
        const h = (to - from) / N;
        const density = (i: number) =>
          Math.exp(-0.5 * ((from + i * h - mean) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI));
        let sum = density(0) + density(N);
        for (let i = 1; i < N; i++) sum += (i % 2 === 1 ? 4 : 2) * density(i);
        return Math.log((sum * h) / 3);
      });
      const logs = await numbersOf(
        () => discretizedLogLikelihood({ mean: constantOf(means, 6), logVariance })(x),
        backend(),
      );
      expected.forEach((one, i) => expect(Math.abs(logs[i]! - one)).toBeLessThan(tolerance));
      const slopes = await numbersOf(
        () =>
          grad((mean: Tensor<[6]>) => sum(discretizedLogLikelihood({ mean, logVariance })(x)))(
            constantOf(means, 6) as Tensor<[6]>,
          ),
        backend(),
      );
      // d log P/dμ is E[z]/σ over the bin: between its edges, or for the outermost beyond its edge
      slopes.forEach((slope, i) => {
        const half = 1 / 255 / sigma;
        expect(slope * sigma).toBeGreaterThan(zs[i]! - half);
        expect(slope * sigma).toBeLessThan(zs[i]! + (level === 1 ? 1 / zs[i]! : half));
      });
    }
  });

  it.each([
    ['tfjs-cpu', () => tfjs('cpu')],
    ['wasm', wasm],
  ])('sums to 1 over all bytes in float32, up to 256 roundings, %s', async (_, backend) => {
    const levels = constantOf(
      Array.from({ length: 256 }, (_value, k) => (2 * k - 255) / 255),
      256,
    );
    for (const [mean, sigma] of [
      [0.1, 0.3],
      [-1.2, 0.05],
      [0.77, 0.002],
      [0, 3],
    ] as const) {
      const filled = (value: number) => constantOf(new Float64Array(256).fill(value), 256);
      const logs = await numbersOf(
        () => discretizedLogLikelihood({ mean: filled(mean), logVariance: filled(2 * Math.log(sigma)) })(levels),
        backend(),
      );
      const sum = logs.reduce((all, log) => all + Math.exp(log), 0);
      expect(Math.abs(sum - 1)).toBeLessThan(256 * 2 ** -24);
    }
  });
});
