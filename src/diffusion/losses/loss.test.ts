import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { tfjs } from '../../backends/tfjs/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  bernoulliLike,
  concatAll,
  constantOf,
  type Dim,
  foldIn,
  fork,
  fullLike,
  grad,
  iota,
  type Key,
  mean,
  mul,
  normalLike,
  type Scalar,
  scalar,
  square,
  sub,
  type Tensor,
  where,
  zeros,
} from '../../dsl/index.js';
import { labelOf } from '../../conditions/values.js';
import { E } from '../../internal/fp.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { spaced } from '../grids/grid.js';
import { qSample } from '../paths/forward.js';
import { simpleLoss, simpleLosses, targetOf } from './loss.js';
import type { Parameterization } from '../denoisers/parameterization.js';
import { respace } from '../grids/respacing.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { antitheticTimes, stratifiedTimes, uniformTimes } from './timeDraw.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(cosine(100)));
const PIXELS = [0.5, -0.25, 1, -1, 0, 0.125, -0.5, 0.75];
const x0: Tensor<[4, 2]> = constantOf(PIXELS, 4, 2) as Tensor<[4, 2]>;
const label = constantOf(Int32Array.of(0, 1, 2, 1), 4);

/** The exact denoiser of data that are all 0.5. */
const constantData: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => fullLike(x, 0.5) };

describe('the simple loss', () => {
  it.each(['epsilon', 'x0', 'v'] as const)('is 0 for an exact denoiser, %s', async (predicts) => {
    const denoiser = reparameterize(noising, predicts)(constantData);
    const [loss] = await numbersOf((key) => simpleLoss(noising, denoiser)(null, { x0: fullLike(x0, 0.5), key }));
    // ε is (x_t - √ᾱ·x₀)/√(1-ᾱ), and 1/√(1-ᾱ) is 160 at t = 0
    expect(loss!).toBeLessThan((160 * 2 ** -50) ** 2);
  });

  it('takes timesteps and noise in place of drawn ones, and needs a key for what is missing', async () => {
    const nothing: Denoiser<null, [2]> = { predicts: 'epsilon', apply: (_, x) => fullLike(x, 0) };
    const losses = simpleLosses(noising, nothing);
    const draw = (key: Key) => {
      const keys = fork(key, 'timestep', 'noise');
      return { t: uniformTimes(noising)(x0)(keys.timestep), noise: normalLike(keys.noise, x0) };
    };
    const expected = await numbersOf((key) => losses(null, { x0, key }).losses);
    expect(await numbersOf((key) => losses(null, { x0, ...draw(key) }).losses)).toEqual(expected);
    expect(await numbersOf((key) => losses(null, { x0, key, t: draw(key).t }).losses)).toEqual(expected);
    const missing = await outcomeOf((key) => losses(null, { x0, noise: draw(key).noise }).losses)();
    expect(E.isLeft(missing) && missing.left.message).toBe(
      'loss.key: expected a key, from which the timestep of each sample is drawn, got none; give { x0, key } or { x0, t, noise }',
    );
    const positionally = losses as unknown as (
      params: null,
      x0: Tensor<[4, 2]>,
      key: Key,
    ) => { readonly losses: Tensor<[4]> };
    const positional = await outcomeOf((key) => positionally(null, x0, key).losses)();
    expect(E.isLeft(positional) && positional.left.message).toContain(
      'loss: expected the inputs as one record { x0, key, conditions, t, noise }, got a tensor',
    );
    const wrong = async (inputs: object) => {
      const outcome = await outcomeOf((key) => losses(null, { x0, key, ...inputs }).losses)();
      return E.isLeft(outcome) ? outcome.left.message : 'no error';
    };
    expect(await wrong({ noise: zeros(4) })).toContain('loss.noise: expected float32 [4, 2], got float32 [4]');
    expect(await wrong({ t: zeros(4) })).toContain('loss.t: expected int32 [4], got float32 [4]');
    expect(await wrong({ t: iota(3) })).toContain('loss.t: expected int32 [4], got int32 [3]');
  });

  it.each(['epsilon', 'x0', 'v'] as const)('is the squared distance to the target, %s', async (predicts) => {
    const nothing: Denoiser<null, [2]> = { predicts, apply: (_, x) => fullLike(x, 0) };
    const loss = await numbersOf((key) => simpleLoss(noising, nothing)(null, { x0, key }));
    const expected = await numbersOf((key) => {
      const keys = fork(key, 'timestep', 'noise');
      const noise = normalLike(keys.noise, x0);
      return mean(
        square(targetOf(noising, predicts)(wholeTimesteps(uniformTimes(noising)(x0)(keys.timestep)))(x0, noise)),
      );
    });
    expect(relativeDistance(loss, expected)).toBeLessThan(1e-15);
  });

  it('is the mean of the losses of the samples', async () => {
    const of = (denoiser: Denoiser<null, [2]>) => simpleLosses(noising, denoiser);
    const losses = await numbersOf((key) => of(constantData)(null, { x0, key }).losses);
    const [loss] = await numbersOf((key) => simpleLoss(noising, constantData)(null, { x0, key }));
    expect(losses).toHaveLength(4);
    expect(Math.abs(losses.reduce((a, b) => a + b, 0) / 4 - loss!)).toBeLessThan(1e-15);
  });

  it('has the gradient of a least squares problem', async () => {
    // ε̂ = p·x_t, so ∂L/∂p = 2·mean(x_t·(p·x_t - ε))
    const scaled: Denoiser<Scalar, [2]> = { predicts: 'epsilon', apply: (p, x) => mul(x, p) };
    const p = scalar(0.3);
    const actual = await numbersOf((key) => grad(simpleLoss(noising, scaled))(p, { x0, key }));
    const expected = await numbersOf((key) => {
      const keys = fork(key, 'timestep', 'noise');
      const noise = normalLike(keys.noise, x0);
      const xt = qSample(noising)(wholeTimesteps(uniformTimes(noising)(x0)(keys.timestep)), noise)(x0);
      return mul(mean(mul(xt, sub(mul(xt, p), noise))), 2);
    });
    expect(relativeDistance(actual, expected)).toBeLessThan(1e-14);
  });

  it('passes the timesteps of the network for a respaced process', async () => {
    const short = right(respace(spaced(5))(noising));
    const asked: Tensor<[Dim], 'int32'>[] = [];
    const listening: Denoiser<null, [2]> = {
      predicts: 'epsilon',
      apply: (_, x, { t }) => {
        asked.push(wholeTimesteps(t));
        return x;
      },
    };
    const t = await numbersOf((key) => {
      simpleLoss(short, listening)(null, { x0, key });
      return asked[0]!;
    });
    for (const timestep of t) expect([0, 25, 50, 74, 99]).toContain(timestep);
  });
});

describe('timesteps', () => {
  const many = fullLike(constantOf(new Float32Array(4096), 4096), 0);

  it('are uniform over 0…T-1', async () => {
    const t = await numbersOf(uniformTimes(noising)(many));
    const counts = Array.from({ length: 100 }, (_, value) => t.filter((one) => one === value).length);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(4096);
    // χ² of 99 degrees of freedom: mean 99, deviation 14
    const chi2 = counts.reduce((sum, count) => sum + (count - 40.96) ** 2 / 40.96, 0);
    expect(chi2).toBeGreaterThan(40);
    expect(chi2).toBeLessThan(180);
  });

  it('stratified, cover 0…T-1 evenly, from a random start', async () => {
    const eight = fullLike(constantOf(new Float32Array(8), 8), 0);
    const draws = await Promise.all(
      [1, 2, 3, 4, 5].map((seed) => numbersOf((key) => stratifiedTimes(noising)(eight)(foldIn(key, seed)))),
    );
    for (const t of draws) {
      const sorted = [...t].sort((a, b) => a - b);
      const gaps = sorted.map((one, i) => (sorted[(i + 1) % 8]! - one + 100) % 100);
      for (const gap of gaps) expect([12, 13]).toContain(gap);
      expect(sorted[0]).toBeGreaterThanOrEqual(0);
      expect(sorted[7]).toBeLessThan(100);
    }
    expect(new Set(draws.map(([first]) => first)).size).toBeGreaterThan(1);
  });

  it('stratified, are each uniform', async () => {
    const firsts = await numbersOf((key) => {
      const two = fullLike(constantOf(new Float32Array(2), 2), 0);
      const draws = Array.from({ length: 512 }, (_, i) => stratifiedTimes(noising)(two)(foldIn(key, i)));
      // the compiler does not know that an array of 512 has a first element
      return concatAll(draws as unknown as Parameters<typeof concatAll>[0], 0) as Tensor<[number], 'int32'>;
    });
    for (const start of [0, 1]) {
      const t = firsts.filter((_, i) => i % 2 === start);
      const counts = Array.from({ length: 10 }, (_, bin) => t.filter((one) => Math.floor(one / 10) === bin).length);
      // χ² of 9 degrees of freedom: above 35 once in 20,000
      expect(counts.reduce((sum, count) => sum + (count - 51.2) ** 2 / 51.2, 0)).toBeLessThan(35);
    }
  });

  it.each([1, 2, 7, 4096])('antithetic, mirror each other in pairs and are each uniform: %d of them', async (B) => {
    const batch = fullLike(constantOf(new Float32Array(B), B), 0);
    const t = await numbersOf(antitheticTimes(noising)(batch));
    const half = Math.ceil(B / 2);
    expect(t.length).toBe(B);
    expect(t.slice(half)).toEqual(t.slice(0, B - half).map((one) => 99 - one));
    expect(t.every((one) => Number.isInteger(one) && one >= 0 && one < 100)).toBe(true);
    if (B < 1000) return;
    const counts = Array.from({ length: 100 }, (_, value) => t.slice(0, half).filter((one) => one === value).length); // oxfmt-ignore
    const chi2 = counts.reduce((sum, count) => sum + (count - 20.48) ** 2 / 20.48, 0);
    expect(chi2).toBeGreaterThan(40);
    expect(chi2).toBeLessThan(180);
  });

  it('are the same on every backend', async () => {
    for (const timesteps of [uniformTimes, stratifiedTimes, antitheticTimes]) {
      const draw = timesteps(noising)(many);
      const oracle = await numbersOf(draw);
      for (const backend of [() => tfjs('cpu'), wasm]) expect(await numbersOf(draw, backend())).toEqual(oracle);
    }
  });
});

describe('dropout of conditions', () => {
  const denoiser: Denoiser<null, [2]> = { ...constantData, conditions: { label: { classes: 3 } } };

  it('reaches the denoiser through the loss, by the fork label of its key', async () => {
    const seen: Tensor<[Dim], 'int32'>[] = [];
    const listening: Denoiser<null, [2]> = {
      ...denoiser,
      apply: (_, x, at) => {
        seen.push(labelOf(at)!);
        return x;
      },
    };
    const dropped = (rate: number) =>
      numbersOf((key) => {
        simpleLoss(noising, listening, { conditionDropout: rate })(null, { x0, key, conditions: { label } });
        return seen.pop()!;
      });
    expect(await dropped(1)).toEqual([3, 3, 3, 3]);
    const expected = await numbersOf((key) =>
      where(bernoulliLike(fork(key, 'label').label, 0.5, label), fullLike(label, 3), label),
    );
    expect(await dropped(0.5)).toEqual(expected);
    expect(expected).toContain(3);
    expect(await dropped(0)).toEqual([0, 1, 2, 1]);
  });

  it('is an error for a denoiser without conditions, when the loss is made', () => {
    expect(() => simpleLoss(noising, constantData, { conditionDropout: 0.1 })).toThrow(
      'conditionDropout: expected a denoiser with a condition that may be left out, got a denoiser without conditions',
    );
  });
});

it('every parameterization trains toward the same x̂₀', async () => {
  // the loss of each is that of x₀, weighted by (dprediction/dx̂₀)²: 1, SNR and 1 + SNR
  const off: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => fullLike(x, 0.25) };
  const losses = (predicts: Parameterization) =>
    numbersOf((key) => simpleLosses(noising, reparameterize(noising, predicts)(off))(null, { x0, key }).losses);
  const t = await numbersOf((key) => simpleLosses(noising, off)(null, { x0, key }).t);
  const snr = t.map((one) => (noising.marginals[one]!.alpha / noising.marginals[one]!.sigma) ** 2);
  const ofX0 = await losses('x0');
  const weighted = (weight: (snr: number) => number) => ofX0.map((loss, i) => loss * weight(snr[i]!));
  expect(
    relativeDistance(
      await losses('epsilon'),
      weighted((s) => s),
    ),
  ).toBeLessThan(1e-11);
  expect(
    relativeDistance(
      await losses('v'),
      weighted((s) => s + 1),
    ),
  ).toBeLessThan(1e-11);
});
