/**
 * Samples by the published code of k-diffusion, DPM-Solver and UniPC, in float64, from the same x_T and the same noise: the solvers
 * that docs/replay.md names for them give the same numbers.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  atTimes,
  ddpm,
  type Denoiser,
  denoiseToZero,
  dpmSolverPP,
  dpmSolverPP2SAncestral,
  dpmSolverPPSde,
  dpmSolverPPSdeSinglestep,
  dpmSolverPPSinglestep,
  edm,
  euler,
  eulerAncestral,
  heun,
  karrasGrid,
  kdpm2,
  kdpm2Ancestral,
  linear,
  linearInLogAlpha,
  lms,
  type Noise,
  sampler,
  type SamplerParts,
  type Solver,
  uncorrected,
  uniPC,
} from '../../src/diffusion/index.js';
import { add, ascribeLike, cast, constantOf, div, mul, onesLike, reciprocal, reshape, scalar, scaleBy, type Shape, sin, square, tanh, type Tensor } from '../../src/dsl/index.js'; // oxfmt-ignore
import { numbersOf, right } from './run.js';

type Settings = Readonly<Record<string, number | string | boolean>>;
interface KDiffusion {
  readonly sampler: string;
  readonly settings: Settings;
  /** The number of levels of get_sigmas_karras(levels, 0.002, 80), whose largest fall is above 100-fold for 4. */
  readonly levels: number;
  readonly x: readonly number[];
}
interface Exponential {
  readonly code: 'DPM-Solver' | 'UniPC';
  readonly predicts: string;
  readonly method: string;
  readonly order: 1 | 2 | 3;
  readonly steps: number;
  readonly settings: Settings;
  readonly x: readonly number[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/samplerCode.json', import.meta.url), 'utf8')) as {
  readonly kDiffusion: readonly KDiffusion[];
  readonly exponential: readonly Exponential[];
};

type Image = [4];
const image = (numbers: readonly number[]): Tensor<[2, ...Image]> => constantOf(numbers, 2, 4);
const eight = (f: (i: number) => number): readonly number[] => Array.from({ length: 8 }, (_, i) => Math.fround(f(i)));
const xT = eight((i) => 1.3 * Math.cos(1.1 * i + 0.3));
const noiseAt = (k: number) => eight((i) => Math.SQRT2 * Math.sin(0.7 * i + 1.3 * k + 0.5));

/** The prediction without a class. */
const BIAS = 0.05;

/** D(x; σ) = 0.9·tanh((1.2·x + b)/(1 + σ²)) + 0.1·b. */
const denoiser: Denoiser<null, Image> = {
  predicts: 'x0',
  clock: 'level',
  apply: (_, x, { level }) =>
    add(mul(tanh(scaleBy(add(mul(x, 1.2), BIAS), reciprocal(add(square(level!.sigma), 1)))), 0.9), 0.1 * BIAS),
};

/** ε̂(x, t) = 0.8·tanh(0.7·x + 0.001·t + b) + 0.1·sin(0.01·t). */
const network: Denoiser<null, Image> = {
  predicts: 'epsilon',
  apply: (_, x, { t }) => {
    const time = scaleBy(onesLike(x), cast(t, 'float32')) as typeof x;
    return add(mul(tanh(add(add(mul(x, 0.7), div(time, 1000)), BIAS)), 0.8), mul(sin(div(time, 100)), 0.1));
  },
};

/** The greatest difference of our samples, in parts of their greatest number. `noiseOf(step, stage)` is the index of the noise. */
const differenceOf = async (
  parts: Omit<SamplerParts<null, Image>, 'noise' | 'correction'>,
  expected: readonly number[],
  noiseOf: (step: number, stage: number) => number = (step) => step,
): Promise<number> => {
  const ours = await numbersOf((key) => {
    let now = 0; // the index of the noise of the evaluation
    const noise: Noise = (x) => () => ascribeLike(image(noiseAt(now)) as Tensor<Shape>, x);
    const result = right(sampler<null, Image>({ ...parts, noise, correction: uncorrected }));
    const places = result.plan.flatMap(({ stages }, step) => stages.map((_, stage) => noiseOf(step, stage)));
    let state = result.start(image(xT));
    places.forEach((place, i) => {
      now = place;
      ({ state } = result.step(null, state, { index: scalar(i, 'int32'), key }));
    });
    return reshape(state.x, 8) as Tensor<Shape>;
  });
  return Math.max(...ours.map((x, i) => Math.abs(x - expected[i]!))) / Math.max(...expected.map(Math.abs));
};

describe('k-diffusion', () => {
  const churnOf = ({ s_churn = 0, s_tmin = 0, s_tmax = Infinity, s_noise = 1 }: Settings) =>
    ({ churn: s_churn, sMin: s_tmin, sMax: s_tmax, sNoise: s_noise }) as Record<
      'churn' | 'sMin' | 'sMax' | 'sNoise',
      number
    >;
  const noisy = ({ eta = 1, s_noise = 1 }: Settings) => ({ eta, sNoise: s_noise }) as Record<'eta' | 'sNoise', number>;
  const solvers: Readonly<Record<string, (settings: Settings) => Solver>> = {
    euler: (settings) => euler(churnOf(settings)),
    heun: (settings) => heun({ ...churnOf(settings), maxSigmaRatio: Infinity }),
    dpm_2: (settings) => kdpm2({ ...churnOf(settings), maxSigmaRatio: Infinity }),
    euler_ancestral: (settings) => eulerAncestral(noisy(settings)),
    dpm_2_ancestral: (settings) => kdpm2Ancestral({ ...noisy(settings), maxSigmaRatio: Infinity }),
    lms: ({ order }) => lms({ order: order as 4 }),
    dpmpp_2s_ancestral: (settings) => dpmSolverPP2SAncestral({ ...noisy(settings), maxSigmaRatio: Infinity }),
    dpmpp_sde: ({ r = 1 / 2, ...settings }) =>
      dpmSolverPPSdeSinglestep({ ...noisy(settings), r: Number(r), maxSigmaRatio: Infinity }),
    dpmpp_2m: () => dpmSolverPP({ order: 2 }),
    dpmpp_2m_sde: ({ solver_type = 'midpoint', ...settings }) =>
      dpmSolverPPSde({ order: 2, ...noisy(settings), rule: solver_type as 'heun' }),
    dpmpp_3m_sde: (settings) => dpmSolverPPSde({ order: 3, ...noisy(settings) }),
  };

  test.each(golden.kDiffusion)('$sampler $settings, $levels levels', async (one) => {
    const solver = { ...solvers[one.sampler]!(one.settings), start: ({ sigma }: { readonly sigma: number }) => sigma };
    const grid = karrasGrid(one.levels, { min: 0.002, max: 80 });
    const hasTwo = one.sampler === 'dpmpp_sde'; // both stages of a step draw noise
    const far = await differenceOf({ noising: edm(), denoiser, grid, solver }, one.x, (step, stage) =>
      hasTwo ? 2 * step + stage : step,
    );
    expect(far).toBeLessThan(1e-9);
  });
});

describe('the code of DPM-Solver and UniPC', () => {
  const noising = linearInLogAlpha(right(ddpm(linear(1000))));
  /** The times of `time_uniform`: from 1 to 1/1000, where t is the timestep 1000·t - 1. */
  const times = (steps: number) => Array.from({ length: steps + 1 }, (_, i) => 999 * (1 - i / steps));

  const solverOf = ({ code, predicts, method, order, steps, settings }: Exponential): Solver => {
    const lowers = settings['lower_order_final'] !== false;
    const rule = settings['solver_type'] === 'taylor' ? 'heun' : 'midpoint';
    const space = /^(dpmsolver|noise_prediction)$/.test(predicts) ? 'epsilon' : 'x0';
    const all = space === 'epsilon' ? { maxSigmaRatio: Infinity } : {};
    if (code === 'UniPC')
      return uniPC({
        order,
        variant: method === 'vary_coeff' ? 'exact' : (method as 'bh1'),
        space,
        lowerOrderFinal: lowers,
        ...all,
      });
    return method === 'multistep'
      ? dpmSolverPP({ order, rule, phi3: 'half', lowerOrderFinal: lowers && steps < 10, space, ...all })
      : dpmSolverPPSinglestep({ order, rule, lowerOrderFinal: order === 3 && steps % 3 === 0, space, ...all });
  };

  test.each(golden.exponential)('$code, $predicts, $method, order $order, $settings, $steps steps', async (one) => {
    const grid = atTimes(times(one.steps));
    const far = await differenceOf({ noising, denoiser: network, grid, toData: false, solver: solverOf(one) }, one.x);
    expect(far).toBeLessThan(1e-9);
    // denoise_to_zero: x̂₀ of the network at t = 0, whose sine is 0
    const { alpha, sigma } = noising.marginals[0]!;
    const x0 = one.x.map((x) => (x - sigma * 0.8 * Math.tanh(0.7 * x + BIAS)) / alpha);
    const denoised = await differenceOf({ noising, denoiser: network, grid, solver: denoiseToZero(solverOf(one)) }, x0);
    expect(denoised).toBeLessThan(1e-9);
  });
});
