import { describe, expect, it } from 'vitest';
import {
  type AlphaBar,
  cosine,
  exponential,
  laplace,
  scheduleFromAlphaBar,
  sigmoidAlphaBar,
} from '../../src/diffusion/schedules/alphaBarSchedules.js';
import {
  constantBetas,
  linear,
  linearUnscaled,
  quadratic,
  reciprocalBetas,
  scaledLinear,
  sigmoidBetas,
  warmupBetas,
} from '../../src/diffusion/schedules/betaSchedules.js';
import { logSNR } from '../../src/diffusion/channels/channel.js';
import { sigmas } from '../../src/diffusion/schedules/noiseLevel.js';
import { clippedLogVariances } from '../../src/diffusion/paths/posterior.js';
import { conversion } from '../../src/diffusion/denoisers/parameterization.js';
import { respace } from '../../src/diffusion/grids/respacing.js';
import { timestepRespacing } from '../../src/diffusion/grids/timestepRespacing.js';
import { zeroTerminalSNR } from '../../src/diffusion/schedules/zeroTerminalSNR.js';
import { E } from '../../src/internal/fp.js';
import { goldenSchedules } from '../golden/gaussianDiffusion.js';
import { ddpm } from '../../src/diffusion/paths/discreteNoising.js';

const schedules = [
  ['linear', ddpm(linear(1000)), goldenSchedules.gd_linear_1000],
  ['cosine', ddpm(cosine(1000)), goldenSchedules.gd_cosine_1000],
] as const;

describe.each(schedules)('the %s schedule of guided-diffusion, to 1e-12', (_, value, golden) => {
  if (E.isLeft(value)) throw new Error(value.left.message);
  const noising = value.right;
  const { schedule, marginals, posteriors } = noising;

  const tables: Readonly<Record<string, readonly [(t: number) => number, readonly number[]]>> = {
    betas: [(t) => schedule.betas[t]!, golden.betas],
    alphaBars: [(t) => schedule.alphaBars[t]!, golden.alphas_cumprod],
    'alphaBar before': [(t) => schedule.alphaBars[t - 1] ?? 1, golden.alphas_cumprod_prev],
    'alphaBar after': [(t) => schedule.alphaBars[t + 1] ?? 0, golden.alphas_cumprod_next],
    'marginal alpha': [(t) => marginals[t]!.alpha, golden.sqrt_alphas_cumprod],
    'marginal sigma': [(t) => marginals[t]!.sigma, golden.sqrt_one_minus_alphas_cumprod],
    // where it is nearly 0, the logarithm has the rounding of 1 - ᾱ, which σ has not
    'log of 1 - ᾱ': [(t) => Math.log(1 - schedule.alphaBars[t]!), golden.log_one_minus_alphas_cumprod],
    'x̂₀ of x': [(t) => conversion('epsilon', 'x0')(marginals[t]!).x, golden.sqrt_recip_alphas_cumprod],
    'σ, the noise beside data of scale 1': [(t) => sigmas(schedule)[t]!, golden.sqrt_recipm1_alphas_cumprod],
    'x̂₀ of ε': [(t) => -conversion('epsilon', 'x0')(marginals[t]!).prediction, golden.sqrt_recipm1_alphas_cumprod],
    'posterior variance': [(t) => posteriors[t]!.sigma ** 2, golden.posterior_variance],
    'posterior clipped log variance': [(t) => clippedLogVariances(noising)[t]!, golden.posterior_log_variance_clipped],
    'posterior mean of x0': [(t) => posteriors[t]!.x0, golden.posterior_mean_coef1],
    'posterior mean of xt': [(t) => posteriors[t]!.xt, golden.posterior_mean_coef2],
  };

  it.each(Object.entries(tables))('%s', (_name, [ours, theirs]) => {
    const worst = golden.t.map((t, i) => Math.abs(ours(t) - theirs[i]!) / Math.max(Math.abs(theirs[i]!), 1e-300));
    expect(Math.max(...worst)).toBeLessThan(1e-12);
  });

  it('sum of betas, and the last signal-to-noise ratio', () => {
    const sum = schedule.betas.reduce((a, b) => a + b, 0);
    expect(Math.abs(sum / golden.sum_betas - 1)).toBeLessThan(1e-12);
    expect(Math.abs(Math.exp(logSNR(marginals[999]!)) / golden.snr_last - 1)).toBeLessThan(1e-12);
  });
});

const rescaled = [
  ['linear', linearUnscaled(1000), goldenSchedules.diffusers_linear_1000_zero_terminal_snr],
  ['scaled linear', scaledLinear(1000), goldenSchedules.diffusers_scaled_linear_1000_zero_terminal_snr],
] as const;

describe.each(rescaled)('the %s schedule of diffusers at zero terminal SNR', (_, before, golden) => {
  const result = E.flatMap(zeroTerminalSNR)(before);
  if (E.isLeft(before) || E.isLeft(result)) throw new Error('no schedule');
  const { betas, alphaBars } = result.right;

  /** Half a unit in the last place of 1 in float32: the published numbers are computed in float32. */
  const HALF = 2 ** -24;

  it('ᾱ, within 8 roundings of 1 in float32', () => {
    const worst = golden.t.map((t, i) => Math.abs(alphaBars[t]! - golden.alphas_cumprod[i]!));
    expect(Math.max(...worst)).toBeLessThan(8 * HALF);
  });

  it('betas, within 8 roundings of 1 in float32, times the condition of √ᾱ_{t-1} - √ᾱ_{T-1}', () => {
    const root = (t: number): number => Math.sqrt(before.right.alphaBars[t] ?? 1);
    const worst = golden.t.map((t, i) => {
      const condition = root(t - 1) / (root(t - 1) - root(999));
      return Math.abs(betas[t]! - golden.betas[i]!) / condition;
    });
    expect(Math.max(...worst)).toBeLessThan(8 * HALF);
  });

  it('ends at exactly 1, and ᾱ at exactly 0', () => {
    expect([betas[999], alphaBars[999]]).toEqual([golden.betas.at(-1), golden.alphas_cumprod.at(-1)]);
    expect([betas[999], alphaBars[999]]).toEqual([1, 0]);
  });
});

/** Betas as published, in an algebraically different form; `at` is t/(T-1). */
const published = {
  // DDPM (Ho et al. 2020), section 4, and `linear` of diffusers
  linearUnscaled: [linearUnscaled, (at: number) => 1e-4 * (1 - at) + 0.02 * at],
  // 'quad' in get_beta_schedule of hojonathanho/diffusion
  quadratic: [quadratic, (at: number) => (0.01 * (1 - at) + Math.SQRT2 * 0.1 * at) ** 2],
  // Rombach et al. 2022, make_beta_schedule of CompVis/latent-diffusion; `scaled_linear` of diffusers
  scaledLinear: [
    scaledLinear,
    (at: number) => 0.00085 * (1 - at) ** 2 + 2 * at * (1 - at) * Math.sqrt(0.00085 * 0.012) + 0.012 * at ** 2,
  ],
  // get_beta_schedule of GeoDiff (Xu et al. 2022), and `sigmoid` of diffusers
  sigmoidBetas: [sigmoidBetas, (at: number) => 0.01005 + 0.00995 * Math.tanh(6 * at - 3)],
  // 'const', 'warmup10', 'warmup50' and 'jsd' of hojonathanho/diffusion
  constantBetas: [constantBetas, () => 0.02],
  'warmupBetas(0.1)': [
    (T: number) => warmupBetas(T, 0.1),
    (at: number, T: number) => Math.min(0.02, 1e-4 + (0.0199 * at * (T - 1)) / (T / 10 - 1)),
  ],
  'warmupBetas(0.5)': [
    (T: number) => warmupBetas(T, 0.5),
    (at: number, T: number) => Math.min(0.02, 1e-4 + (0.0199 * at * (T - 1)) / (T / 2 - 1)),
  ],
  reciprocalBetas: [reciprocalBetas, (at: number, T: number) => 1 / ((1 - at) * (T - 1) + 1)],
} as const;

describe.each(Object.entries(published))('%s', (_, [make, formula]) => {
  it.each([100, 1000])('has the published betas at T = %i, to 1e-12', (T) => {
    const result = make(T);
    if (E.isLeft(result)) throw new Error(result.left.message);
    const worst = Array.from(result.right.betas, (beta, t) => beta / formula(t / (T - 1), T) - 1);
    expect(worst).toHaveLength(T);
    expect(Math.max(...worst.map(Math.abs))).toBeLessThan(1e-12);
  });
});

/** ᾱ as published, in an algebraically different form, at a fraction t. */
const publishedAlphaBars = {
  // `exp` in betas_for_alpha_bar of diffusers
  exponential: [exponential, (t: number) => 1 / Math.exp(12) ** t],
  // Jabri et al. 2022 and Chen 2023, sigmoid_schedule of google-research/pix2seq: σ(x) = (1 + tanh(x/2))/2
  sigmoidAlphaBar: [sigmoidAlphaBar, (t: number) => 0.5 - Math.tanh(3 * t - 1.5) / (2 * Math.tanh(1.5))],
  // Hang et al. 2024, the inverse of the distribution of Laplace, μ = 0 and b = 1/2: SNR is 1/√(2t) in the first half, √(2 - 2t) in the second
  laplace: [
    laplace,
    (t: number) => (t <= 0.5 ? 1 / (1 + Math.sqrt(2 * t)) : Math.sqrt(2 - 2 * t) / (1 + Math.sqrt(2 - 2 * t))),
  ],
  // Nichol & Dhariwal 2021, eq. 17: cos² x = (1 + cos 2x)/2
  cosine: [
    cosine,
    (t: number) => (1 + Math.cos(((t + 0.008) / 1.008) * Math.PI)) / (1 + Math.cos((0.008 / 1.008) * Math.PI)),
  ],
} as const;

describe.each(Object.entries(publishedAlphaBars))('%s', (_, [make, formula]) => {
  it.each([100, 1000])('has the published ᾱ at T = %i, to 1e-12 of 1, until its betas are cut', (T) => {
    const result = make(T);
    if (E.isLeft(result)) throw new Error(result.left.message);
    const { betas, alphaBars } = result.right;
    const uncut = betas.findIndex((beta) => beta === 0.999);
    const kept = Array.from(alphaBars).slice(0, uncut === -1 ? T : uncut);
    expect(kept.length).toBeGreaterThanOrEqual(T - 1);
    const worst = kept.map((alphaBar, t) => Math.abs(alphaBar - formula((t + 1) / T)));
    expect(Math.max(...worst)).toBeLessThan(1e-12);
  });
});

it('scheduleFromAlphaBar gives the betas that diffusers makes of its own Laplace', () => {
  // uses α in place of ᾱ, and keeps 1e-6 away from the ends; the betas of betas_for_alpha_bar(5, 0.999, 'laplace') in
  // Python
  const theirs: AlphaBar = (t) => {
    const half = -0.5 * (t <= 0.5 ? 1 : -1) * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6);
    return Math.sqrt(Math.exp(half) / (1 + Math.exp(half)));
  };
  const result = scheduleFromAlphaBar(theirs, 5);
  const betas = E.isRight(result) ? Array.from(result.right.betas) : [];
  const expected = [
    0.21693781189785544, 0.07171408313142724, 0.054258095452709876, 0.09414043372539149, 0.949220493352446,
  ];
  expect(betas).toHaveLength(5);
  betas.forEach((beta, t) => expect(Math.abs(beta / expected[t]! - 1)).toBeLessThan(1e-12));
});

/** Timesteps and betas by space_timesteps and SpacedDiffusion of guided-diffusion, computed in NumPy. */
const respaced = [
  [
    'linear',
    'ddim5',
    [0, 200, 400, 600, 800],
    [9.999999999998899e-5, 0.3435873532159749, 0.7050767230765695, 0.8679174106344756, 0.9410375861609902],
  ],
  [
    'cosine',
    '3,2',
    [0, 250, 499, 500, 999],
    [4.128422482196914e-5, 0.15407709023152782, 0.4161832319125177, 0.003155691441585007, 0.9999999950663415],
  ],
  [
    'linear',
    '4',
    [0, 333, 666, 999],
    [9.999999999998899e-5, 0.6813432793614904, 0.965526135179409, 0.9963257964374774],
  ],
] as const;

it.each(respaced)('the %s schedule respaced by guided-diffusion’s %s, to 1e-12', (name, text, timesteps, betas) => {
  const noising = ddpm((name === 'linear' ? linear : cosine)(1000));
  const result = E.flatMap(respace(timestepRespacing(text)))(noising);
  if (E.isLeft(result)) throw new Error(result.left.message);
  expect(Array.from(result.right.timesteps)).toEqual(timesteps);
  betas.forEach((beta, t) => expect(Math.abs(result.right.schedule.betas[t]! / beta - 1)).toBeLessThan(1e-12));
});
