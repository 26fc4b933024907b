import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { constantOf, gather, scaleBy, table, type Tensor } from '../../dsl/index.js';
import { boundTerm } from './variationalBound.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { learningVariance } from '../denoisers/denoiser.js';
import { qSample } from '../paths/forward.js';
import { priorTerm } from './priorTerm.js';
import { pMeanVariance } from './reverse.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { ddpm } from '../paths/discreteNoising.js';

const BETAS = [0.02, 0.1, 0.3, 0.6, 0.9];
const T = BETAS.length;
const noising = right(ddpm(scheduleFromBetas(BETAS)));
/** Data are N(0, C²), of one dimension. */
const C = 0.6;

/** The exact reverse process of the data: q(x_{t-1}|x_t) is N(gain·x_t, variance), by the joint Gaussian. */
const exact = BETAS.map((beta, t) => {
  const before = BETAS.slice(0, t).reduce((v, b) => (1 - b) * v + b, C * C);
  const now = (1 - beta) * before + beta;
  return { gain: (Math.sqrt(1 - beta) * before) / now, variance: (before * beta) / now };
});
/** Var x_T. */
const last = BETAS.reduce((v, b) => (1 - b) * v + b, C * C);

/** A denoiser whose reverse process is the exact one: x̂₀ from the mean of `exact`, by μ̃, and σ² from `exact`. */
const denoiser = learningVariance<null, []>({
  predicts: 'x0',
  as: 'logVariance',
  apply: (_, x, { t }) => ({
    prediction: scaleBy(
      x,
      gather(
        table(exact.map(({ gain }, at) => (gain - noising.posteriors[at]!.xt) / noising.posteriors[at]!.x0)),
        wholeTimesteps(t),
      ),
    ),
    variance: gather(table(exact.map(({ variance }) => Math.log(variance))), wholeTimesteps(t)),
  }),
});

/** The mean over these four points equals the mean over N(0, C²) and N(0, 1) for a function quadratic in x_0 and ε. */
const x0 = constantOf([C, C, -C, -C], 4) as Tensor<[4]>;
const noise = constantOf([1, -1, 1, -1], 4) as Tensor<[4]>;
const mean = (some: readonly number[]) => some.reduce((a, b) => a + b, 0) / some.length;

describe('the variational bound of the exact reverse process', () => {
  it('is the true negative log-likelihood plus the KL of x_T from N(0, 1)', async () => {
    const terms = await Promise.all(
      [1, 2, 3, 4].map((at) =>
        numbersOf(() => {
          const t = constantOf(new Int32Array(4).fill(at), 4);
          const xt = qSample(noising)(t, noise)(x0);
          return boundTerm(noising)(t, x0, xt)(
            pMeanVariance(noising, denoiser, { correction: uncorrected })(null, xt, { t }),
          );
        }),
      ),
    );
    const prior = mean(await numbersOf(() => priorTerm(noising)(x0)));
    // E[-log p(x_0|x_1)] as a density: the entropy of q(x_0|x_1)
    const decoder = 0.5 * Math.log2(2 * Math.PI * Math.E * exact[0]!.variance);
    const bound = prior + terms.reduce((sum, term) => sum + mean(term), 0) + decoder;
    const entropy = 0.5 * Math.log2(2 * Math.PI * Math.E * C * C);
    const beyond = (last - 1 - Math.log(last)) / 2 / Math.LN2; // KL(q(x_T) ‖ N(0, 1))
    expect(T).toBe(terms.length + 1);
    expect(Math.abs(bound - entropy - beyond)).toBeLessThan(1e-12);
  });

  it('is the log-probability of bytes at t = 0, with a t for each sample', async () => {
    const t = constantOf(Int32Array.of(0, 2, 0), 3);
    const level = constantOf([-1, 0.2, 101 / 255], 3) as Tensor<[3]>;
    const reverse = {
      mean: constantOf([-0.9, 0.1, 0.4], 3) as Tensor<[3]>,
      logVariance: constantOf(
        [0.05, 0.3, 0.02].map((s) => 2 * Math.log(s)),
        3,
      ) as Tensor<[3]>,
    };
    // SciPy 1.17: -log2 of norm.cdf((x + 1/255 - μ)/σ) at -1, and of the difference of two inside
    const expected = { first: 5.193369163950484, last: 2.7128460196234974 };
    for (const backend of [undefined, wasm()]) {
      const bits = await numbersOf(() => boundTerm(noising)(t, level, level)(reverse), backend);
      const tolerance = backend === undefined ? 1e-12 : 1e-4;
      expect(Math.abs(bits[0]! - expected.first)).toBeLessThan(tolerance);
      expect(Math.abs(bits[2]! - expected.last)).toBeLessThan(tolerance);
    }
  });
});

it('L_T is small if the process ends in noise, and grows with the data', async () => {
  const long = right(ddpm(scheduleFromBetas(Array.from({ length: 1000 }, (_, t) => 1e-4 + (t * 0.0199) / 999))));
  const [none, some] = await numbersOf(() => priorTerm(long)(constantOf([0, 1], 2, 1)));
  const alphaBar = long.schedule.alphaBars[999]!; // 4.04e-5
  expect(Math.abs(none! / ((-alphaBar - Math.log1p(-alphaBar)) / 2 / Math.LN2) - 1)).toBeLessThan(1e-6);
  expect(Math.abs(some! / (-Math.log1p(-alphaBar) / 2 / Math.LN2) - 1)).toBeLessThan(1e-6);
});
