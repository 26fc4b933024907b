/** Solvers of k-diffusion beside its loops, in x/α and σ/α, with a nonlinear denoiser and one value of noise. */
import { describe, expect, it } from 'vitest';
import { TIMES, alpha, close, model, NOISE, ratio, START, walked } from '../../../properties/diffusion/paperWalk.js';
import { right } from '../../../properties/diffusion/run.js';
import {
  cosine,
  ddpm,
  dpmSolver,
  dpmSolverPP2SAncestral,
  dpmSolverPPSde,
  dpmSolverPPSdeSinglestep,
  edm,
  eulerAncestral,
  heun,
  kdpm2,
  kdpm2Ancestral,
  levelsOf,
  restart,
  rungeKutta,
  type Solver,
} from '../index.js';
import { E } from '../../internal/fp.js';
import { pathOf } from '../paths/noising.js';

const noising = right(ddpm(cosine(1000)));
const { levelOfSigma } = pathOf(noising);
/** x̂₀ at x/α and σ/α. */
const denoised = (x: number, s: number): number => {
  const level = levelOfSigma(s);
  return model(level.alpha * x, level.t);
};
/** σ/α of the grid, 0 at the end. */
const S = [...TIMES.map((_, i) => ratio(i)), 0];
const begin = START / alpha(0);
const minusLog = (s: number): number => -Math.log(s);
const ancestral = (from: number, to: number, eta: number): readonly [down: number, up: number] => {
  const up = Math.min(to, eta * Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2));
  return [Math.sqrt(to ** 2 - up ** 2), up];
};
/** Runs the steps of the grid on x/α. */
const stepped = (step: (x: number, from: number, to: number, i: number) => number): number =>
  S.slice(1).reduce((x, to, i) => step(x, S[i]!, to, i), begin);
const slope = (x: number, s: number): number => (x - denoised(x, s)) / s;
const middle = (a: number, b: number): number => Math.exp((Math.log(a) + Math.log(b)) / 2);

describe('Runge-Kutta in σ, as the code of DEIS', () => {
  type Slope = (x: number, s: number) => number;
  const rk4 = (x: number, s: number, h: number, f: Slope): number => {
    const k1 = f(x, s);
    const k2 = f(x + (k1 * h) / 2, s + h / 2);
    const k3 = f(x + (k2 * h) / 2, s + h / 2);
    const k4 = f(x + k3 * h, s + h);
    return x + (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
  };
  const kutta = (x: number, s: number, h: number, f: Slope): number => {
    const k1 = f(x, s);
    const k2 = f(x + (h / 2) * k1, s + h / 2);
    const k3 = f(x - h * k1 + 2 * h * k2, s + h);
    return x + (h / 6) * (k1 + 4 * k2 + k3);
  };
  const ralston = (x: number, s: number, h: number, f: Slope): number => {
    const k1 = f(x, s);
    const k2 = f(x + (h / 2) * k1, s + h / 2);
    const k3 = f(x + ((3 * h) / 4) * k2, s + (3 * h) / 4);
    return x + h * ((2 / 9) * k1 + k2 / 3 + (4 / 9) * k3);
  };
  const ssp = (x: number, s: number, h: number, f: Slope): number => {
    const k1 = f(x, s);
    const k2 = f(x + h * k1, s + h);
    const k3 = f(x + (h / 4) * (k1 + k2), s + h / 2);
    return x + h * (k1 / 6 + k2 / 6 + (2 / 3) * k3);
  };

  it.each([
    ['4rk', rk4, [[1 / 2], [0, 1 / 2], [0, 0, 1], [1 / 6, 1 / 3, 1 / 3, 1 / 6]]],
    ['3kutta', kutta, [[1 / 2], [-1, 2], [1 / 6, 2 / 3, 1 / 6]]],
    ['3ral', ralston, [[1 / 2], [0, 3 / 4], [2 / 9, 1 / 3, 4 / 9]]],
    ['3ssprk', ssp, [[1], [1 / 4, 1 / 4], [1 / 6, 1 / 6, 2 / 3]]],
  ] as const)('%s', (_, step, tableau) =>
    close(
      rungeKutta({ tableau, maxSigmaRatio: Infinity }),
      stepped((x, from, to) => (to === 0 ? denoised(x, from) : step(x, from, to - from, slope))),
    ),
  );

  it.each([
    [
      [
        [1, 0],
        [0.5, 0.5],
      ],
      '0: expected 1 number with a sum above 0 and up to 1, got [1, 0]',
    ],
    [[[0.5], [1, 1], [0, 0, 1]], '1: expected 2 numbers with a sum above 0 and up to 1, got [1, 1]'],
    [[[0], [0.5, 0.5]], '0: expected 1 number with a sum above 0 and up to 1, got [0]'],
    [[[1], [1]], '1: expected 2 numbers with the sum 1, got [1]'],
    [[[1], [0.5, 0.4]], '1: expected 2 numbers with the sum 1, got [0.5, 0.4]'],
    [[[1], [0.5, 0.5 + 1e-9]], '1: expected 2 numbers with the sum 1, got [0.5, 0.500000001]'],
    [[[1], [0.5, 0.5 - 1e-9]], '1: expected 2 numbers with the sum 1, got [0.5, 0.499999999]'],
    [[[1 + 1e-9], [0.5, 0.5]], '0: expected 1 number with a sum above 0 and up to 1, got [1.000000001]'],
    [[[-1e-9], [0.5, 0.5]], '0: expected 1 number with a sum above 0 and up to 1, got [-1e-9]'],
  ])('refuses the tableau %j', (tableau, message) =>
    expect(walked(rungeKutta({ tableau }))).rejects.toThrow(`rungeKutta.tableau.${message}`),
  );

  it('of two evaluations at both ends is Heun', async () =>
    close(rungeKutta({ tableau: [[1], [1 / 2, 1 / 2]] }), await walked(heun())));
});

describe('in σ, as k-diffusion', () => {
  it('kdpm2: sample_dpm_2', () =>
    close(
      kdpm2(),
      stepped((x, from, to) => {
        if (to === 0) return denoised(x, from);
        const m = middle(from, to);
        const half = x + slope(x, from) * (m - from);
        return x + slope(half, m) * (to - from);
      }),
    ));

  it.each([1, 0.5, 1.05, 2])('kdpm2Ancestral with η = %d: sample_dpm_2_ancestral', (eta) =>
    close(
      kdpm2Ancestral({ eta, sNoise: 1.1 }),
      stepped((x, from, to) => {
        const [down, up] = ancestral(from, to, eta);
        if (down === 0) return x + slope(x, from) * (down - from);
        const m = middle(from, down);
        const half = x + slope(x, from) * (m - from);
        return x + slope(half, m) * (down - from) + 1.1 * up * NOISE;
      }),
    ),
  );

  it.each([1, 0.5, 1.05, 2])('eulerAncestral with η = %d: sample_euler_ancestral', (eta) =>
    close(
      eulerAncestral({ eta, sNoise: 1.1 }),
      stepped((x, from, to) => {
        const [down, up] = ancestral(from, to, eta);
        return x + slope(x, from) * (down - from) + 1.1 * up * NOISE;
      }),
    ),
  );

  it.each([1, 0.5, 1.05, 2])('dpmSolverPP2SAncestral with η = %d: sample_dpmpp_2s_ancestral', (eta) =>
    close(
      dpmSolverPP2SAncestral({ eta }),
      stepped((x, from, to) => {
        const [down, up] = ancestral(from, to, eta);
        if (down === 0) return x + slope(x, from) * (down - from) + up * NOISE;
        const [t, next] = [minusLog(from), minusLog(down)];
        const h = next - t;
        const s = Math.exp(-(t + h / 2));
        const x2 = (s / from) * x - Math.expm1(-h / 2) * denoised(x, from);
        return (down / from) * x - Math.expm1(-h) * denoised(x2, s) + up * NOISE;
      }),
    ),
  );

  it.each([
    [1, 0.5],
    [0.7, 0.4],
    [1.05, 0.4],
    [2, 0.5],
  ])('dpmSolverPPSdeSinglestep with η = %d, r = %d: sample_dpmpp_sde', (eta, r) =>
    close(
      dpmSolverPPSdeSinglestep({ eta, r }),
      stepped((x, from, to) => {
        if (to === 0) return x + slope(x, from) * (to - from);
        const [t, next] = [minusLog(from), minusLog(to)];
        const s = t + (next - t) * r;
        const fac = 1 / (2 * r);
        const [down, up] = ancestral(from, Math.exp(-s), eta);
        const first = denoised(x, from);
        const x2 = (down / from) * x - Math.expm1(t - minusLog(down)) * first + up * NOISE;
        const [end, rise] = ancestral(from, to, eta);
        const mean = (1 - fac) * first + fac * denoised(x2, Math.exp(-s));
        return (end / from) * x - Math.expm1(t - minusLog(end)) * mean + rise * NOISE;
      }),
    ),
  );

  it.each([
    ['midpoint', 1],
    ['heun', 1],
    ['heun', 0.4],
    ['midpoint', 0],
    ['midpoint', 1.3],
  ] as const)('dpmSolverPPSde of order 2, %s with η = %d: sample_dpmpp_2m_sde', (rule, eta) => {
    let old: { readonly x0: number; readonly h: number } | null = null;
    const expected = stepped((x, from, to) => {
      const x0 = denoised(x, from);
      if (to === 0) return x0;
      const h = minusLog(to) - minusLog(from);
      const he = eta * h;
      let next = (to / from) * Math.exp(-he) * x - Math.expm1(-h - he) * x0;
      if (old) {
        const r = old.h / h;
        const factor = rule === 'heun' ? -Math.expm1(-h - he) / (-h - he) + 1 : -0.5 * Math.expm1(-h - he);
        next += (factor / r) * (x0 - old.x0);
      }
      old = { x0, h };
      return next + NOISE * to * Math.sqrt(-Math.expm1(-2 * he)) * 1.05;
    });
    return close(dpmSolverPPSde({ order: 2, rule, eta, sNoise: 1.05 }), expected);
  });

  it.each([1, 0.5, 1.3])('dpmSolverPPSde of order 3 with η = %d: sample_dpmpp_3m_sde', (eta) => {
    const past: { readonly x0: number; readonly h: number }[] = [];
    const expected = stepped((x, from, to) => {
      const x0 = denoised(x, from);
      if (to === 0) return x0;
      const h = minusLog(to) - minusLog(from);
      const he = h * (eta + 1);
      let next = Math.exp(-he) * x - Math.expm1(-he) * x0;
      const [one, two] = past;
      const phi2 = Math.expm1(-he) / he + 1;
      if (one && two) {
        const [r0, r1] = [one.h / h, two.h / h];
        const [a, b] = [(x0 - one.x0) / r0, (one.x0 - two.x0) / r1];
        const phi3 = phi2 / he - 0.5;
        next += phi2 * (a + ((a - b) * r0) / (r0 + r1)) - (phi3 * (a - b)) / (r0 + r1);
      } else if (one) next += (phi2 * (x0 - one.x0)) / (one.h / h);
      past.unshift({ x0, h });
      return next + NOISE * to * Math.sqrt(-Math.expm1(-2 * h * eta));
    });
    return close(dpmSolverPPSde({ order: 3, eta }), expected, 1e-11);
  });

  it('restart: Heun, noise up to the interval, and down again', async () => {
    const [min, max] = [S[4]!, (S[2]! + S[3]!) / 2];
    const solver = restart({ intervals: [{ min: min * 1.01, max, levels: 3, repeats: 2 }], sNoise: 1.02, rho: 5 });
    const heunStep = (x: number, from: number, to: number): number => {
      const first = slope(x, from);
      if (to === 0) return x - from * first;
      const next = x + (to - from) * first;
      return x + ((to - from) * (first + slope(next, to))) / 2;
    };
    const back = [max, ((max ** (1 / 5) + min ** (1 / 5)) / 2) ** 5, min];
    const expected = stepped((x, from, to, i) => {
      let now = heunStep(x, from, to);
      if (i !== 3) return now;
      for (let k = 0; k < 2; k++) {
        now += NOISE * 1.02 * Math.sqrt(max ** 2 - min ** 2);
        now = heunStep(heunStep(now, back[0]!, back[1]!), back[1]!, back[2]!);
      }
      return now;
    });
    await close(solver, expected, 1e-11);
    expect(await walked(heun())).not.toBeCloseTo(expected, 3);
    const beyond = restart({ intervals: [{ min: 1, max: 1e6, levels: 3, repeats: 1 }] });
    await expect(walked(beyond)).rejects.toThrow('restart.intervals.0.max: expected a σ above');
    const empty = restart({ intervals: [{ min: 1, max: 1, levels: 3, repeats: 1 }] });
    await expect(walked(empty)).rejects.toThrow('restart.intervals.0: expected min < max, got min 1, max 1');
  });

  it('restart repeats each interval at the level nearest to its lower end, the noisier of two', () => {
    const levels = levelsOf(edm(), [80, 4, 2, 0.5]);
    type Interval = readonly [min: number, max: number, levels: number, repeats: number];
    const planOf = (...intervals: readonly Interval[]) =>
      restart({
        intervals: intervals.map(([min, max, count, repeats]) => ({ min, max, levels: count, repeats })),
      }).plan(levels, edm());
    /** σ where each step begins, where noise leads, and where it ends. */
    const walkOf = (...intervals: readonly Interval[]) =>
      right(planOf(...intervals)).map(({ from, to, stages }) => [from.t, stages[0]!.at.t, to.t]);
    const down = (from: number, to: number) => [from, from, to];
    // 4 and 2 are equally near to 3, and the data are not a level to repeat from
    expect(walkOf([3, 80, 2, 2], [0.01, 1, 2, 1])).toEqual([
      ...[down(80, 4), [4, 80, 4], [4, 80, 4], down(4, 2)],
      ...[down(2, 0.5), [0.5, 1, 0.5], down(0.5, 0)],
    ]);
    // two intervals at one level, in their order
    expect(walkOf([0.5, 1, 2, 1], [0.6, 2, 2, 1]).slice(3, 5)).toEqual([
      [0.5, 1, 0.5],
      [0.5, 2, 0.5],
    ]);
    // 2 is the level nearest to 1.4, and noise leads nowhere below it
    const below = planOf([0.5, 1, 2, 1], [1.4, 1.9, 2, 1]);
    expect(E.isLeft(below) && below.left.message).toMatch(
      /^restart\.intervals\.1\.max: expected a σ above 2, of the level nearest to min, and up to 80, .*, got 1\.9;/,
    );
  });
});

/** Solvers of two evaluations a step. */
const twofold: readonly (readonly [string, (options: { readonly maxSigmaRatio?: number }) => Solver])[] = [
  ['heun', heun],
  ['kdpm2', kdpm2],
  ['kdpm2Ancestral', kdpm2Ancestral],
  ['dpmSolverPP2SAncestral', dpmSolverPP2SAncestral],
  ['dpmSolverPPSdeSinglestep', dpmSolverPPSdeSinglestep],
  ['dpmSolver', dpmSolver],
  ['restart', (options) => restart({ intervals: [], ...options })],
];

it.each(twofold)(
  '%s evaluates twice where σ falls up to `maxSigmaRatio`, 100-fold from above 1000 if left out, and never in the last step',
  (_, of) => {
    // 13-fold, so the lower level of an ancestral step is 178-fold lower; 120-fold
    const evaluations = (given: { readonly maxSigmaRatio?: number }, unit: number) =>
      right(of(given).plan(levelsOf(edm(), [80 * unit, 6 * unit, 0.05 * unit]), edm())).map(
        ({ stages }) => stages.length,
      );
    expect(evaluations({}, 200)).toEqual([2, 1, 1]);
    expect(evaluations({}, 1)).toEqual([2, 2, 1]);
    for (const unit of [1, 200]) {
      expect(evaluations({ maxSigmaRatio: 121 }, unit)).toEqual([2, 2, 1]);
      expect(evaluations({ maxSigmaRatio: 119 }, unit)).toEqual([2, 1, 1]);
      expect(evaluations({ maxSigmaRatio: Infinity }, unit)).toEqual([2, 2, 1]);
      expect(evaluations({ maxSigmaRatio: 13 }, unit)).toEqual([1, 1, 1]);
    }
  },
);

it('kdpm2Ancestral draws the noise of a step from a level without signal', () => {
  const [from, to] = [
    { alpha: 0, sigma: 1, t: 999 },
    { ...noising.marginals[500]!, t: 500 },
  ];
  for (const eta of [1, 2]) {
    const [step] = right(kdpm2Ancestral({ eta }).plan([from, to], noising));
    expect(step!.stages.map(({ noise }) => noise)).toEqual([to.sigma]);
  }
});

it('solvers of two evaluations take DDIM’s step from a level without signal, with any `maxSigmaRatio`', () => {
  const levels = [{ alpha: 0, sigma: 1, t: 999 }, noising.marginals[500]!, { alpha: 1, sigma: 0 }];
  const plans = twofold.map(([, of]) =>
    right(
      of({ maxSigmaRatio: Infinity }).plan(
        levels.map((c, t) => ({ t, ...c })),
        noising,
      ),
    ),
  );
  expect(plans.map((plan) => plan.map(({ stages }) => stages.length))).toEqual(twofold.map(() => [1, 1]));
});
