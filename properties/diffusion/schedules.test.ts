import { describe, expect, it } from 'vitest';
import { logSNR } from '../../src/diffusion/channel.js';
import { clippedLogVariances } from '../../src/diffusion/posterior.js';
import { conversion } from '../../src/diffusion/parameterization.js';
import { ddpm } from '../../src/diffusion/process.js';
import { cosine } from '../../src/diffusion/alphaBarSchedules.js';
import { linear } from '../../src/diffusion/betaSchedules.js';
import { E } from '../../src/internal/fp.js';
import { goldenSchedules } from '../golden/gaussianDiffusion.js';

const schedules = [
  ['linear', ddpm(linear(1000)), goldenSchedules.gd_linear_1000],
  ['cosine', ddpm(cosine(1000)), goldenSchedules.gd_cosine_1000],
] as const;

describe.each(schedules)('the %s schedule of guided-diffusion, to 1e-12', (_, made, golden) => {
  if (E.isLeft(made)) throw new Error(made.left.message);
  const process = made.right;
  const { schedule, marginals, posteriors } = process;

  const tables: Readonly<Record<string, readonly [(t: number) => number, readonly number[]]>> = {
    betas: [(t) => schedule.betas[t]!, golden.betas],
    alphaBars: [(t) => schedule.alphaBars[t]!, golden.alphas_cumprod],
    'marginal scale': [(t) => marginals[t]!.scale, golden.sqrt_alphas_cumprod],
    'marginal deviation': [(t) => Math.sqrt(marginals[t]!.variance), golden.sqrt_one_minus_alphas_cumprod],
    'marginal log variance': [(t) => Math.log(marginals[t]!.variance), golden.log_one_minus_alphas_cumprod],
    'x̂₀ of x': [(t) => conversion('epsilon', 'x0')(marginals[t]!).x, golden.sqrt_recip_alphas_cumprod],
    'x̂₀ of ε': [
      (t) => -conversion('epsilon', 'x0')(marginals[t]!).prediction,
      golden.sqrt_recipm1_alphas_cumprod,
    ],
    'posterior variance': [(t) => posteriors[t]!.variance, golden.posterior_variance],
    'posterior clipped log variance': [
      (t) => clippedLogVariances(process)[t]!,
      golden.posterior_log_variance_clipped,
    ],
    'posterior mean of x0': [(t) => posteriors[t]!.x0, golden.posterior_mean_coef1],
    'posterior mean of xt': [(t) => posteriors[t]!.xt, golden.posterior_mean_coef2],
  };

  it.each(Object.entries(tables))('%s', (_name, [ours, theirs]) => {
    const worst = golden.t.map(
      (t, i) => Math.abs(ours(t) - theirs[i]!) / Math.max(Math.abs(theirs[i]!), 1e-300),
    );
    expect(Math.max(...worst)).toBeLessThan(1e-12);
  });

  it('sum of betas, and the last signal-to-noise ratio', () => {
    const sum = schedule.betas.reduce((a, b) => a + b, 0);
    expect(Math.abs(sum / golden.sum_betas - 1)).toBeLessThan(1e-12);
    expect(Math.abs(Math.exp(logSNR(marginals[999]!)) / golden.snr_last - 1)).toBeLessThan(1e-12);
  });
});
