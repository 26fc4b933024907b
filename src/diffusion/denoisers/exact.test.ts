import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { attempt, constantOf, type Dim, type Shape, table, type Tensor } from '../../dsl/index.js';
import { E, F } from '../../internal/fp.js';
import type { Channel } from '../channels/channel.js';
import { exactDenoiser, exactLogDensity, exactScore } from './exact.js';
import { type GaussianMixture, gaussianMixture } from './gaussianMixture.js';
import { cosine, scheduleFromBetas } from '../index.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(
  F.pipe(
    cosine(1000),
    E.flatMap(({ betas }) => scheduleFromBetas([...betas.slice(0, -1), 1])), // no signal at the end
    ddpm,
  ),
);
/** Timesteps from the least noise to pure noise. */
const TIMES = [0, 1, 40, 300, 700, 950, 998, 999];

const line: GaussianMixture<[]> = {
  shape: [],
  weights: [0.2, 0.5, 0.3],
  means: [[-1], [0.25], [0.75]],
  variances: [0.01, 0.2, 0.05],
};

const normalAt = (x: number, mean: number, variance: number): number =>
  Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
const density = (x0: number): number =>
  line.weights.reduce((sum, w, k) => sum + w * normalAt(x0, line.means[k]![0]!, line.variances[k] as number), 0);

/** ∫ p(x_0)·q(x_t|x_0)·f(x_0) dx_0 as a fine sum: around x_t/α with little noise, over the data otherwise. */
const integrated = ({ alpha, sigma }: Channel, xt: number, f: (x0: number) => number): number => {
  const reach = (12 * sigma) / Math.max(alpha, 1e-3);
  const [from, to] = [
    Math.max(-6, xt / Math.max(alpha, 1e-3) - reach),
    Math.min(6, xt / Math.max(alpha, 1e-3) + reach),
  ];
  const n = 40_000;
  const h = (to - from) / n;
  let sum = 0;
  for (let i = 0; i <= n; i++) {
    const x0 = from + i * h;
    sum += density(x0) * normalAt(xt, alpha * x0, sigma ** 2) * f(x0);
  }
  return sum * h;
};

const column = (numbers: readonly number[]): Tensor<[Dim]> => table(numbers);
const times = (t: number, count: number): Tensor<[Dim], 'int32'> => table(new Int32Array(count).fill(t));

describe('the exact denoiser of a mixture of Gaussians', () => {
  it.each(TIMES)('agrees with Bayes’ rule by numerical integration, and so does the density, t = %d', async (t) => {
    const marginal = noising.marginals[t]!;
    const xs = [-1.1, -0.2, 0.6, 1.4];
    const found = await numbersOf(() =>
      exactDenoiser(noising)(line).apply(null, column(xs), { t: times(t, xs.length) }),
    );
    const logs = await numbersOf(() => exactLogDensity(noising)(line)(column(xs), times(t, xs.length)));
    xs.forEach((x, i) => {
      const evidence = integrated(marginal, x, () => 1);
      expect(found[i]).toBeCloseTo(integrated(marginal, x, (x0) => x0) / evidence, 8);
      expect(logs[i]).toBeCloseTo(Math.log(evidence), 8);
    });
  });

  it.each(TIMES)('the score is the derivative of the log-density, t = %d', async (t) => {
    const at = [-0.9, 0.1, 0.8];
    const h = 1e-4 * noising.marginals[t]!.sigma;
    const logs = await numbersOf(() =>
      exactLogDensity(noising)(line)(column(at.flatMap((x) => [x - h, x + h])), times(t, 2 * at.length)),
    );
    const scores = await numbersOf(() => exactScore(noising)(line)(column(at), times(t, at.length)));
    at.forEach((_, i) => {
      const slope = (logs[2 * i + 1]! - logs[2 * i]!) / (2 * h);
      expect(Math.abs(scores[i]! - slope)).toBeLessThan(1e-5 * (1 + Math.abs(slope)));
    });
  });

  it('takes a variance for each direction, and keeps the shape of images', async () => {
    const one: GaussianMixture<[1, 2, 1]> = {
      shape: [1, 2, 1],
      weights: [1],
      means: [[0.5, -0.5]],
      variances: [[0.3, 0]],
    };
    const { alpha, sigma } = noising.marginals[500]!;
    const x = constantOf([0.2, 0.9], 1, 1, 2, 1) as Tensor<[1, 1, 2, 1]>;
    const t = constantOf(Int32Array.of(500), 1) as Tensor<[1], 'int32'>;
    const [first, second] = await numbersOf(() => exactDenoiser(noising)(one).apply(null, x, { t }));
    // the precision of the product of two densities, and the mean by their precisions
    const precision = 1 / 0.3 + (alpha / sigma) ** 2;
    expect(first).toBeCloseTo((0.5 / 0.3 + (alpha * 0.2) / sigma ** 2) / precision, 12);
    expect(second).toBe(-0.5);
  });

  it('gives the nearest point, and not NaN, for points far from x_t', async () => {
    const points: GaussianMixture<[]> = {
      shape: [],
      weights: [0.5, 0.5],
      means: [[-1], [1]],
      variances: [0, 0],
    };
    const x = [-900, -0.5, 0.5, 900];
    expect(await numbersOf(() => exactDenoiser(noising)(points).apply(null, column(x), { t: times(0, 4) }))).toEqual([
      -1, -1, 1, 1,
    ]);
    for (const what of [exactScore, exactLogDensity])
      for (const number of await numbersOf(() => what(noising)(points)(column(x), times(0, 4)) as Tensor<Shape>))
        expect(number).toSatisfy(Number.isFinite);
  });
});

describe('an invalid mixture', () => {
  const two = {
    shape: [2] as const,
    weights: [0.5, 0.5],
    means: [
      [0, 1],
      [1, 0],
    ],
    variances: [0.1, [0.1, 0]],
  };
  it.each([
    ['without components', { weights: [], means: [], variances: [] }, 'at least one Gaussian'],
    ['of a weight of 0', { weights: [1, 0] }, 'positive weights'],
    ['of weights that do not sum to 1', { weights: [0.5, 0.6] }, 'weights that sum to 1'],
    ['of a weight that is NaN', { weights: [NaN, 1] }, 'positive weights'],
    ['of too few means', { means: [[0, 1]] }, 'as many means and variances as weights, 2'],
    ['of means of another shape', { means: [[0, 1], [1]] }, 'means of 2 numbers'],
    [
      'of a mean that is NaN',
      {
        means: [
          [0, 1],
          [NaN, 0],
        ],
      },
      'finite means',
    ],
    ['of variances of another shape', { variances: [0.1, [0.1]] }, 'variances of one number or 2'],
    ['of a negative variance', { variances: [0.1, [0.1, -1]] }, 'finite variances ≥ 0'],
  ])('%s, is a ConfigError', (_, wrong, says) => {
    const result = gaussianMixture({ ...two, ...wrong });
    expect(E.isLeft(result) && result.left._tag).toBe('ConfigError');
    expect(E.isLeft(result) && result.left.expected).toContain(says);
    expect(E.isRight(gaussianMixture(two))).toBe(true);
    const x = constantOf([0, 0], 1, 2) as Tensor<[1, 2]>;
    const t = constantOf(Int32Array.of(0), 1) as Tensor<[1], 'int32'>;
    const used = attempt(() => exactDenoiser(noising)({ ...two, ...wrong }).apply(null, x, { t }));
    expect(used).toEqual(result);
  });
});
