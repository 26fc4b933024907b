import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  addBias,
  compile,
  constantOf,
  concat,
  gather,
  iterate,
  key,
  matmul,
  mul,
  program,
  read,
  scaleBy,
  slice,
  sub,
  table,
  using,
} from '../../dsl/index.js';
import { E, F, RTE } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { bitsOfBytes } from './bitsPerDimension.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { exactDenoiser, exactLogDensity } from '../denoisers/exact.js';
import { type Grid, spaced, atTimes } from '../grids/grid.js';
import { likelihood } from './odeLikelihood.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { continuousLinear, edm, rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';
import { normOf } from '../channels/channel.js';
import type { Level } from '../channels/level.js';
import { type Noising, pathOf } from '../paths/noising.js';
import { karrasGrid } from '../grids/sigmaGrid.js';

const noising = right(ddpm(cosine(1024)));
const MEAN = [0.3, -0.5];
/** Variances along two axes. */
const VARIANCES = [0.2, 1.7];

/** Var x_t along each axis. */
const total = (t: number) =>
  VARIANCES.map((v) => noising.marginals[t]!.alpha ** 2 * v + noising.marginals[t]!.sigma ** 2);

/** E[x_0|x_t] of N(MEAN, diag VARIANCES): MEAN + √ᾱ·v/total·(x_t - √ᾱ·MEAN), axis by axis. */
const exact: Denoiser<null, [2]> = {
  predicts: 'x0',
  apply: (_, x, { t }) => {
    const at = (of: (t: number) => number) => gather(table(noising.marginals.map((_m, i) => of(i))), wholeTimesteps(t));
    const [alpha, mean] = [at((i) => noising.marginals[i]!.alpha), constantOf(MEAN, 2)];
    const centered = sub(x, scaleBy(addBias(mul(x, 0), mean), alpha));
    const [first, second] = [0, 1].map((axis) =>
      scaleBy(
        slice(centered, 1, axis, 1),
        at((i) => (noising.marginals[i]!.alpha * VARIANCES[axis]!) / total(i)[axis]!),
      ),
    );
    return addBias(concat(first!, second!), mean) as typeof x; // two columns
  },
};

/** The same, turned by 45°: its Jacobian is not diagonal. */
const turn = constantOf(
  [1, 1, -1, 1].map((x) => x * Math.SQRT1_2),
  2,
  2,
);
const back = constantOf(
  [1, -1, 1, 1].map((x) => x * Math.SQRT1_2),
  2,
  2,
);
const turned: Denoiser<null, [2]> = {
  predicts: 'x0',
  apply: (_, x, at) => matmul(exact.apply(null, matmul(x, back), at), turn),
};

/** log p of points, `[B, 2]`, by a compiled step, with the state on the backend. */
const logDensities = async (
  denoiser: Denoiser<null, [2]>,
  grid: Grid,
  points: readonly number[],
  backend = reference(),
  over: Noising = noising,
): Promise<readonly number[]> => {
  const B = points.length / 2;
  const result = right(likelihood({ noising: over, denoiser, grid }));
  const step = program({ x: 'B 2', stretch: 'B', index: ':int32', key: 'key' }, ({ index, key: one, ...state }) =>
    result.step(null, state, { index, key: one }),
  );
  const finish = program({ x: 'B 2', stretch: 'B' }, result.finish);
  const run = F.pipe(
    RTE.Do,
    RTE.bind('step', () => compile(step, { B })),
    RTE.bind('finish', () => compile(finish, { B })),
    RTE.bind('begin', () =>
      compile(
        program({ x: 'B 2' }, ({ x }) => result.start(x)),
        { B },
      ),
    ),
    RTE.bind('start', ({ begin }) => RTE.fromTaskEither(begin.run({ x: Float32Array.from(points) }))),
    RTE.flatMap((parts) =>
      F.pipe(
        iterate(parts.step, { times: result.steps, inputs: (index) => ({ index, key: key(7) }) })(parts.start),
        RTE.flatMapTaskEither(parts.finish.run),
      ),
    ),
    RTE.flatMap(read),
    using(backend),
  );
  return Array.from(right(await run()));
};

/**
 * The flow of a Gaussian is affine, x_T - √ᾱ_T·m = √(V_T/V_0)·(x - √ᾱ_0·m) along each axis, so the density that it maps to
 * N(0, I) has a closed form.
 */
const closedForm = (x: readonly number[], first: number, last: number): number =>
  x.reduce((sum, one, axis) => {
    const ratio = total(last)[axis]! / total(first)[axis]!;
    const meanOf = (t: number) => noising.marginals[t]!.alpha * MEAN[axis]!;
    const end = Math.sqrt(ratio) * (one - meanOf(first)) + meanOf(last);
    return sum - 0.5 * (end ** 2 + Math.log(2 * Math.PI) - Math.log(ratio));
  }, 0);

const POINTS = [0.25, -0.5, -1, 0.75, 2, -2.5];
const PAIRS = [0, 1, 2].map((i) => POINTS.slice(2 * i, 2 * i + 2));

describe('the likelihood by the probability flow ODE', () => {
  it('converges to the density of Gaussian data with order 2', async () => {
    const expected = PAIRS.map((x) => closedForm(x, 0, 1023));
    const errors = await Promise.all(
      [33, 65, 129].map(async (n) => {
        const actual = await logDensities(exact, spaced(n), POINTS);
        return Math.max(...actual.map((one, i) => Math.abs(one - expected[i]!)));
      }),
    );
    expect(errors[2]).toBeLessThan(1e-3);
    for (const i of [0, 1]) expect(Math.abs(Math.log2(errors[i]! / errors[i + 1]!) - 2)).toBeLessThan(0.2);
    // it differs from the density of the data only by the signal that remains at the end of the process
    const truth = PAIRS.map((x) =>
      x.reduce((sum, one, axis) => {
        const [v, m] = [total(0)[axis]!, noising.marginals[0]!.alpha * MEAN[axis]!];
        return sum - 0.5 * ((one - m) ** 2 / v + Math.log(2 * Math.PI * v));
      }, 0),
    );
    expected.forEach((one, i) => expect(Math.abs(one - truth[i]!)).toBeLessThan(1e-3));
  });

  it.each([rectifiedFlow(), trigonometric(), continuousLinear(), edm()])(
    'converges to the density of Gaussian data along $name',
    async (path) => {
      const gaussian = { shape: [2] as const, weights: [1], means: [MEAN], variances: [VARIANCES] };
      const denoiser = exactDenoiser(path)(gaussian);
      // as in closedForm, for x_t/√(α² + σ²)
      const [first, last] = [0.05, 80].map(pathOf(path).levelOfSigma) as [Level, Level];
      const expected = PAIRS.map((x) =>
        x.reduce((sum, one, axis) => {
          const meanOf = ({ alpha }: Level) => alpha * MEAN[axis]!;
          const varianceOf = ({ alpha, sigma }: Level) => alpha ** 2 * VARIANCES[axis]! + sigma ** 2;
          const stretch = Math.sqrt(varianceOf(last) / varianceOf(first));
          const end = (stretch * (one - meanOf(first)) + meanOf(last)) / normOf(last);
          return sum - 0.5 * (end ** 2 + Math.log(2 * Math.PI)) + Math.log(stretch / normOf(last));
        }, 0),
      );
      const errors = await Promise.all(
        [65, 129].map(async (n) => {
          const densities = await logDensities(
            denoiser,
            karrasGrid(n, { min: 0.05, max: 80 }),
            POINTS,
            reference(),
            path,
          );
          return Math.max(...densities.map((density, i) => Math.abs(density - expected[i]!)));
        }),
      );
      expect(errors[1]).toBeLessThan(4e-3); // Heun's error at 128 steps; the order is what matters
      expect(Math.abs(Math.log2(errors[0]! / errors[1]!) - 2)).toBeLessThan(0.2);
    },
  );

  it('converges to the density of a mixture, whose flow is curved', async () => {
    // two dimensions, the second of which is N(0, 1) and does not move
    const mixture = {
      shape: [1] as const,
      weights: [0.3, 0.7],
      means: [[-0.8], [0.5]],
      variances: [0.04, 0.09],
    };
    const beside: Denoiser<null, [2]> = {
      predicts: 'x0',
      apply: (_, x, at) => {
        const alphas = gather(table(noising.marginals.map(({ alpha }) => alpha)), wholeTimesteps(at.t));
        const second = scaleBy(slice(x, 1, 1, 1), alphas);
        return concat(exactDenoiser(noising)(mixture).apply(null, slice(x, 1, 0, 1), at), second) as typeof x; // two columns
      },
    };
    const first = [-1, -0.75, -0.1875, 0.25, 1.125]; // exact in float32
    const grid = (n: number) =>
      logDensities(
        beside,
        spaced(n),
        first.flatMap((x) => [x, 0.5]),
      );
    const at0 = constantOf(new Int32Array(5), 5);
    const density = await numbersOf(() => exactLogDensity(noising)(mixture)(constantOf(first, 5, 1), at0));
    const expected = density.map((log) => log - (0.25 + Math.log(2 * Math.PI)) / 2);
    const errors = await Promise.all(
      [129, 257, 513].map(async (n) => Math.max(...(await grid(n)).map((one, i) => Math.abs(one - expected[i]!)))),
    );
    expect(errors[2]).toBeLessThan(1e-4);
    for (const i of [0, 1]) expect(Math.abs(Math.log2(errors[i]! / errors[i + 1]!) - 2)).toBeLessThan(0.2);
  });

  it('estimates the divergence without bias', async () => {
    const B = 400;
    const point = [PAIRS[1]![0]!, PAIRS[1]![1]!];
    const [a, b] = [point[0]! - point[1]!, point[0]! + point[1]!].map((x) => x * Math.SQRT1_2);
    // the points are uploaded as float32
    const actual = await logDensities(turned, spaced(129), Array.from({ length: B }, () => [a!, b!]).flat());
    const mean = actual.reduce((sum, x) => sum + x, 0) / B;
    const deviation = Math.sqrt(actual.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (B - 1));
    expect(deviation).toBeGreaterThan(0.1);
    expect(Math.abs(mean - closedForm(point, 0, 1023))).toBeLessThan((5 * deviation) / Math.sqrt(B));
  });

  it('agrees in float32 up to its precision', async () => {
    const grid = spaced(65);
    const oracle = await logDensities(exact, grid, POINTS);
    const fast = await logDensities(exact, grid, POINTS, wasm());
    // 64 steps of sums of a few units each
    fast.forEach((one, i) => expect(Math.abs(one - oracle[i]!)).toBeLessThan(64 * 4 * 2 ** -23));
  });

  it('begins at the first timestep of its grid, and returns the errors of the grid', async () => {
    const [found] = await logDensities(exact, atTimes([1023, 800, 600, 500, 400, 350, 300]), PAIRS[0]!);
    expect(Math.abs(found! - closedForm(PAIRS[0]!, 300, 1023))).toBeLessThan(0.1);
    for (const [grid, says] of [
      [spaced(2000), 'a whole number of steps'],
      [1, 'at least two timesteps'],
      [atTimes([5]), 'at least two timesteps'],
      [() => E.right([0, 7]), 'falling times'],
      [() => E.right([5000, 0]), 'falling times'],
    ] as const) {
      const result = likelihood({ noising, denoiser: exact, grid });
      expect(E.isLeft(result) && result.left.message).toContain(says);
    }
    expect(right(likelihood({ noising, denoiser: exact, grid: 3 })).timesteps).toEqual([0, 512, 1023]);
  });
});

it('bitsOfBytes of the uniform density on [-1, 1] is nearly 8', () => {
  expect(bitsOfBytes(3)(3 * Math.log(0.5))).toBeCloseTo(Math.log2(255), 14);
});
