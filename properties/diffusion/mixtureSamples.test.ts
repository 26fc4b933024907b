/**
 * Samples of a mixture in the plane, by every solver with the exact denoiser, have the mean and covariance of the data.
 */
import { describe, expect, it } from 'vitest';
import { wasm } from '../../src/backends/wasm/backend.js';
import {
  type Conditioning,
  cosine,
  ddpm,
  type Denoiser,
  exactDenoiser,
  type Model,
  overParams,
  uncorrected,
} from '../../src/diffusion/index.js';
import { type Dim, key, type Tensor, transpose, using, vmap } from '../../src/dsl/index.js';
import { F, RTE } from '../../src/internal/fp.js';
import { layer } from '../../src/nn/index.js';
import { sample } from '../../src/training/index.js';
import { notAsked } from '../asked.js';
import { skippedFor } from '../skips.js';
import { solversOfMean } from '../arbitraries/solvers.js';
import { right } from './run.js';

/** The points of an image. They are independent, and share a key, whose handling takes most of the time of a step. */
const POINTS = 128;
const COUNT = 8192;
const STEPS = 200;
/** The allowed number of standard deviations of an estimate, which one in two million exceeds. */
const CONFIDENCE = 5;

const noising = right(ddpm(cosine(1000)));
const mixture = {
  shape: [2, 1],
  weights: [0.5, 0.3, 0.2],
  means: [
    [-0.8, -0.5],
    [0.7, 0.6],
    [0.2, -0.3],
  ],
  variances: [0.05, [0.1, 0.03], 0.05],
} as const;
const point = exactDenoiser(noising)(mixture);
type Points = [typeof POINTS, 2, 1];
const points: Denoiser<null, Points> = {
  predicts: 'x0',
  clock: 'level',
  apply: <B extends Dim>(_: null, x: Tensor<[B, ...Points]>, at: Conditioning<NoInfer<B>>) => {
    const denoised = vmap((one: Tensor<[B, 2, 1]>) => point.apply<B>(null, one, at));
    return transpose(denoised(transpose(x, 1, 0, 2, 3)), 1, 0, 2, 3);
  },
};
const model: Model<object, Points> = { ...layer({}, () => null), ...overParams((_: object) => null)(points) };

type Pair = readonly [number, number];
type Axis = 0 | 1;
const pairs: readonly (readonly [Axis, Axis])[] = [
  [0, 0],
  [0, 1],
  [1, 1],
];
const weighted = (f: (mean: Pair, variance: Pair) => number): number =>
  mixture.weights.reduce((sum, weight, k) => {
    const variance = mixture.variances[k]!;
    return sum + weight * f(mixture.means[k]!, typeof variance === 'number' ? [variance, variance] : variance); // oxfmt-ignore
  }, 0);
const axes = [0, 1] as const;
const means = axes.map((i) => weighted((mean) => mean[i])) as unknown as Pair;
const covariance = ([i, j]: readonly [Axis, Axis]): number =>
  weighted((mean, variance) => mean[i] * mean[j] + (i === j ? variance[i] : 0)) - means[i] * means[j];

const name = 'of a mixture whose numbers depend on each other, samples have the mean and the covariance';
describe(name, skippedFor(notAsked), () => {
  it('which is no diagonal one', () => {
    expect(Math.abs(covariance([0, 1]))).toBeGreaterThan(0.05);
  });

  it.each(solversOfMean)('$name', async ({ solver, accuracy }) => {
    const drawn = F.pipe(
      RTE.of({ model, noising, image: [POINTS, 2, 1] as const, params: {} }),
      RTE.flatMap(sample({ solver, grid: STEPS, correction: uncorrected, count: COUNT / POINTS, key: key(11) })),
      using(wasm({ threads: 1 })), // the batches are small
    );
    const { data } = right(await drawn());
    const over = (f: (x: Pair) => number): number => {
      let sum = 0;
      for (let i = 0; i < COUNT; i++) sum += f([data[2 * i]!, data[2 * i + 1]!]);
      return sum / COUNT;
    };
    const actual: Pair = [over(([x]) => x), over(([, y]) => y)];
    for (const i of axes) {
      const deviation = Math.sqrt(covariance([i, i]) / COUNT);
      expect(Math.abs(actual[i] - means[i])).toBeLessThan(CONFIDENCE * deviation + 0.002);
    }
    // the error of the variance at 400 steps, which is of first order in the step size or better
    const lacking = (accuracy * 400) / STEPS;
    for (const [i, j] of pairs) {
      const between = over((x) => (x[i] - actual[i]) * (x[j] - actual[j]));
      const scale = Math.sqrt(covariance([i, i]) * covariance([j, j]));
      const deviation = Math.sqrt((scale ** 2 + covariance([i, j]) ** 2) / COUNT);
      expect(Math.abs(between - covariance([i, j]))).toBeLessThan(CONFIDENCE * deviation + lacking * scale);
    }
  });
});
