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

/** ∫ f by Simpson's rule. */
const integral = (f: (x: number) => number, from: number, to: number, intervals: number): number => {
  const h = (to - from) / intervals;
  const inner = Array.from({ length: intervals - 1 }, (_, i) => (i % 2 === 0 ? 4 : 2) * f(from + (i + 1) * h));
  return (h / 3) * inner.reduce((sum, term) => sum + term, f(from) + f(to));
};

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
    ['reference', reference, [0.261, 0.262, 1, 80, 2.2e4], 2 ** -42],
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
          // φ over the bin, divided by φ(z), which could be too small
          const overBin = integral((s) => Math.exp(-s * (z + s / 2)), -width / 2, width / 2, 200);
          const expected = Math.log(overBin) - (z * z + Math.log(2 * Math.PI)) / 2;
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
      // the outermost bin extends to 12 σ
      const expected = means.map((mean) => {
        const [from, to] = [level - 1 / 255, level === 1 ? mean + 12 * sigma : level + 1 / 255];
        const density = (x: number) => Math.exp(-0.5 * ((x - mean) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI));
        return Math.log(integral(density, from, to, 4000));
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
    ['reference', reference, 1e-11],
    // four roundings of z = 6.3, times the slope 2·√(2/π)·(1 + 3·0.044715·z²) of the logarithm
    ['wasm', wasm, 4 * 2 ** -24 * 6.3 * 10.2],
  ] as const)('by tanh has its digits and its slopes in bins and tails, %s', async (_, backend, tolerance) => {
    const zs = [-7, -6.3, -5.5, -4, -1, 0, 0.2, 2.5, 5, 6, 6.8];
    const cases = [0.002, 0.01, 0.1, 1, 30].flatMap((sigma) =>
      [-1, 1 / 255, 1].flatMap((level) =>
        zs.map((z) => {
          const [x, logVariance] = [Math.fround(level), Math.fround(2 * Math.log(sigma))];
          return { x, logVariance, mean: Math.fround(x - z * sigma) };
        }),
      ),
    );
    // in float64: σ(u) - σ(l), or σ(-l) - σ(-u) above the mean, which has more digits there
    const logistic = (u: number) => 1 / (1 + Math.exp(-u));
    const expected = cases.map(({ x, logVariance, mean }) => {
      const inverse = Math.exp(-logVariance / 2);
      const [upper, lower] = [1, -1].map((side) => {
        const z = (x - mean + side / 255) * inverse;
        const u = 2 * Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3);
        const density = logistic(u) * logistic(-u) * 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * z * z);
        return { z, u, density };
      }) as [Record<'z' | 'u' | 'density', number>, Record<'z' | 'u' | 'density', number>];
      const [isLowest, isHighest] = [x < -0.999, x > 0.999];
      const inside = x > mean ? logistic(-lower.u) - logistic(-upper.u) : logistic(upper.u) - logistic(lower.u);
      const P = isLowest ? logistic(upper.u) : isHighest ? logistic(-lower.u) : inside;
      if (P < 1e-12) return { log: Math.log(1e-12), byMean: 0, byLogVariance: 0 };
      const [above, below] = [isHighest ? 0 : upper.density / P, isLowest ? 0 : lower.density / P];
      return {
        log: Math.log(P),
        byMean: -inverse * (above - below),
        byLogVariance: -(above * upper.z - below * lower.z) / 2,
      };
    });
    const N = cases.length;
    const of = (field: keyof (typeof cases)[number]) =>
      constantOf(
        cases.map((one) => one[field]),
        N,
      ) as Tensor<[number]>;
    const logsOf = (mean: Tensor<[number]>, logVariance: Tensor<[number]>) =>
      discretizedLogLikelihood({ mean, logVariance }, { cdf: 'tanh' })(of('x'));
    const logs = await numbersOf(() => logsOf(of('mean'), of('logVariance')), backend());
    const byMean = await numbersOf(
      () => grad((mean: Tensor<[number]>) => sum(logsOf(mean, of('logVariance'))))(of('mean')),
      backend(),
    );
    const byLogVariance = await numbersOf(
      () => grad((logVariance: Tensor<[number]>) => sum(logsOf(of('mean'), logVariance)))(of('logVariance')),
      backend(),
    );
    const off = { log: 0, byMean: 0, byLogVariance: 0 };
    expected.forEach((one, i) => {
      const deviation = Math.exp(cases[i]!.logVariance / 2);
      off.log = Math.max(off.log, Math.abs(logs[i]! - one.log));
      off.byMean = Math.max(off.byMean, Math.abs(byMean[i]! - one.byMean) * deviation);
      off.byLogVariance = Math.max(off.byLogVariance, Math.abs(byLogVariance[i]! - one.byLogVariance));
    });
    for (const [name, value] of Object.entries(off)) expect(value, name).toBeLessThan(tolerance);
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
