import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  add,
  ascribeLike,
  constantOf,
  fullLike,
  grad,
  iota,
  type Key,
  mul,
  type Scalar,
  scalar,
  sin,
  tanh,
  type Tensor,
  zeros,
} from '../../dsl/index.js';
import { E, F } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { perSample } from '../channels/batch.js';
import { boundLosses, hybridLosses, rescaledBoundLosses } from './boundLoss.js';
import { type Denoiser, learningVariance } from '../denoisers/denoiser.js';
import { type Losses, meanLoss } from './objective.js';
import { simpleLosses } from './loss.js';
import { respace } from '../grids/respacing.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import type { TimeDraw } from './timeDraw.js';
import { ddpm } from '../paths/discreteNoising.js';

const T = 8;
const noising = right(ddpm(scheduleFromBetas(Array.from({ length: T }, (_, t) => 0.02 + 0.05 * t))));
const x0 = constantOf([0.2, -1, 1, 0.6, -0.2, 7 / 255, 0, 1], 4, 2) as Tensor<[4, 2]>;

/** ε̂ = p·x, and a variance that also depends on p. */
const model = learningVariance<Scalar, [2]>({
  predicts: 'epsilon',
  as: 'range',
  apply: (p, x) => ({ prediction: mul(x, p), variance: tanh(sin(add(mul(x, 3), p))) }),
});
const losses = (of: Losses<Scalar, [2]>, p = 0.4) => numbersOf((key) => of(scalar(p), { x0, key }).losses);

it('a process of one timestep has a finite gradient in float32', async () => {
  const one = right(F.pipe(ddpm(cosine(1000)), E.flatMap(respace(1))));
  const model = learningVariance<Tensor<[]>, [2]>({
    predicts: 'x0',
    as: 'range',
    apply: (p, x) => ({ prediction: mul(x, p), variance: mul(x, p) }),
  });
  const slope = (drawn: Key) =>
    grad(meanLoss(boundLosses(one, model)))(scalar(0.3), { x0: fullLike(zeros(8, 2), 0.5), key: drawn });
  for (const found of await numbersOf(slope, wasm())) expect(Number.isFinite(found)).toBe(true);
});

describe('losses from the variational bound', () => {
  it('rescaledBoundLosses is T times boundLosses', async () => {
    const [raw, rescaled] = [
      await losses(boundLosses(noising, model)),
      await losses(rescaledBoundLosses(noising, model)),
    ];
    expect(
      relativeDistance(
        rescaled,
        raw.map((loss) => T * loss),
      ),
    ).toBeLessThan(1e-15);
    for (const loss of raw) expect(loss).toBeGreaterThan(0);
  });

  it('hybridLosses is the simple loss plus λ·T bound terms, from the same draw', async () => {
    const [simple, bound] = [await losses(simpleLosses(noising, model)), await losses(boundLosses(noising, model))];
    for (const lambda of [1e-3, 1 / T, 2]) {
      const hybrid = await losses(hybridLosses(noising, model, { lambda }));
      expect(
        relativeDistance(
          hybrid,
          simple.map((s, i) => s + lambda * T * bound[i]!),
        ),
      ).toBeLessThan(1e-14);
    }
    expect(await losses(hybridLosses(noising, model))).toEqual(
      await losses(hybridLosses(noising, model, { lambda: 1e-3 })),
    );
  });

  it('hybridLosses has the gradient of both, with the prediction detached in the bound', async () => {
    const slope = (of: Losses<Scalar, [2]>) => numbersOf((key) => grad(meanLoss(of))(scalar(0.4), { x0, key }));
    const [hybrid] = await slope(hybridLosses(noising, model, { lambda: 1 }));
    const [simple] = await slope(simpleLosses(noising, model));
    // the bound with the prediction fixed at p = 0.4: its central difference
    const held = learningVariance<Scalar, [2]>({
      predicts: 'epsilon',
      as: 'range',
      apply: (p, x) => ({ prediction: mul(x, 0.4), variance: tanh(sin(add(mul(x, 3), p))) }),
    });
    const H = 1e-5;
    const at = async (p: number) =>
      (await losses(rescaledBoundLosses(noising, held), p)).reduce((a, b) => a + b, 0) / 4;
    const difference = ((await at(0.4 + H)) - (await at(0.4 - H))) / (2 * H);
    expect(Math.abs(hybrid! - simple! - difference)).toBeLessThan(1e-7 * Math.abs(difference));
    expect(Math.abs(difference)).toBeGreaterThan(0.01);
  });

  it('agree in float32 up to its precision', async () => {
    const oracle = await losses(hybridLosses(noising, model));
    const fast = await numbersOf((key) => hybridLosses(noising, model)(scalar(0.4), { x0, key }).losses, wasm());
    expect(relativeDistance(fast, oracle)).toBeLessThan(1e-5);
  });

  it('have finite gradients in float32 at every timestep of a cosine process, where 1/√ᾱ is up to 2·10⁴', async () => {
    const long = right(ddpm(cosine(1000)));
    const images = constantOf(
      Array.from({ length: 1000 }, (_, i) => ((i * 37) % 256) / 127.5 - 1),
      1000,
      1,
    ) as Tensor<[1000, 1]>;
    const every: TimeDraw = () => (batch) => () => ascribeLike(iota(1000), perSample(batch));
    const one = learningVariance<Scalar, [1]>({
      predicts: 'epsilon',
      as: 'range',
      apply: (p, x) => ({ prediction: mul(x, p), variance: tanh(mul(x, p)) }),
    });
    for (const of of [boundLosses, hybridLosses]) {
      const given = of(long, one, { times: every });
      const values = await numbersOf((key) => given(scalar(0.9), { x0: images, key }).losses, wasm());
      const [slope] = await numbersOf((key) => grad(meanLoss(given))(scalar(0.9), { x0: images, key }), wasm());
      expect(values.filter((loss) => !Number.isFinite(loss))).toEqual([]);
      expect(Number.isFinite(slope)).toBe(true);
    }
  });

  describe('at t = 0 have the probability of bytes', () => {
    /** x̂₀ = 0.1 and σ = 0.05, so L_0 is of N(0.1, 0.05²). */
    const [mean, sigma] = [0.1, 0.05];
    const fixed = learningVariance<Scalar, [1]>({
      predicts: 'x0',
      as: 'logVariance',
      apply: (_, x) => ({ prediction: fullLike(x, mean), variance: fullLike(x, 2 * Math.log(sigma)) }),
    });
    const levels = [-1, 0.2, 31 / 255, 1];
    const inputs = {
      x0: constantOf(levels, 4, 1) as Tensor<[4, 1]>,
      noise: zeros(4, 1),
      t: constantOf(new Int32Array(4), 4),
    };
    const cdfs = {
      // the integral of the density, by Simpson's rule from 12 σ below
      erf: (z: number): number => {
        const [N, from] = [20_000, -12];
        const h = (z - from) / N;
        const density = (i: number) => Math.exp(-0.5 * (from + i * h) ** 2) / Math.sqrt(2 * Math.PI);
        return Array.from({ length: N + 1 }, (_, i) => (i % N === 0 ? 1 : i % 2 === 1 ? 4 : 2) * density(i)).reduce((a, b) => a + b, 0) * (h / 3);
      },
      // approx_standard_normal_cdf of guided-diffusion
      tanh: (z: number): number => 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3))),
    }; // oxfmt-ignore

    it.each(['erf', 'tanh'] as const)('by the cdf that is asked for: %s', async (cdf) => {
      const below = (x: number): number => cdfs[cdf]((x - mean) / sigma);
      const bits = levels.map((x) => {
        const p = (x === 1 ? 1 : below(x + 1 / 255)) - (x === -1 ? 0 : below(x - 1 / 255));
        return -Math.log2(Math.max(p, 1e-12));
      });
      const bound = await numbersOf(() => boundLosses(noising, fixed, { cdf })(scalar(0), inputs).losses);
      const hybrid = await numbersOf(() => hybridLosses(noising, fixed, { cdf, lambda: 2 })(scalar(0), inputs).losses);
      bits.forEach((expected, i) => {
        expect(Math.abs(bound[i]! - expected)).toBeLessThan(1e-9);
        expect(Math.abs(hybrid[i]! - ((mean - levels[i]!) ** 2 + 2 * T * expected))).toBeLessThan(2 * T * 1e-9);
      });
    });
  });

  it.each(['posterior', 'beta'] as const)('have the variance that is asked for, if it is not learned: %s', async (variance) => {
    const fixed: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => fullLike(x, 0.1) };
    const t = constantOf(Int32Array.of(1, 3, 5, 7), 4);
    const inputs = { x0: fullLike(x0, 0.6), noise: zeros(4, 2), t };
    const actual = await numbersOf(() => boundLosses(noising, fixed, { variance })(null, inputs).losses);
    [1, 3, 5, 7].forEach((at, i) => {
      const { x0: k, sigma } = noising.posteriors[at]!;
      const [p, q] = [sigma ** 2, variance === 'beta' ? noising.schedule.betas[at]! : sigma ** 2];
      const nats = (p / q - 1 - Math.log(p / q) + (k * 0.5) ** 2 / q) / 2;
      expect(actual[i]! / (nats / Math.LN2)).toBeCloseTo(1, 11);
    });
  }); // oxfmt-ignore

  it('hybridLosses refuses a denoiser that does not learn its variance', async () => {
    const { learned: _, ...plain } = model;
    const result = await outcomeOf((key) => hybridLosses(noising, plain)(scalar(0.4), { x0, key }).losses)();
    expect(E.isLeft(result) && result.left.message).toContain('a denoiser that learns its variance');
  });
});
