/**
 * Super-resolution of known data: independent pixels N(m, v), given the means of their squares. The exact denoiser is
 * that of the data without a condition, with each square moved to the mean that the condition gives.
 */
import { describe, expect, it } from 'vitest';
import {
  ancestral,
  conditioningAugmentation,
  cosine,
  ddim,
  ddpm,
  type Denoiser,
  dpmSolverPP,
  exactDenoiser,
  type Grid,
  imageOf,
  sampler,
  simpleLosses,
  type Solver,
  spaced,
  superResolution,
  uncorrected,
} from '../../src/diffusion/index.js';
import {
  add,
  ascribeLike,
  averagePool,
  cast,
  constantOf,
  div,
  foldIn,
  fork,
  gather,
  mul,
  normal,
  scalar,
  scaleBy,
  square,
  stack,
  sub,
  table,
  type Tensor,
  upsample,
} from '../../src/dsl/index.js';
import { solved } from '../../src/internal/numerics/linearSystem.js';
import { numbersOf, relativeDistance, right } from './run.js';
import { wholeTimesteps } from '../../src/diffusion/paths/discretePath.js';

const [MEAN, VARIANCE] = [0.2, 0.3];
type Image = [4, 4, 1];
const noising = right(ddpm(cosine(100)));
const { marginals } = noising;

/** The variance of each pixel given x_t: v·σ²/(α²·v + σ²). */
const spreads = marginals.map(({ alpha, sigma }) => (VARIANCE * sigma ** 2) / (alpha ** 2 * VARIANCE + sigma ** 2));
const blind = exactDenoiser(noising)({
  shape: [4, 4, 1] as const,
  weights: [1],
  means: [new Float64Array(16).fill(MEAN)],
  variances: [VARIANCE],
}) as Denoiser<null, Image>;

/** E[x_0|x_t, condition]: the mean of a square has a quarter of its pixels' variance, and moves all of them alike. */
const exact: Denoiser<null, Image> = {
  ...blind,
  conditions: { lowRes: { image: 1, required: true } },
  apply: (_, x, at) => {
    const guess = blind.apply(null, x, at);
    const { image, t } = imageOf(at, 'lowRes')!;
    const spread = mul(gather(table(spreads), wholeTimesteps(at.t)), 0.25); // [B]; for a noisy condition, y = α·mean + σ·η, this is the Kalman gain; without noise it is 1
    const ofLevel = (numbers: readonly number[]) => gather(table(numbers), t!);
    const alpha = t === undefined ? div(spread, spread) : ofLevel(marginals.map((c) => c.alpha));
    const noise = t === undefined ? sub(spread, spread) : ofLevel(marginals.map((c) => c.sigma ** 2));
    const gain = div(mul(spread, alpha), add(mul(spread, square(alpha)), noise));
    const excess = scaleBy(sub(scaleBy(averagePool(guess), alpha), image), gain);
    return ascribeLike(sub(guess, upsample(excess)), x); // the condition has half the size
  },
};

/** The square of a pixel of a 4×4 image. */
const squareOf = (pixel: number): number => 2 * Math.floor(pixel / 8) + Math.floor((pixel % 4) / 2);
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** E[x_0|x_t, y] of the joint Gaussian of 16 pixels of x_t and 4 of y = b·means + √c·η, by elimination. */
const conditioned = (
  xt: readonly number[],
  y: readonly number[],
  t: number,
  [b, c]: readonly [number, number],
): readonly number[] => {
  const { alpha: a, sigma } = marginals[t]!;
  const seen = [...xt.map((x) => x - a * MEAN), ...y.map((pixel) => pixel - b * MEAN)];
  /** Each of the 20 numbers as a linear function of x_0, row by row. */
  const rows = [
    ...range(16).map((i) => range(16).map((j) => (i === j ? a : 0))),
    ...range(4).map((i) => range(16).map((j) => (squareOf(j) === i ? b / 4 : 0))),
  ];
  const dot = (p: readonly number[], q: readonly number[]): number => p.reduce((sum, x, i) => sum + x * q[i]!, 0);
  const covariance = rows.map((p, i) => rows.map((q, j) => VARIANCE * dot(p, q) + (i === j ? (i < 16 ? sigma ** 2 : c) : 0)));
  const weights = solved(covariance, seen);
  return range(16).map((pixel) => MEAN + VARIANCE * dot(rows.map((row) => row[pixel]!), weights));
}; // oxfmt-ignore

const wave = (n: number, k: number): readonly number[] => range(n).map((i) => Math.sin(2.3 * i + k));
const image = constantOf(wave(4, 5), 1, 2, 2, 1) as Tensor<[1, 2, 2, 1]>;

describe('of Gaussian pixels, given the means of squares', () => {
  it.each([0, 30, 99])('the denoiser is E[x_0|x_t, condition] at t = %d, noisy or not', async (t) => {
    const xt = constantOf(wave(16, 1), 1, 4, 4, 1) as Tensor<[1, ...Image]>;
    const at = (level: number) => constantOf(Int32Array.of(level), 1) as Tensor<[1], 'int32'>;
    const found = (condition: { readonly image: typeof image; readonly t?: Tensor<[1], 'int32'> }) =>
      numbersOf(() => exact.apply(null, xt, { t: at(t), conditions: { lowRes: condition } }));
    const clean = conditioned(wave(16, 1), wave(4, 5), t, [1, 0]);
    expect(relativeDistance(await found({ image }), clean)).toBeLessThan(1e-12);
    const { alpha, sigma } = marginals[20]!;
    const noisy = conditioned(wave(16, 1), wave(4, 5), t, [alpha, sigma ** 2]);
    expect(relativeDistance(await found({ image, t: at(20) }), noisy)).toBeLessThan(1e-12);
  });

  it.each([
    ['as it is', false, superResolution({ factor: 2 }), (w: number) => 0.75 * w],
    [
      'with augmentation',
      true,
      conditioningAugmentation(noising, { levels: 30 })(superResolution({ factor: 2 })),
      // of the variance w/4 of a mean, observed as b·mean + √c·η, the share c/(b²·w/4 + c) remains; averaged over the
      // levels
      (w: number) =>
        0.75 * w +
        range(30).reduce((sum, level) => {
          const { alpha, sigma } = marginals[level]!;
          return sum + ((w / 4) * sigma ** 2) / ((alpha ** 2 * w) / 4 + sigma ** 2) / 30;
        }, 0),
    ],
  ] as const)('its loss is the remaining variance, condition %s', async (_, noiseLevel, conditioner, left) => {
    const B = 512;
    const denoiser = { ...exact, conditions: { lowRes: { image: 1, noiseLevel, required: true } } };
    const losses = await numbersOf((k) => {
      const keys = fork(k, 'data', 'loss', 'condition');
      const x0 = add(mul(normal(keys.data, B, 4, 4, 1), Math.sqrt(VARIANCE)), MEAN);
      const conditions = { lowRes: conditioner(x0, keys.condition) };
      const { losses: each, t } = simpleLosses(noising, denoiser)(null, { x0, key: keys.loss, conditions });
      return stack([each, cast(t, 'float32')]);
    });
    // in units of the expected value at its t: each is a mean of at least 12 squares, and levels change it by less than a sixth, so that its variance is below 1/4
    const ratios = range(B).map((i) => losses[i]! / left(spreads[losses[B + i]!]!));
    const mean = ratios.reduce((a, b) => a + b, 0) / B;
    expect(Math.abs(mean - 1)).toBeLessThan(6 * Math.sqrt(1 / 4 / B));
  });

  /** Samples from several noises, one below another. */
  const samplesOf = async (
    solver: Solver,
    grid: number | Grid,
    noises: readonly number[],
  ): Promise<readonly number[]> => {
    const B = noises.length / 16;
    const { steps, start, step } = right(sampler({ noising, denoiser: exact, solver, grid, correction: uncorrected }));
    const images = range(B).flatMap(() => wave(4, 5));
    return numbersOf((k) => {
      const conditions = { lowRes: { image: constantOf(images, B, 2, 2, 1) as Tensor<[number, 2, 2, 1]> } };
      const first = start(constantOf(noises, B, 4, 4, 1) as Tensor<[number, ...Image]>);
      return range(steps).reduce(
        (state, i) => step(null, state, { index: scalar(i, 'int32'), key: foldIn(k, i), conditions }).state,
        first,
      ).x;
    });
  };
  const meansOf = (pixels: readonly number[]): readonly number[] =>
    range(pixels.length / 4).map((mean) => {
      const [first, square] = [16 * Math.floor(mean / 4), mean % 4];
      return range(16).reduce((sum, i) => sum + (squareOf(i) === square ? pixels[first + i]! / 4 : 0), 0);
    });

  it.each([
    ['ancestral', ancestral()],
    ['ddim', ddim()],
    ['dpmSolverPP', dpmSolverPP({ order: 2 })],
  ])('samples have the given means, by %s', async (_, solver) => {
    const samples = await samplesOf(solver, 8, wave(32, 1));
    expect(relativeDistance(meansOf(samples), [...wave(4, 5), ...wave(4, 5)])).toBeLessThan(1e-14);
  });

  it('samples vary around the means like the data: a noise minus its means is scaled by √v', async () => {
    const noise = wave(16, 1);
    const errorOf = async (solver: Solver, steps: number): Promise<number> => {
      // from t = 0 to the data almost nothing changes, so the last step, of lower order, has no effect
      const sample = await samplesOf(solver, spaced(steps), noise);
      const [means, noiseMeans] = [meansOf(sample), meansOf(noise)];
      const around = sample.map((pixel, i) => pixel - means[squareOf(i)]!);
      const expected = noise.map((pixel, i) => Math.sqrt(VARIANCE) * (pixel - noiseMeans[squareOf(i)]!));
      return relativeDistance(around, expected);
    };
    // by the orders 1 and 2, twice the steps give a half and a quarter of the error; the tolerance is half an order
    const solvers = [ddim(), dpmSolverPP({ order: 2 })];
    for (const [i, solver] of solvers.entries()) {
      const [coarse, fine] = [await errorOf(solver, 24), await errorOf(solver, 48)];
      expect(fine / coarse).toBeLessThan(2 ** -(i + 0.5));
      expect(fine).toBeLessThan(0.05);
    }
  });
});
