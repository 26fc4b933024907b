import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import {
  add,
  constantOf,
  div,
  type Elementwise,
  exp,
  expm1,
  fullLike,
  log,
  maximum,
  minimum,
  mul,
  neg,
  onesLike,
  sin,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { sampler } from '../sampling/sampler.js';
import { euler } from '../solvers/edm.js';
import { flowEuler } from '../solvers/flow.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { logSNR } from '../channels/channel.js';
import { rectifiedFlow } from './continuousNoising.js';
import { interpolant } from './interpolant.js';

/** Noise levels σ. */
const SIGMAS = [1e-3, 0.5, 2, 40];

describe('interpolant', () => {
  const straight = { name: 'own', alpha: (t: Tensor<[]>) => sub(1, t), sigma: (t: Tensor<[]>) => t };
  const refusalOf = (given: object): string => {
    const result = interpolant({ ...straight, ...given } as never);
    return E.isLeft(result) ? result.left.message : 'none';
  };
  const hint = 'noise must rise from the data, at t = 0, to the end, at t = 1; rectifiedFlow has 1 - t and t';

  it('is the path of its functions: rectified flow, and one with (1 - t)² and sin(πt/2)', () => {
    expect(right(interpolant(straight as never)).levelAt(0.3)).toEqual(rectifiedFlow().levelAt(0.3));
    const curved = right(
      interpolant({ name: 'curved', alpha: (t) => square(sub(1, t)), sigma: (t) => sin(mul(t, Math.PI / 2)) }),
    );
    const { alpha, sigma, rates } = curved.levelAt(0.2);
    expect(alpha).toBeCloseTo(0.64, 15);
    expect(sigma).toBeCloseTo(Math.sin(0.1 * Math.PI), 15);
    expect(rates!.alpha).toBeCloseTo(-1.6, 14);
    expect(rates!.sigma).toBeCloseTo((Math.PI / 2) * Math.cos(0.1 * Math.PI), 14);
    const actual = curved.levelOfSigma(2);
    expect(actual.sigma / actual.alpha).toBeCloseTo(2, 14);
  });

  it('has the same time of a σ on the host and in a program, by bisection', async () => {
    const curved = right(interpolant({ name: 'curved', alpha: (t) => square(sub(1, t)), sigma: (t) => t }));
    const times = await numbersOf(() => curved.timesOfSigmas(constantOf(SIGMAS, SIGMAS.length)));
    times.forEach((t, i) => expect(Math.abs(t - curved.levelOfSigma(SIGMAS[i]!).t)).toBeLessThan(2 ** -52));
  });

  it('takes a signal that ends at -0', () => {
    const result = right(interpolant({ name: 'own', alpha: (t) => neg(sub(t, 1)), sigma: (t) => t }));
    expect(Object.is(result.levelAt(1).alpha, 0)).toBe(true);
  });

  it.each([
    ['no name', { name: '' }, 'interpolant.name: expected a name, got ""; change name'],
    [
      'no function',
      { alpha: 1 },
      'interpolant.alpha: expected a function of times, such as (t) => sub(1, t), got 1; change alpha',
    ],
    [
      'an unknown field',
      { rate: 1 },
      'interpolant.rate: expected one of the fields name, alpha, sigma, got an unknown field; leave it out',
    ],
    [
      'a sum, which is no function of each element',
      { sigma: (t: Tensor<[]>) => sum(t) },
      'onHost: expected a function of each element, such as (t) => sub(1, t), got one with the operation reduce, float32 []; use arithmetic, exp, sqrt, sin and the like',
    ],
    [
      'signal of 2 at the data',
      { alpha: (t: Tensor<[]>) => mul(sub(1, t), 2) },
      `interpolant: expected α = 1 and σ = 0 at t = 0, or noise with 0 < α ≤ 1, got α = 2 and σ = 0; ${hint}`,
    ],
    [
      'less signal at the data, without noise',
      { alpha: (t: Tensor<[]>) => mul(sub(1, t), 0.5) },
      `interpolant: expected α = 1 and σ = 0 at t = 0, or noise with 0 < α ≤ 1, got α = 0.5 and σ = 0; ${hint}`,
    ],
    [
      'noise at the data beside a signal of 2',
      { alpha: (t: Tensor<[]>) => sub(2, t), sigma: (t: Tensor<[]>) => add(t, 0.1) },
      `interpolant: expected α = 1 and σ = 0 at t = 0, or noise with 0 < α ≤ 1, got α = 2 and σ = 0.1; ${hint}`,
    ],
    [
      'noise at the data that falls at first',
      { alpha: (t: Tensor<[]>) => onesLike(t), sigma: (t: Tensor<[]>) => add(square(sub(t, 0.5)), 0.1) },
      `interpolant: expected σ/α that rises with t, got 0.3461090087890625 at t = 0.0039, after 0.35; ${hint}`,
    ],
    [
      'noise that falls',
      { sigma: neg },
      `interpolant: expected σ/α that rises with t, got -0.00392156862745098 at t = 0.0039, after 0; ${hint}`,
    ],
    [
      'signal that goes below 0',
      { alpha: (t: Tensor<[]>) => sub(1, mul(t, 2)) },
      `interpolant: expected σ/α that rises with t, got -64.5 at t = 0.5039, after Infinity; ${hint}`,
    ],
  ])('refuses %s', (_, given, message) => {
    expect(refusalOf(given)).toBe(message);
  });
});

/** β(t)'s integral 10⁻⁴ + 10·t² of lucidrains' `beta_linear_log_snr`, whose log-SNR is -ln(expm1(10⁻⁴ + 10·t²)). */
const integral: Elementwise = (t) => add(mul(square(t), 10), 1e-4);
const betaLinear = right(
  interpolant({
    name: 'betaLinear',
    alpha: (t) => exp(mul(integral(t), -0.5)),
    sigma: (t) => sqrt(neg(expm1(neg(integral(t))))),
  }),
);

describe('an interpolant with noise at t = 0', () => {
  it('has the log-SNR of lucidrains, beta_linear_log_snr, on the host and in a program', async () => {
    const times = [0.001, 0.2, 0.7, 1];
    const expected = times.map((t) => -Math.log(Math.expm1(1e-4 + 10 * t ** 2)));
    expect(
      relativeDistance(
        times.map((t) => logSNR(betaLinear.levelAt(t))),
        expected,
      ),
    ).toBeLessThan(1e-12);
    const at = constantOf([0, ...times], 5);
    const actual = await numbersOf(() => log(square(div(betaLinear.levels(at).alpha, betaLinear.levels(at).sigma))));
    expect(relativeDistance(actual, [-Math.log(Math.expm1(1e-4)), ...expected])).toBeLessThan(1e-12);
    const sigmas = expected.map((logSnr) => Math.exp(-logSnr / 2));
    const found = await numbersOf(() => betaLinear.timesOfSigmas(constantOf(sigmas, 4)));
    found.forEach((t, i) => expect(t).toBeCloseTo(times[i]!, 9));
  });

  it('is sampled to the data, which has none', async () => {
    for (const solver of [euler(), flowEuler()]) {
      const denoiser: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => fullLike(x, 0.3) };
      const sampling = right(sampler({ noising: betaLinear, denoiser, grid: 5, solver }));
      expect(sampling.plan.at(-1)!.to).toMatchObject({ alpha: 1, sigma: 0 });
    }
  });
});

it('an interpolant whose σ/α stays the same between two times is refused', () => {
  // 2t up to 1/4, 1/2 up to 3/4, then 2t - 1
  const sigma: Elementwise = (t) => add(minimum(mul(t, 2), 0.5), maximum(sub(mul(t, 2), 1.5), 0));
  const flat = interpolant({ name: 'flat', alpha: (t) => onesLike(t), sigma });
  expect(flat).toMatchObject({ left: { expected: expect.stringContaining('rises') } });
});
