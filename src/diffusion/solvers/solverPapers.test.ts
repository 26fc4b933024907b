/** Compares solvers in λ with the formulas of their papers, in the papers' variables, on a nonlinear denoiser. */
import { listed } from '../../../properties/oracles/listed.js';
import { describe, expect, it } from 'vitest';
import { factorsOf, stagesOn } from '../../../properties/oracles/stages.js';
import { right } from '../../../properties/diffusion/run.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import { levelsOf } from '../paths/noising.js';
import { ddim } from './ddim.js';
import { ddimInversion } from './ddimInversion.js';
import { dpmSolverPP } from './exponential/dpmSolverPP.js';
import { dpmSolverPPSde } from './exponential/dpmSolverPPSde.js';
import { dpmSolverPPSinglestep } from './exponential/dpmSolverPPSinglestep.js';
import { euler } from './edm.js';
import { uniPC } from './exponential/uniPC.js';
import {
  N,
  marginals,
  START,
  TIMES,
  NOISE,
  walked,
  alpha,
  sigma,
  lambda,
  at,
  through,
  exponential,
  host,
  close,
} from '../../../properties/diffusion/paperWalk.js';

describe('DPM-Solver++', () => {
  const first = (x: number, from: number, to: number, d: number): number =>
    (sigma(to) / sigma(from)) * x - alpha(to) * Math.expm1(lambda(from) - lambda(to)) * d;

  it('of order 1 is DDIM', async () => {
    const expected = await walked(ddim());
    for (const one of [dpmSolverPP, dpmSolverPPSinglestep]) await close(one({ order: 1 }), expected);
    await close(euler(), expected);
  });

  it('multistep, order 2, is Algorithm 2', () =>
    close(
      dpmSolverPP(),
      host((x, i, seen) => {
        if (i === 0) return first(x, 0, 1, seen[0]!);
        const r = (lambda(i) - lambda(i - 1)) / (lambda(i + 1) - lambda(i));
        return first(x, i, i + 1, (1 + 1 / (2 * r)) * seen[i]! - seen[i - 1]! / (2 * r));
      }),
    ));

  it('multistep, order 3, integrates the parabola through three x̂₀', () =>
    close(
      dpmSolverPP({ order: 3 }),
      host((x, i, seen) => {
        if (i === 0) return first(x, 0, 1, seen[0]!);
        const r = (lambda(i) - lambda(i - 1)) / (lambda(i + 1) - lambda(i));
        if (i === 1) return first(x, i, i + 1, (1 + 1 / (2 * r)) * seen[i]! - seen[i - 1]! / (2 * r));
        const points = [i, i - 1, i - 2].map((j) => [lambda(j), seen[j]!] as const);
        return exponential(x, i, i + 1, through(points));
      }),
      1e-10, // of Simpson's rule
    ));

  it('multistep, order 2 by heun, integrates the line through two x̂₀: `taylor` of the published code', () =>
    close(
      dpmSolverPP({ rule: 'heun' }),
      host((x, i, seen) => {
        if (i === 0) return first(x, 0, 1, seen[0]!);
        const h = lambda(i + 1) - lambda(i);
        const D1 = ((seen[i]! - seen[i - 1]!) * h) / (lambda(i) - lambda(i - 1));
        return first(x, i, i + 1, seen[i]!) + alpha(i + 1) * (Math.expm1(-h) / h + 1) * D1;
      }),
    ));

  it('multistep has lower orders in the last steps with `lowerOrderFinal`', () => {
    const orders = (lowerOrderFinal: boolean, steps: number) =>
      stagesOn(dpmSolverPP({ order: 3, lowerOrderFinal }), listed(marginals), TIMES)
        .slice(-steps)
        .map(({ memory = [] }) => memory.length + 1);
    expect(orders(false, 3)).toEqual([3, 3, 1]); // the last ends at the data
    expect(orders(true, 3)).toEqual([3, 2, 1]);
  });

  it('multistep, order 3, equals the published code with half of φ₃, and has 2φ₃ in place of φ₃ without it', () => {
    const i = 4;
    const x0Of = (phi3: 'exact' | 'half') =>
      factorsOf(stagesOn(dpmSolverPP({ order: 3, phi3 }), listed(marginals), TIMES)[i]!).x0;
    const [exact, half] = [x0Of('exact'), x0Of('half')];
    const h = lambda(i + 1) - lambda(i);
    const [r0, r1] = [(lambda(i) - lambda(i - 1)) / h, (lambda(i - 1) - lambda(i - 2)) / h];
    const phi1 = Math.expm1(-h);
    const phi2 = phi1 / h + 1;
    const phi3 = phi2 / h - 0.5;
    const published = (d0: number, d1: number, d2: number, share: number): number => {
      const [newer, older] = [(d0 - d1) / r0, (d1 - d2) / r1];
      const [D1, D2] = [newer + (r0 / (r0 + r1)) * (newer - older), (newer - older) / (r0 + r1)];
      return alpha(i + 1) * (-phi1 * d0 + phi2 * D1 - share * phi3 * D2);
    };
    const units = [[1, 0, 0], [0, 1, 0], [0, 0, 1]] as const; // oxfmt-ignore
    units.forEach(([a, b, c], k) => {
      expect(Math.abs(exact[k]! - published(a, b, c, 2))).toBeLessThan(1e-13);
      expect(Math.abs(half[k]! - published(a, b, c, 1))).toBeLessThan(1e-13);
    });
  });

  it('singlestep, order 2, is Algorithm 1, with every other timestep as s', async () => {
    let x = START;
    let i = 0;
    for (; i + 2 < N; i += 2) {
      const r = (lambda(i + 1) - lambda(i)) / (lambda(i + 2) - lambda(i));
      const d = at(x, i);
      const u = first(x, i, i + 1, d);
      x = first(x, i, i + 2, (1 - 1 / (2 * r)) * d + at(u, i + 1) / (2 * r));
    }
    x = first(x, i, i + 1, at(x, i)); // a single leg is left before the last
    await close(dpmSolverPPSinglestep(), at(x, N - 1));
  });

  it('singlestep, order 3, is `singlestep_dpm_solver_third_update`', async () => {
    let x = START;
    let i = 0;
    for (; i + 3 < N; i += 3) {
      const h = lambda(i + 3) - lambda(i);
      const [r1, r2] = [(lambda(i + 1) - lambda(i)) / h, (lambda(i + 2) - lambda(i)) / h];
      const d = at(x, i);
      const d1 = at(first(x, i, i + 1, d), i + 1);
      const phi22 = Math.expm1(-r2 * h) / (r2 * h) + 1;
      const d2 = at(first(x, i, i + 2, d) + (r2 / r1) * alpha(i + 2) * phi22 * (d1 - d), i + 2);
      const phi2 = Math.expm1(-h) / h + 1;
      x = first(x, i, i + 3, d) + (1 / r2) * alpha(i + 3) * phi2 * (d2 - d);
    }
    x = first(x, i, i + 1, at(x, i)); // a single leg is left before the last
    await close(dpmSolverPPSinglestep({ order: 3 }), at(x, N - 1));
  });

  it('singlestep, order 3, ends with a step of order 2 over two timesteps that are left, as its code', () => {
    const factors = (order: 2 | 3, times: readonly number[]) =>
      stagesOn(dpmSolverPPSinglestep({ order }), listed(marginals), times).map(factorsOf);
    expect(factors(3, TIMES.slice(0, 6)).slice(3)).toEqual(factors(2, TIMES.slice(3, 6)));
  });

  it('singlestep, order 3, ends with steps of order 2 and 1 in place of one of 3 with `lowerOrderFinal`', () => {
    /** The number of evaluations of each step. */
    const evaluations = (lowerOrderFinal: boolean, n: number) => {
      const noising = listed(marginals);
      const levels = levelsOf(noising, TIMES.slice(0, n));
      return right(dpmSolverPPSinglestep({ order: 3, lowerOrderFinal }).plan(levels, noising)).map(
        ({ stages }) => stages.length,
      );
    };
    expect(evaluations(false, 7)).toEqual([3, 3, 1]); // the last ends at the data
    expect(evaluations(true, 7)).toEqual([3, 2, 1, 1]);
    for (const n of [6, 8]) expect(evaluations(true, n)).toEqual(evaluations(false, n));
  });

  it('singlestep by heun integrates the parabola through the three x̂₀ of a step', () => {
    const stages = stagesOn(dpmSolverPPSinglestep({ order: 3, rule: 'heun' }), listed(marginals), TIMES.slice(0, 4));
    const newestFirst = factorsOf(stages[2]!).x0;
    [0, 1, 2].forEach((i) => {
      const parabola = through([0, 1, 2].map((j) => [lambda(j), j === i ? 1 : 0] as const));
      expect(Math.abs(newestFirst[2 - i]! - exponential(0, 0, 3, parabola))).toBeLessThan(1e-10); // of Simpson's rule
    });
  });

  it.each([1, 2] as const)('SDE, order %d, agrees with the paper', (order) =>
    close(
      dpmSolverPPSde({ order }),
      host((x, i, seen) => {
        const h = lambda(i + 1) - lambda(i);
        const contrast = -Math.expm1(-2 * h);
        const r = i === 0 ? 1 : (lambda(i) - lambda(i - 1)) / h;
        const slope = order === 1 || i === 0 ? 0 : (seen[i]! - seen[i - 1]!) / r;
        return (
          (sigma(i + 1) / sigma(i)) * Math.exp(-h) * x +
          alpha(i + 1) * contrast * (seen[i]! + slope / 2) +
          sigma(i + 1) * Math.sqrt(contrast) * NOISE
        );
      }),
    ),
  );
});

describe('UniPC', () => {
  it.each([
    [1, 'bh1'],
    [1, 'bh2'],
    [2, 'bh1'],
    [2, 'bh2'],
    [3, 'bh1'],
    [3, 'bh2'],
    [1, 'exact'],
    [2, 'exact'],
    [3, 'exact'],
  ] as const)('of order %d and %s predicts and corrects', async (order, variant) => {
    // ρ = 1/2 for one difference, where B matters; otherwise ρ makes polynomials exact, and so do varying coefficients
    const moved = (x: number, i: number, points: readonly (readonly [number, number])[]): number => {
      const [[, own], other] = points as [readonly [number, number], (readonly [number, number])?];
      const h = lambda(i + 1) - lambda(i);
      const still = exponential(x, i, i + 1, () => own);
      if (other === undefined) return still;
      if (points.length > 2 || variant === 'exact') return exponential(x, i, i + 1, through(points));
      const r = (other[0] - lambda(i)) / h;
      const B = variant === 'bh1' ? -h : Math.expm1(-h);
      return still - (alpha(i + 1) * B * 0.5 * (other[1] - own)) / r;
    };
    const point = (j: number, d: number): readonly [number, number] => [lambda(j), d];
    for (const disableCorrector of [[], [0, 3]]) {
      let corrected = START;
      let x = START;
      const seen: number[] = [];
      for (let i = 0; i < N; i++) {
        seen.push(at(x, i));
        const last = Array.from({ length: Math.min(order, i) }, (_, k) => point(i - 1 - k, seen[i - 1 - k]!));
        if (disableCorrector.includes(i - 1)) corrected = x;
        else if (i > 0) corrected = moved(corrected, i - 1, [last[0]!, point(i, seen[i]!), ...last.slice(1)]);
        const now = Array.from({ length: Math.min(order, i + 1) }, (_, k) => point(i - k, seen[i - k]!));
        if (i < N - 1) x = moved(corrected, i, now);
      }
      await close(uniPC({ order, variant, disableCorrector }), seen[N - 1]!, 1e-9); // of Simpson's rule
    }
  });
});

it('DDIM inversion takes x̂₀ and ε̂ of its first step where it ends, at α·x₀', () => {
  const noising = rectifiedFlow();
  const [first] = right(ddimInversion().plan(levelsOf(noising, [0.75, 0.25]), noising));
  // α·x₀ + σ·ε̂ with ε̂ = (α·x₀ - α·x̂₀)/σ, α = 0.75: 2·(α·x₀) - α·x̂₀
  expect(first).toMatchObject({ from: { t: 0 }, to: { t: 0.25 } });
  expect(first!.stages).toMatchObject([{ at: { t: 0.25 }, churn: { alpha: 0.75, sigma: 0 }, x: 2, x0: -0.75 }]);
});
