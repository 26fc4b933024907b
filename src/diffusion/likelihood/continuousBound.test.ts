import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { constantOf, scalar, scaleBy, reciprocal, type Tensor } from '../../dsl/index.js';
import { attempt } from '../../internal/errors.js';
import { E } from '../../internal/fp.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { exactDenoiser } from '../denoisers/exact.js';
import { evenGrid } from '../grids/evenGrid.js';
import { atSigmas, exponentialSigmas } from '../grids/sigmaGrid.js';
import { noisingOfSigmas } from '../grids/sigmaNoising.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { continuousCosine, continuousLinear, edm, rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';
import { qSample } from '../paths/forward.js';
import type { ContinuousNoising } from '../paths/path.js';
import { boundAt } from './boundEvaluation.js';
import type { CdfOptions } from './discretizedGaussian.js';
import { priorTerm } from './priorTerm.js';
import { pMeanVariance } from './reverse.js';
import { boundTerm } from './variationalBound.js';

const paths = [rectifiedFlow(), trigonometric(), continuousLinear(), continuousCosine(), edm()];
/** σ of three parts. */
const SIGMAS = [0.05, 0.4, 3, 20];
const grid = atSigmas([...SIGMAS].reverse());

/** Two Gaussians of one number. */
const mixture = { shape: [] as const, weights: [0.4, 0.6], means: [[-0.5], [0.4]], variances: [0.05, 0.2] };
const x0 = constantOf([-1, -0.2, 101 / 255, 1], 4) as Tensor<[4]>;

const measure = async (
  noising: ContinuousNoising,
  term: number,
  denoiser = exactDenoiser(noising)(mixture),
  options: CdfOptions = {},
) => {
  const at = (what: 'bits' | 'x0Error' | 'noiseError') =>
    numbersOf((key) => boundAt(noising, denoiser, { grid, correction: uncorrected, ...options })(null, x0, { t: scalar(term, 'int32'), key })[what]); // oxfmt-ignore
  return { bits: await at('bits'), x0Error: await at('x0Error'), noiseError: await at('noiseError') };
};

/** Φ of the standard normal distribution, by Marsaglia's series. */
const phi = (x: number): number => {
  let [sum, term] = [x, x];
  for (let k = 3; k < 200; k += 2) sum += term *= (x * x) / k;
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
};

describe('a term of the bound along a path', () => {
  it.each([1, 2, 3])('is ½·∫ dλ over its part times ‖ε - ε̂‖² at a σ inside of it: part %d', async (term) => {
    for (const noising of paths) {
      const { bits, x0Error, noiseError } = await measure(noising, term);
      const width = Math.log(SIGMAS[term]! / SIGMAS[term - 1]!);
      const sigmas = x0Error.map((error, b) => Math.sqrt(error / noiseError[b]!));
      expect(relativeDistance(bits, noiseError.map((error) => (width * error) / Math.LN2))).toBeLessThan(1e-14); // oxfmt-ignore
      for (const sigma of sigmas) {
        expect(sigma).toBeGreaterThan(SIGMAS[term - 1]!);
        expect(sigma).toBeLessThan(SIGMAS[term]!);
      }
      expect(new Set(sigmas).size).toBe(4); // each sample has its own
    }
  });

  it.each([
    ['erf', phi],
    ['tanh', (z: number) => 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)))],
  ] as const)('of least noise is the probability of a byte around x_t/α, by %s', async (cdf, below) => {
    for (const noising of paths) {
      const scaled: Denoiser<null, []> = {
        predicts: 'x0',
        clock: 'level',
        apply: (_, x, { level }) => scaleBy(x, reciprocal(level!.alpha)),
      };
      const { bits, x0Error } = await measure(noising, 0, scaled, { cdf });
      const [first] = SIGMAS as [number];
      for (const b of [1, 2]) {
        const off = Math.sqrt(x0Error[b]!);
        const expected = -Math.log2(below((off + 1 / 255) / first) - below((off - 1 / 255) / first));
        expect(bits[b]! / expected).toBeCloseTo(1, 6); // a cosine finds its time by 30 bisections
      }
    }
  });

  it('is the same on every path, for the same key', async () => {
    for (const term of [0, 1, 2, 3]) {
      const expected = await measure(edm(), term);
      for (const noising of paths) {
        const actual = await measure(noising, term);
        // a cosine finds its time by 30 bisections
        expect(relativeDistance(actual.bits, expected.bits)).toBeLessThan(1e-6);
        if (noising.name !== 'continuousCosine')
          expect(relativeDistance(actual.bits, expected.bits)).toBeLessThan(1e-12);
      }
    }
  });
});

describe('the bound of a schedule', () => {
  const C = 0.6;
  const [min, max] = [0.05, 20];
  /** Data N(0, C²), and points with its mean and that of N(0, 1) for quadratic functions. */
  const normal = { shape: [] as const, weights: [1], means: [[0]], variances: [C ** 2] };
  const corners = constantOf([C, C, -C, -C], 4) as Tensor<[4]>;
  const noise = constantOf([1, -1, 1, -1], 4) as Tensor<[4]>;
  /** ½·∫ C²/(1 + C²·SNR) dSNR, in nats. */
  const integral = Math.log((1 + C ** 2 / min ** 2) / (1 + C ** 2 / max ** 2)) / 2;

  /** The sum of the terms between T + 1 levels of equal steps in λ, in nats. */
  const stepped = async (T: number): Promise<number> => {
    const sigmas = right(exponentialSigmas(T + 1, { min, max }));
    const noising = right(noisingOfSigmas(sigmas.slice().reverse()));
    const reverse = pMeanVariance(noising, exactDenoiser(noising)(normal), { correction: uncorrected });
    let sum = 0;
    for (let at = 1; at <= T; at++) {
      const bits = await numbersOf(() => {
        const t = constantOf(new Int32Array(4).fill(at), 4);
        const xt = qSample(noising)(t, noise)(corners);
        return boundTerm(noising)(t, corners, xt)(reverse(null, xt, { t }));
      });
      sum += bits.reduce((a, b) => a + b, 0) / 4;
    }
    return sum * Math.LN2;
  };

  it('tends to the continuous one from above, with an error of order 1/T (VDM, section 4.1)', async () => {
    // a term has Var(x₀|x_t) = C²/(1 + C²·s) at its noisier end, s = SNR; the excess of T steps Δλ = Λ/T is (Λ/4T)·∫ C⁴·s/(1 + C²·s)² ds
    const at = (s: number): number => Math.log1p(C ** 2 * s) + 1 / (1 + C ** 2 * s);
    const slope = ((2 * Math.log(max / min)) / 4) * (at(min ** -2) - at(max ** -2));
    const excess = await Promise.all([8, 16, 32, 64].map(async (T) => T * ((await stepped(T)) - integral)));
    for (const each of excess) expect(each).toBeGreaterThan(0);
    const off = excess.map((each) => Math.abs(each / slope - 1));
    // the next order, 1/T², halves the difference when T doubles
    for (const [i, each] of off.slice(1).entries()) expect(off[i]! / each).toBeGreaterThan(1.8);
    // without that order, the rest is of the order of Δλ²
    const [before, last] = excess.slice(-2) as [number, number];
    expect(Math.abs((2 * last - before) / slope - 1)).toBeLessThan(((2 * Math.log(max / min)) / 64) ** 2);
  });
});

describe('priorTerm', () => {
  it.each([
    ['edm, whose samples begin with σ·ε', edm(), 80, 0.5 * 80 ** -2],
    ['rectifiedFlow below its end', rectifiedFlow(), 0.8, 0.5 * (0.2 / 0.8) ** 2],
    ['rectifiedFlow at its end, without signal', rectifiedFlow(), undefined, 0],
    ['trigonometric, which preserves the variance', trigonometric(), 0.5, 0.5 * (0.5 + 0.5 - 1 - Math.log(0.5))],
  ] as const)('is the KL from the noise that a sampler begins with: %s', async (_, noising, t, nats) => {
    const [bits] = await numbersOf(() => priorTerm(noising, t)(constantOf([1], 1)));
    expect(bits).toBeCloseTo(nats / Math.LN2, 14);
  });
});

it.each([
  [() => boundAt(rectifiedFlow(), exactDenoiser(edm())(mixture), { grid: evenGrid(4) }), 'boundAt.grid: expected levels with signal, between which the bound is an integral over the log-SNR, got none at t = 1; give a number, or exponentialGrid(100, { max: 80 })'],
  [() => boundAt(right(ddpm(cosine(9))), exactDenoiser(edm())(mixture), { grid: 4 }), 'boundAt.grid: expected none: the bound of a schedule has a term for each of its timesteps, got a grid; measure the process of fewer timesteps: unwrap(respace(spaced(50))(noising))'],
  [() => boundAt(edm(), exactDenoiser(edm())(mixture), { grid: 1 }), 'boundAt: expected a grid of at least two timesteps, got 1; the path leads from the least to the most noise of the grid; more steps are more accurate'],
  [() => priorTerm(edm()), 'priorTerm: expected a continuous path over [0, 1], got a path of σ, which has no end; give the time where sampling begins, such as 80'],
])('refuses %#', (make, message) => {
  const result = attempt<unknown>(make);
  expect(E.isLeft(result) && result.left.message).toBe(message);
}); // oxfmt-ignore
