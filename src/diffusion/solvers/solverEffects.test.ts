/** Options of solvers in ε̂: each changes the steps, to those of the published formulas. */
import { describe, expect, it } from 'vitest';
import {
  alpha,
  integral,
  lambda,
  model,
  N,
  ratio,
  sigma,
  START,
  through,
  TIMES,
} from '../../../properties/diffusion/paperWalk.js';
import { right } from '../../../properties/diffusion/run.js';
import {
  cosine,
  ddpm,
  dpmSolver,
  dpmSolverFast,
  dpmSolverPP,
  dpmSolverPPSinglestep,
  edm,
  levelsOf,
  type Solver,
  uniPC,
} from '../index.js';
import { pathOf } from '../paths/noising.js';

const noising = right(ddpm(cosine(1000)));
const { levelOfSigma } = pathOf(noising);

/** x at the end of the plan of a solver on the first `count` levels and the data, for a solver without noise. */
const ends = (solver: Solver, count: number): number => {
  let x = START;
  const kept: number[] = [];
  for (const { stages } of right(solver.plan(levelsOf(noising, TIMES.slice(0, count)), noising))) {
    const begin = x;
    for (const { at, x: own = 0, start = 0, x0 = 0, memory = [], remembers } of stages) {
      const d = model(x, at.t);
      const next = own * x + start * begin + x0 * d + memory.reduce((sum, n, k) => sum + n * (kept[k] ?? 0), 0);
      kept.unshift(remembers === 'epsilon' ? (x - at.alpha * d) / at.sigma : d);
      x = next;
    }
  }
  return x;
};

/** ε̂ of x at level i. */
const noiseAt = (x: number, i: number): number => (x - alpha(i) * model(x, TIMES[i]!)) / sigma(i);
/** Eq. 3.7 of DPM-Solver, from level i to j: α_j/α_i·x - σ_j·(e^h - 1)·ε̂. */
const first = (x: number, i: number, j: number, e: number): number =>
  (alpha(j) / alpha(i)) * x - sigma(j) * Math.expm1(lambda(j) - lambda(i)) * e;
/** φ₁ = e^h - 1, φ₂ = φ₁/h - 1 and φ₃ = φ₂/h - 1/2 of its code. */
const phis = (h: number): readonly [number, number, number] => {
  const phi1 = Math.expm1(h);
  const phi2 = phi1 / h - 1;
  return [phi1, phi2, phi2 / h - 1 / 2];
};

/** The multistep updates of DPM-Solver's code, of an order for each step; then x̂₀. */
const multistepped = (orders: readonly number[], rule: 'midpoint' | 'heun', share: number): number => {
  const past: number[] = [];
  const x = orders.reduce((now, order, i) => {
    past.unshift(noiseAt(now, i));
    const [e0, e1, e2] = past as [number, number, number];
    const h = lambda(i + 1) - lambda(i);
    const [phi1, phi2, phi3] = phis(h);
    const still = first(now, i, i + 1, e0);
    if (order === 1) return still;
    const newer = ((e0 - e1) * h) / (lambda(i) - lambda(i - 1));
    if (order === 2) return still - sigma(i + 1) * (rule === 'heun' ? phi2 : phi1 / 2) * newer;
    const older = ((e1 - e2) * h) / (lambda(i - 1) - lambda(i - 2));
    const [r0, r1] = [(lambda(i) - lambda(i - 1)) / h, (lambda(i - 1) - lambda(i - 2)) / h];
    const [D1, D2] = [newer + (r0 / (r0 + r1)) * (newer - older), (newer - older) / (r0 + r1)];
    return still - sigma(i + 1) * (phi2 * D1 + share * phi3 * D2);
  }, START);
  return model(x, TIMES[orders.length]!);
};

/** `singlestep_dpm_solver_*_update` of its code, over a number of levels for each step; then x̂₀. */
const grouped = (groups: readonly number[], rule: 'midpoint' | 'heun'): number => {
  let [x, i] = [START, 0];
  for (const size of groups) {
    const end = i + size;
    const h = lambda(end) - lambda(i);
    const [phi1, phi2, phi3] = phis(h);
    const [r1, r2] = [(lambda(i + 1) - lambda(i)) / h, (lambda(i + 2) - lambda(i)) / h];
    const e = noiseAt(x, i);
    const still = first(x, i, end, e);
    const d1 = size === 1 ? 0 : noiseAt(first(x, i, i + 1, e), i + 1) - e;
    if (size === 1) x = still;
    else if (size === 2) x = still - (sigma(end) * (rule === 'heun' ? phi2 : phi1 / 2) * d1) / r1;
    else {
      const within = phis(r2 * h)[1];
      const d2 = noiseAt(first(x, i, i + 2, e) - (r2 / r1) * sigma(i + 2) * within * d1, i + 2) - e;
      const [D10, D11] = [d1 / r1, d2 / r2];
      const [D1, D2] = [(r2 * D10 - r1 * D11) / (r2 - r1), (2 * (D11 - D10)) / (r2 - r1)];
      x = still - sigma(end) * (rule === 'heun' ? phi2 * D1 + phi3 * D2 : phi2 * D11);
    }
    i = end;
  }
  return model(x, TIMES[i]!);
};

/**
 * UniPC in ε̂ (Zhao et al. 2023, Algorithms 1 and 2, B(h) = e^h - 1), of an order for each step. A step that is not in ε̂ is DDIM's, in
 * x̂₀, without a corrector.
 */
const unified = (orders: readonly number[], inNoise: readonly boolean[]): number => {
  const step = (x: number, i: number, points: readonly (readonly [number, number])[]): number => {
    const h = lambda(i + 1) - lambda(i);
    const own = points.find(([l]) => l === lambda(i))![1];
    const [other, ...more] = points.filter(([l]) => l !== lambda(i));
    if (other === undefined) return first(x, i, i + 1, own);
    if (more.length === 0) return first(x, i, i + 1, own + (other[1] - own) / 2 / ((other[0] - lambda(i)) / h));
    const sum = integral((l) => Math.exp(lambda(i + 1) - l) * through(points)(l), lambda(i), lambda(i + 1));
    return (alpha(i + 1) / alpha(i)) * x - sigma(i + 1) * sum;
  };
  const seen: (readonly [number, number])[] = [];
  let [x, before] = [START, START];
  orders.forEach((order, i) => {
    const here = [lambda(i), noiseAt(x, i)] as const;
    const x0 = model(x, TIMES[i]!);
    if (inNoise[i - 1] === true) x = step(before, i - 1, [here, ...seen.slice(0, orders[i - 1])]);
    seen.unshift(here);
    before = x;
    const kept = sigma(i + 1) / sigma(i);
    x = inNoise[i] === true ? step(x, i, seen.slice(0, order)) : kept * x + (alpha(i + 1) - kept * alpha(i)) * x0;
  });
  return model(x, TIMES[orders.length]!);
};

/** DPM-Solver-2 (Algorithm 1), or DPM-Solver-1, for each step; then x̂₀. */
const halved = (orders: readonly number[]): number => {
  const x = orders.reduce((now, order, i) => {
    const e = noiseAt(now, i);
    if (order === 1) return first(now, i, i + 1, e);
    const h = lambda(i + 1) - lambda(i);
    const m = levelOfSigma(Math.exp(-lambda(i) - h / 2));
    const u = (m.alpha / alpha(i)) * now - m.sigma * Math.expm1(h / 2) * e;
    return first(now, i, i + 1, (u - m.alpha * model(u, m.t)) / m.sigma);
  }, START);
  return model(x, TIMES[orders.length]!);
};

/** Steps of DPM-Solver-1 that are equal in λ, then x̂₀. */
const even = (count: number): number => {
  const h = (lambda(N - 1) - lambda(0)) / count;
  let x = START;
  for (let i = 0; i < count; i++) {
    const [from, to] = [i, i + 1].map((k) => levelOfSigma(Math.exp(-lambda(0) - k * h)));
    const e = (x - from!.alpha * model(x, from!.t)) / from!.sigma;
    x = (to!.alpha / from!.alpha) * x - to!.sigma * Math.expm1(h) * e;
  }
  return model(x, TIMES[N - 1]!);
};

const space = 'epsilon';
/** The steps over which σ falls more than threefold: the first, and the last before the data. */
const maxSigmaRatio = 3;
const far = TIMES.slice(1).map((_, i) => ratio(i) > maxSigmaRatio * ratio(i + 1));

it('σ falls more than threefold in the first step and in the last before the data', () => {
  expect(far).toEqual([true, false, false, false, false, false, true]);
});

describe('an option of a solver changes its steps to those of the paper', () => {
  it.each<[name: string, given: Solver, without: Solver, expected: number, levels?: number]>([
    ['dpmSolverPP in ε̂', dpmSolverPP({ space, order: 3 }), dpmSolverPP({ order: 3 }), multistepped([1, 2, 3, 3, 3, 3, 3], 'midpoint', 2)], // oxfmt-ignore
    ['dpmSolverPP in ε̂, maxSigmaRatio', dpmSolverPP({ space, order: 3, maxSigmaRatio }), dpmSolverPP({ space, order: 3 }), multistepped([1, 1, 2, 3, 3, 3, 1], 'midpoint', 2)], // oxfmt-ignore
    ['dpmSolverPP in ε̂, rule', dpmSolverPP({ space, rule: 'heun' }), dpmSolverPP({ space }), multistepped([1, 2, 2, 2, 2, 2, 2], 'heun', 2)], // oxfmt-ignore
    ['dpmSolverPP in ε̂, phi3', dpmSolverPP({ space, order: 3, phi3: 'half' }), dpmSolverPP({ space, order: 3 }), multistepped([1, 2, 3, 3, 3, 3, 3], 'midpoint', 1)], // oxfmt-ignore
    ['dpmSolverPP in ε̂, lowerOrderFinal', dpmSolverPP({ space, order: 3, lowerOrderFinal: true }), dpmSolverPP({ space, order: 3 }), multistepped([1, 2, 3, 3, 3, 3, 2], 'midpoint', 2)], // oxfmt-ignore
    ['dpmSolverPPSinglestep in ε̂', dpmSolverPPSinglestep({ space, order: 3 }), dpmSolverPPSinglestep({ order: 3 }), grouped([3, 3, 1], 'midpoint')], // oxfmt-ignore
    ['dpmSolverPPSinglestep in ε̂, rule', dpmSolverPPSinglestep({ space, order: 3, rule: 'heun' }), dpmSolverPPSinglestep({ space, order: 3 }), grouped([3, 3, 1], 'heun')], // oxfmt-ignore
    ['dpmSolverPPSinglestep in ε̂, order 2, rule', dpmSolverPPSinglestep({ space, rule: 'heun' }), dpmSolverPPSinglestep({ space }), grouped([2, 2, 2, 1], 'heun')], // oxfmt-ignore
    ['dpmSolverPPSinglestep in ε̂, lowerOrderFinal', dpmSolverPPSinglestep({ space, order: 3, lowerOrderFinal: true }), dpmSolverPPSinglestep({ space, order: 3 }), grouped([3, 2, 1], 'midpoint'), 7], // oxfmt-ignore
    ['dpmSolverPPSinglestep in ε̂, maxSigmaRatio', dpmSolverPPSinglestep({ space, order: 3, maxSigmaRatio }), dpmSolverPPSinglestep({ space, order: 3 }), grouped([1, 1, 2, 1, 1, 1], 'midpoint')], // oxfmt-ignore
    ['uniPC in ε̂, maxSigmaRatio', uniPC({ space, order: 3, maxSigmaRatio }), uniPC({ space, order: 3 }), unified([1, 1, 2, 3, 3, 3, 1], far.map((is) => !is))], // oxfmt-ignore
    ['uniPC in ε̂, lowerOrderFinal', uniPC({ space, order: 3, lowerOrderFinal: true }), uniPC({ space, order: 3 }), unified([1, 2, 3, 3, 3, 3, 2], far.map(() => true))], // oxfmt-ignore
    ['dpmSolver, maxSigmaRatio', dpmSolver({ maxSigmaRatio }), dpmSolver(), halved([1, 2, 2, 2, 2, 2, 1])],
    [
      'dpmSolverFast, maxSigmaRatio',
      dpmSolverFast({ evaluations: 9, maxSigmaRatio }),
      dpmSolverFast({ evaluations: 9 }),
      even(4),
    ],
  ])('%s', (_, given, without, expected, levels = N) => {
    expect(Math.abs(ends(given, levels) - expected)).toBeLessThan(1e-9); // of Simpson's rule
    expect(Math.abs(ends(without, levels) - expected)).toBeGreaterThan(1e-5);
  });

  it.each<
    [name: string, of: (given: { readonly maxSigmaRatio?: number }) => Solver, sigmas: (fall: number) => number[]]
  >([
    ['dpmSolverPP', (args) => dpmSolverPP({ space, ...args }), (fall) => [2 * fall, fall, 1]],
    ['dpmSolverPPSinglestep', (args) => dpmSolverPPSinglestep({ space, ...args }), (fall) => [fall, 2, 1]],
    ['uniPC', (args) => uniPC({ space, ...args }), (fall) => [2 * fall, fall, 1]],
    ['dpmSolver', dpmSolver, (fall) => [20 * fall, 20]],
    ['dpmSolverFast', (args) => dpmSolverFast({ evaluations: 3, ...args }), (fall) => [fall ** 2, 1]], // two steps
  ])('maxSigmaRatio of %s is 100 if left out', (_, of, sigmas) => {
    const plan = (given: { readonly maxSigmaRatio?: number }, fall: number) =>
      right(of(given).plan(levelsOf(edm(), sigmas(fall)), edm())).map(({ stages }) => stages);
    expect(plan({}, 99.5)).toEqual(plan({ maxSigmaRatio: Infinity }, 99.5));
    expect(plan({}, 100.5)).toEqual(plan({ maxSigmaRatio: 100 }, 100.5));
    expect(plan({}, 100.5)).not.toEqual(plan({ maxSigmaRatio: Infinity }, 100.5));
  });
});
