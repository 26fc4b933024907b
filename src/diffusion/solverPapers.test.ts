/** Solvers beside the formulas of their papers, in the papers' variables, on a denoiser that is not linear. */
import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../properties/diffusion/run.js';
import { add, constantOf, mul, scalar, table, tanh, zerosLike } from '../dsl/index.js';
import { ddim } from './ddim.js';
import { dpmSolverPP, dpmSolverPPRows } from './dpmSolverPP.js';
import { dpmSolverPPSde } from './dpmSolverPPSde.js';
import { dpmSolverPPSinglestep } from './dpmSolverPPSinglestep.js';
import { euler, heun } from './edm.js';
import { eulerAncestral, eulerAncestralStep } from './eulerAncestral.js';
import { cosine, ddpm } from './index.js';
import { lms } from './lms.js';
import { pndm } from './pndm.js';
import { legsOf, type SampleState, type Solver } from './solver.js';
import { entryAt } from './table.js';
import { uniPC } from './uniPC.js';

const process = right(ddpm(cosine(1000)));
const { marginals } = process;
/** Steps of all lengths; the last ends at the data. */
const TIMES = [960, 850, 700, 600, 380, 250, 90, 5];
const N = TIMES.length;
const legs = legsOf(process, TIMES);
const START = 0.8;
/** What each draw of noise gives. */
const NOISE = 0.6;

const shares = marginals.map((_, t) => 0.5 + 0.3 * Math.cos(t / 200));
/** x̂₀ on the host. */
const model = (x: number, t: number): number => shares[t]! * Math.tanh(x + 0.2);

/** Where a solver comes to, one step after the other. */
const walked = async (solver: Solver): Promise<number> => {
  const integrator = right(solver.integrate(legs, marginals));
  const [result] = await numbersOf(() => {
    const x = constantOf([START], 1);
    const zeros = Array.from({ length: integrator.memory }, () => zerosLike(x));
    return legs.reduce<SampleState<[1]>>(
      (state, { t, next }, index) =>
        integrator.step(state, {
          index: scalar(index, 'int32'),
          t: scalar(t, 'int32'),
          next: scalar(next ?? t, 'int32'),
          predict: (at, when) => mul(entryAt(table(shares))(when))(tanh(add(0.2)(at))) as typeof at,
          noise: (_) => constantOf([NOISE], 1) as never, // of the shape of x, which is [1]
        }).state,
      { x, memory: zeros },
    ).x;
  });
  return result!;
};

const alpha = (i: number): number => (i === N ? 1 : marginals[TIMES[i]!]!.scale);
const sigma = (i: number): number => (i === N ? 0 : Math.sqrt(marginals[TIMES[i]!]!.variance));
const lambda = (i: number): number => Math.log(alpha(i) / sigma(i));
/** EDM's σ. */
const ratio = (i: number): number => sigma(i) / alpha(i);
const at = (x: number, i: number): number => model(x, TIMES[i]!);

const integral = (f: (x: number) => number, from: number, to: number): number => {
  const n = 2000;
  const h = (to - from) / n;
  let sum = f(from) + f(to);
  for (let i = 1; i < n; i++) sum += (i % 2 === 0 ? 2 : 4) * f(from + i * h);
  return (sum * h) / 3;
};
/** The polynomial through points, by Lagrange. */
const through =
  (points: readonly (readonly [number, number])[]) =>
  (x: number): number =>
    points.reduce(
      (sum, [a, y], k) =>
        sum + points.reduce((all, [b], j) => (j === k ? all : (all * (x - b)) / (a - b)), y),
      0,
    );
/** x at i + 1, from x at `from`, where x̂₀ is a function of λ: DPM-Solver++, Proposition 4.1. */
const exponential = (x: number, from: number, to: number, x0: (l: number) => number): number =>
  (sigma(to) / sigma(from)) * x + sigma(to) * integral((l) => Math.exp(l) * x0(l), lambda(from), lambda(to));

type HostStep = (x: number, i: number, seen: readonly number[]) => number;
/** So many legs, one after the other. */
const hosted = (count: number, step: HostStep): number => {
  let x = START;
  const seen: number[] = [];
  for (let i = 0; i < count; i++) {
    seen.push(at(x, i));
    x = step(x, i, seen);
  }
  return x;
};
/** Of formulas in λ, which is not finite at the data: the last leg gives x̂₀. */
const host = (step: HostStep): number => at(hosted(N - 1, step), N - 1);

const close = async (solver: Solver, expected: number, tolerance = 1e-12): Promise<void> =>
  expect(Math.abs((await walked(solver)) - expected)).toBeLessThan(tolerance);

describe('DPM-Solver++', () => {
  const first = (x: number, from: number, to: number, d: number): number =>
    (sigma(to) / sigma(from)) * x - alpha(to) * Math.expm1(lambda(from) - lambda(to)) * d;

  it('of order 1 is DDIM', async () => {
    const expected = await walked(ddim());
    for (const one of [dpmSolverPP, dpmSolverPPSinglestep]) await close(one({ order: 1 }), expected);
    await close(euler(), expected);
  });

  it('of several steps and order 2 is Algorithm 2', () =>
    close(
      dpmSolverPP(),
      host((x, i, seen) => {
        if (i === 0) return first(x, 0, 1, seen[0]!);
        const r = (lambda(i) - lambda(i - 1)) / (lambda(i + 1) - lambda(i));
        return first(x, i, i + 1, (1 + 1 / (2 * r)) * seen[i]! - seen[i - 1]! / (2 * r));
      }),
    ));

  it('of several steps and order 3 integrates the parabola through three x̂₀', () =>
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

  it('of order 3 has 2φ₃ where the published code has φ₃, and is that code otherwise', () => {
    const i = 4;
    const row = dpmSolverPPRows(3)(legs)[i]!;
    const h = lambda(i + 1) - lambda(i);
    const [r0, r1] = [(lambda(i) - lambda(i - 1)) / h, (lambda(i - 1) - lambda(i - 2)) / h];
    const phi1 = Math.expm1(-h);
    const phi2 = phi1 / h + 1;
    const phi3 = phi2 / h - 0.5;
    const published = (d0: number, d1: number, d2: number, curve: number): number => {
      const [newer, older] = [(d0 - d1) / r0, (d1 - d2) / r1];
      const [D1, D2] = [newer + (r0 / (r0 + r1)) * (newer - older), (newer - older) / (r0 + r1)];
      return alpha(i + 1) * (-phi1 * d0 + phi2 * D1 - curve * phi3 * D2);
    };
    const units = [[1, 0, 0], [0, 1, 0], [0, 0, 1]] as const; // prettier-ignore
    units.forEach(([a, b, c], k) => {
      expect(Math.abs(row.x0[k]! - published(a, b, c, 2))).toBeLessThan(1e-13);
      expect(Math.abs(row.x0[k]! - published(a, b, c, 1))).toBeGreaterThan(1e-3);
    });
  });

  it('of one step and order 2 is Algorithm 1, its s being every other timestep', async () => {
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

  it('of one step and order 3 is `singlestep_dpm_solver_third_update`', async () => {
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

  it.each([1, 2])('of the SDE and order %d is that of the paper', (order) =>
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
  ] as const)('of order %d and %s predicts and corrects', async (order, variant) => {
    // ρ = 1/2 for one difference, where B counts; otherwise ρ makes polynomials exact
    const moved = (x: number, i: number, points: readonly (readonly [number, number])[]): number => {
      const [[, own], other] = points as [readonly [number, number], (readonly [number, number])?];
      const h = lambda(i + 1) - lambda(i);
      const still = exponential(x, i, i + 1, () => own);
      if (other === undefined) return still;
      if (points.length > 2) return exponential(x, i, i + 1, through(points));
      const r = (other[0] - lambda(i)) / h;
      const B = variant === 'bh1' ? -h : Math.expm1(-h);
      return still - (alpha(i + 1) * B * 0.5 * (other[1] - own)) / r;
    };
    const point = (j: number, d: number): readonly [number, number] => [lambda(j), d];
    let corrected = START;
    let x = START;
    const seen: number[] = [];
    for (let i = 0; i < N; i++) {
      seen.push(at(x, i));
      const last = Array.from({ length: Math.min(order, i) }, (_, k) => point(i - 1 - k, seen[i - 1 - k]!));
      if (i > 0) corrected = moved(corrected, i - 1, [last[0]!, point(i, seen[i]!), ...last.slice(1)]);
      const now = Array.from({ length: Math.min(order, i + 1) }, (_, k) => point(i - k, seen[i - k]!));
      if (i < N - 1) x = moved(corrected, i, now);
    }
    await close(uniPC({ order, variant }), seen[N - 1]!, 1e-9); // of Simpson's rule
  });
});

describe('EDM', () => {
  const churned = { churn: 2, sMin: 0.1, sMax: 20, sNoise: 1.01 };
  it.each([
    ['euler', euler, false],
    ['heun', heun, true],
  ] as const)('%s is Algorithm 2, in x/a and σ', async (_, solver, corrects) => {
    let raised = 0;
    for (const { churn, sMin, sMax, sNoise } of [{ ...churned, churn: 0 }, churned]) {
      const gamma = Math.min(churn / N, Math.SQRT2 - 1);
      let x = START / alpha(0);
      let owed = 1;
      for (let i = 0; i < N; i++) {
        // line 5, by the nearest noise level that the process has, with what the last one did not add
        const isIn = ratio(i) >= sMin && ratio(i) <= sMax;
        const wanted = ratio(i) * (isIn ? (1 + gamma) * owed : 1);
        const levels = marginals.map((m) => Math.sqrt(m.variance) / m.scale);
        const distances = levels.map((s) => Math.abs(Math.log(s / wanted)));
        const t = distances.indexOf(Math.min(...distances));
        const hat = levels[t]!;
        if (isIn) owed = wanted / hat;
        if (t !== TIMES[i]) raised++;
        x += Math.sqrt(hat ** 2 - ratio(i) ** 2) * sNoise * NOISE;
        const slope = (x - model(marginals[t]!.scale * x, t)) / hat;
        let next = x + (ratio(i + 1) - hat) * slope;
        if (corrects && i < N - 1) {
          const second = (next - at(alpha(i + 1) * next, i + 1)) / ratio(i + 1);
          next = x + (ratio(i + 1) - hat) * (slope / 2 + second / 2);
        }
        x = next;
      }
      await close(solver({ churn, sMin, sMax, sNoise }), x, 1e-11);
    }
    expect(raised).toBeGreaterThan(3);
  });

  it.each([1, 0.5, 0])('Euler ancestral, η = %d, is that of k-diffusion, and DDIM', async (eta) => {
    let x = START / alpha(0);
    for (let i = 0; i < N; i++) {
      const [from, to] = [ratio(i), ratio(i + 1)];
      const up = Math.min(to, eta * Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2));
      const down = Math.sqrt(to ** 2 - up ** 2);
      x += ((x - at(alpha(i) * x, i)) / from) * (down - from) + up * NOISE;
    }
    await close(eulerAncestral({ eta }), x);
    await close(ddim({ eta }), x);
    expect(eulerAncestralStep(eta)(legs.at(-1)!)).toEqual({ x: 0, x0: [1], noise: 0 });
  });
});

describe('linear multistep', () => {
  const noiseOf = (x: number, i: number, d: number): number => (x - alpha(i) * d) / sigma(i);

  it('PNDM is eq. 12, with fewer of ε̂ at the beginning', () => {
    const epsilons: number[] = [];
    return close(
      pndm(),
      hosted(N, (x, i, seen) => {
        epsilons.unshift(noiseOf(x, i, seen[i]!));
        const [e0 = 0, e1 = 0, e2 = 0, e3 = 0] = epsilons;
        const mean = [e0, (3 * e0 - e1) / 2, (23 * e0 - 16 * e1 + 5 * e2) / 12, (55 * e0 - 59 * e1 + 37 * e2 - 9 * e3) / 24][Math.min(i, 3)]!; // prettier-ignore
        return alpha(i + 1) * ((x - sigma(i) * mean) / alpha(i)) + sigma(i + 1) * mean; // DDIM, eq. 12
      }),
    );
  });

  it.each([2, 3, 4])('LMS of order %d integrates the polynomial through the last ε̂ in σ', (order) => {
    const points: (readonly [number, number])[] = [];
    return close(
      lms({ order }),
      hosted(N, (x, i, seen) => {
        points.unshift([ratio(i), noiseOf(x, i, seen[i]!)]);
        const last = points.slice(0, order);
        return alpha(i + 1) * (x / alpha(i) + integral(through(last), ratio(i), ratio(i + 1)));
      }),
      1e-9,
    );
  });
});
