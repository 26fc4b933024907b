/** Compares flow solvers with EDM's sampler for any σ(t) and scaling s(t), in plain numbers. */
import { describe, expect, it } from 'vitest';
import { gaussianData, samplesOf, TAU } from '../../../properties/diffusion/gaussianData.js';
import { right } from '../../../properties/diffusion/run.js';
import { mul, onesLike, sqrt } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { atTimes, type ContinuousNoising, continuousLinear, dpmSolverFast, flowEuler, flowHeun, flowSde, interpolant, levelsOf, rectifiedFlow, restart, sampler, type Solver, uncorrected } from '../index.js'; // oxfmt-ignore

/** D(x; σ), which is not linear. */
const denoised = (x: number, sigma: number): number => Math.tanh(x / (1 + sigma ** 2));

interface Curves {
  readonly sigma: (t: number) => number;
  /** t of a σ. */
  readonly timeOf: (sigma: number) => number;
  readonly sigmaRate: (t: number) => number;
  readonly s: (t: number) => number;
  readonly sRate: (t: number) => number;
}

/** The noise of a step. */
const noiseOf = (step: number): number => Math.sin(7 * step + 1);

const QUIET = { churn: 0, sMin: 0, sMax: Infinity, sNoise: 1 };

/**
 * Algorithm 3 of EDM (Karras et al. 2022, appendix D.2), from x at the first time: x after each step. Euler for α = 0. Before each
 * step lines 4 to 6 of Algorithm 2, in σ(t), for x of scaling s(t).
 */
const algorithm3 = (
  { sigma, sigmaRate, s, sRate, timeOf }: Curves,
  times: readonly number[],
  alpha: number,
  begin: number,
  { churn, sMin, sMax, sNoise } = QUIET,
  last = 1,
) => {
  const slope = (x: number, t: number): number =>
    (sigmaRate(t) / sigma(t) + sRate(t) / s(t)) * x - ((sigmaRate(t) * s(t)) / sigma(t)) * denoised(x / s(t), sigma(t));
  let x = begin;
  return times.map((from, i) => {
    const next = times[i + 1] ?? 0;
    const isIn = sMin <= sigma(from) && sigma(from) <= sMax;
    const gamma = isIn ? Math.min(churn / times.length, Math.SQRT2 - 1) : 0;
    const t = gamma > 0 ? timeOf((1 + gamma) * sigma(from)) : from;
    const added = gamma > 0 ? Math.sqrt(sigma(t) ** 2 - sigma(from) ** 2) : 0;
    x = (s(t) / s(from)) * x + added * s(t) * sNoise * noiseOf(i);
    const h = next - t;
    const d = slope(x, t);
    if (alpha === 0 || (next === 0 && last === 1)) return (x += h * d);
    const second = slope(x + alpha * h * d, t + alpha * h);
    return (x += h * ((1 - 1 / (2 * alpha)) * d + (1 / (2 * alpha)) * second));
  });
};

/** x after each step of a solver, from its plan. */
const walked = (solver: Solver, noising: ContinuousNoising, times: readonly number[], begin: number) => {
  const levels = levelsOf(noising, right(atTimes(times)(noising)));
  const plan = right(solver.plan(levels, noising));
  let [x, memory]: [number, readonly number[]] = [begin, []];
  return plan.map(({ stages }, i) => {
    const { alpha, sigma } = stages[0]!.churn ?? { alpha: 1, sigma: 0 };
    x = alpha * x + sigma * noiseOf(i);
    const start = x;
    for (const stage of stages) {
      const { at } = stage;
      const x0 = denoised(x / at.alpha, at.sigma / at.alpha);
      const rates = at.rates!;
      const velocity = rates.alpha * x0 + rates.sigma * ((x - at.alpha * x0) / at.sigma);
      const past = (stage.memory ?? []).reduce((sum, factor, k) => sum + factor * (memory[k] ?? 0), 0);
      memory = [stage.remembers === 'velocity' ? velocity : x0, ...memory];
      const noise = (stage.noise ?? 0) * noiseOf(i);
      x = (stage.x ?? 0) * x + (stage.start ?? 0) * start + (stage.x0 ?? 0) * x0 + past + noise;
    }
    return x;
  });
};

const N = 12;
const [BETA_D, BETA_MIN, EPSILON] = [19.9, 0.1, 1e-3];
const vpSigma = (t: number): number => Math.sqrt(Math.expm1((BETA_D / 2) * t * t + BETA_MIN * t));
const vpSigmaRate = (t: number): number => 0.5 * (BETA_MIN + BETA_D * t) * (vpSigma(t) + 1 / vpSigma(t));
const vpS = (t: number): number => 1 / Math.sqrt(1 + vpSigma(t) ** 2);
const VP: Curves = {
  sigma: vpSigma,
  timeOf: (sigma) => (Math.sqrt(BETA_MIN ** 2 + 2 * BETA_D * Math.log1p(sigma ** 2)) - BETA_MIN) / BETA_D,
  sigmaRate: vpSigmaRate,
  s: vpS,
  sRate: (t) => -vpSigma(t) * vpSigmaRate(t) * vpS(t) ** 3,
};
const [VE_MIN, VE_MAX] = [0.02, 100];
/** σ = √t up to 100, over [0, 1]: of t/100². The method does not depend on the unit of time. */
const VE: Curves = {
  sigma: (t) => VE_MAX * Math.sqrt(t),
  timeOf: (sigma) => (sigma / VE_MAX) ** 2,
  sigmaRate: (t) => VE_MAX / (2 * Math.sqrt(t)),
  s: () => 1,
  sRate: () => 0,
};
const ve = right(interpolant({ name: 've', alpha: (t) => onesLike(t), sigma: (t) => mul(sqrt(t), VE_MAX) }));

describe.each<readonly [string, ContinuousNoising, Curves, readonly number[]]>([
  [
    'VP steps, σ(t) and scaling',
    continuousLinear({ betaMin: BETA_MIN, betaMax: BETA_MIN + BETA_D }),
    VP,
    Array.from({ length: N }, (_, i) => 1 + (i / (N - 1)) * (EPSILON - 1)),
  ],
  [
    'VE steps and σ(t), without scaling',
    ve,
    VE,
    Array.from({ length: N }, (_, i) => (VE_MIN / VE_MAX) ** ((2 * i) / (N - 1))),
  ],
])('with %s', (_, noising, curves, times) => {
  const begin = curves.s(times[0]!) * curves.sigma(times[0]!) * 0.7;

  it.each([1, 1 / 2, 2 / 3, 0.37])('flowHeun with α = %d is Algorithm 3 of EDM', (alpha) => {
    const expected = algorithm3(curves, times, alpha, begin);
    walked(flowHeun({ alpha }), noising, times, begin).forEach((x, i) =>
      expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-9 * Math.max(1, Math.abs(begin))),
    );
  });

  it.each([1, 1 / 2])('flowHeun with α = %d and churn is the stochastic sampler', (alpha) => {
    const churn = { churn: 5, sMin: 0.05, sMax: 50, sNoise: 1.003 };
    const expected = algorithm3(curves, times, alpha, begin, churn);
    const quiet = algorithm3(curves, times, alpha, begin);
    expect(Math.abs(expected[5]! - quiet[5]!)).toBeGreaterThan(0.01);
    walked(flowHeun({ alpha, ...churn }), noising, times, begin).forEach((x, i) =>
      expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-9 * Math.max(1, Math.abs(begin))),
    );
  });

  it('flowHeun evaluates twice in its last step too, if asked', () => {
    const expected = algorithm3(curves, times, 1 / 2, begin, QUIET, 2);
    expect(expected.at(-1)).not.toBe(algorithm3(curves, times, 1 / 2, begin).at(-1));
    walked(flowHeun({ alpha: 1 / 2, last: 2 }), noising, times, begin).forEach((x, i) =>
      expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-9 * Math.max(1, Math.abs(begin))),
    );
  });

  it.each([QUIET, { churn: 5, sMin: 0.05, sMax: 50, sNoise: 1.003 }])('flowEuler is its Euler, with %o', (churn) => {
    const expected = algorithm3(curves, times, 0, begin, churn);
    walked(flowEuler(churn), noising, times, begin).forEach((x, i) =>
      expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-9 * Math.max(1, Math.abs(begin))),
    );
  });

  it('has the noise levels of the table', () => {
    levelsOf(noising, times)
      .slice(0, -1)
      .forEach(({ alpha, sigma, t }) => {
        expect(alpha).toBeCloseTo(curves.s(t), 12);
        expect(sigma / alpha / curves.sigma(t)).toBeCloseTo(1, 11);
      });
  });
});

describe('without the step to the data', () => {
  it.each<readonly [string, Solver, tolerance: number]>([
    ['flowEuler', flowEuler(), 0.02],
    ['flowHeun', flowHeun(), 1e-4],
    ['flowSde without noise', flowSde({ diffusion: () => 0 }), 0.02],
    ['dpmSolverFast, with a last step of order 2', dpmSolverFast({ evaluations: 62 }), 1e-3],
  ])('%s ends at the last level, where the flow of Gaussian data leads', async (_, solver, tolerance) => {
    const noising = rectifiedFlow();
    const times = Array.from({ length: 81 }, (__, i) => 0.98 - (0.78 * i) / 80);
    const parts = { noising, denoiser: gaussianData(noising), solver, grid: atTimes(times), toData: false };
    const result = right(sampler<null, []>({ ...parts, correction: uncorrected }));
    expect(result.plan.at(-1)!.to.t).toBeCloseTo(0.2, 12);
    // x/√(α²τ² + σ²) stays; a sampler begins with σ_T·ε
    const deviation = (t: number): number => Math.hypot((1 - t) * TAU, t);
    const [end] = await samplesOf(result, [1]);
    expect(Math.abs(end! / ((0.98 * deviation(0.2)) / deviation(0.98)) - 1)).toBeLessThan(tolerance);
  });

  it('restart ends at the last level', () => {
    const levels = levelsOf(rectifiedFlow(), [0.9, 0.6, 0.3, 0.1]).slice(0, -1);
    const solver = restart({ intervals: [{ min: 0.1, max: 1, levels: 3, repeats: 2 }] });
    const plan = right(solver.plan(levels, rectifiedFlow()));
    expect(plan.at(-1)!.to).toBe(levels.at(-1));
    expect(plan.map(({ to }) => to.sigma > 0)).not.toContain(false);
  });
});

describe('flowSde is the loop of SiT’s code, whose time is 1 - t, and its last step `Mean`', () => {
  const times = [0.95, 0.8, 0.6, 0.35, 0.1];
  const diffusion = (t: number): number => 0.4 + Math.sin(3 * t) ** 2; // w/2
  const drift = (x: number, t: number): number => {
    const x0 = denoised(x / (1 - t), t / (1 - t));
    const epsilon = (x - (1 - t) * x0) / t;
    return x0 - epsilon - (diffusion(t) * epsilon) / t; // velocity of 1 - t, and the score -ε̂/σ
  };

  it.each(['euler', 'heun'] as const)('%s', (method) => {
    let x = 0.9;
    const expected = times.map((t, i) => {
      const dt = t - (times[i + 1] ?? 0);
      const noise = Math.sqrt(2 * diffusion(t) * dt) * noiseOf(i);
      if (i === times.length - 1) return (x += dt * drift(x, t));
      if (method === 'euler') return (x += dt * drift(x, t) + noise);
      const raised = x + noise;
      const first = drift(raised, t);
      return (x = raised + (dt / 2) * (first + drift(raised + dt * first, t - dt)));
    });
    const solver = flowSde({ diffusion: ({ t }) => 2 * diffusion(t), method });
    walked(solver, rectifiedFlow(), times, 0.9).forEach((value, i) =>
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-13),
    );
  });
});

it.each<readonly [Solver, message: string]>([
  [flowSde({ method: 'midpoint' as never }), "flowSde.method: expected 'euler' or 'heun', got \"midpoint\""],
  [flowEuler({ churn: -1 }), 'flowEuler.churn: expected a finite number ≥ 0, got -1'],
  [flowHeun({ alpha: 0 }), 'flowHeun.alpha: expected a place above 0 and up to 1, got 0'],
  [flowHeun({ alpha: 1 / 2, last: 3 as never }), 'flowHeun.last: expected 1 or 2, got 3'],
  [flowHeun({ last: 2 }), 'flowHeun.last: expected 1 beside an alpha of 1, got 2'],
])('refuses invalid options: %#', (solver, message) => {
  const plan = solver.plan(levelsOf(rectifiedFlow(), [1, 0.5]), rectifiedFlow());
  expect(E.isLeft(plan) && plan.left.message).toContain(message);
});
