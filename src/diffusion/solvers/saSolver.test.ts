/** SA-Solver beside the formulas of its paper, and the loop of its code, with a nonlinear denoiser. */
import { expect, it } from 'vitest';
import {
  alpha,
  close,
  integral,
  lambda,
  model,
  N,
  NOISE,
  ratio,
  sigma,
  START,
  through,
  TIMES,
} from '../../../properties/diffusion/paperWalk.js';
import { right } from '../../../properties/diffusion/run.js';
import { cosine, ddpm, denoiseToZero, levelsOf, saSolver, type Stage } from '../index.js';

const x0At = (x: number, i: number): number => model(x, TIMES[i]!);
/** σ_s/σ_t·e^{-τ²h}·x + σ_s·(1 + τ²)·∫ e^{…}·x̂₀ dλ + noise, for x̂₀ as a function of λ. */
const sde = (x: number, i: number, tau2: number, x0: (l: number) => number): number => {
  const h = lambda(i + 1) - lambda(i);
  const [from, to] = [lambda(i), lambda(i + 1)];
  const sum = integral((l) => Math.exp(-(1 + tau2) * (to - l)) * x0(l), from, to);
  return (
    (sigma(i + 1) / sigma(i)) * Math.exp(-tau2 * h) * x +
    alpha(i + 1) * (1 + tau2) * sum +
    NOISE * sigma(i + 1) * Math.sqrt(-Math.expm1(-2 * tau2 * h))
  );
};
/** α_s/α_t·x - (1 + τ²)·α_s·∫ e^{-λ}·ε̂ dλ + noise, for ε̂ as a function of λ. */
const sdeInNoise = (x: number, i: number, tau2: number, epsilon: (l: number) => number): number => {
  const [from, to] = [lambda(i), lambda(i + 1)];
  return (
    alpha(i + 1) * (x / alpha(i) - (1 + tau2) * integral((l) => Math.exp(-l) * epsilon(l), from, to)) +
    NOISE * sigma(i + 1) * Math.sqrt(tau2 * Math.expm1(2 * (to - from)))
  );
};

it.each([
  [1, 2, 0, false],
  [1, 3, 0, false],
  [0.5, 2, 2, false],
  [1, 3, 3, false],
  [0, 2, 2, false],
  [1, 4, 0, false],
  [0.7, 3, 4, false],
  [0.7, 3, 4, true],
  [1, 2, 3, true],
] as const)(
  'saSolver with τ = %d, predictor %d, corrector %d: eq. 14 and 17, lower orders at the end: %o',
  (tau, order, corrector, lowerOrderFinal) => {
    const seen: (readonly [number, number])[] = [];
    let [x, before] = [START, START];
    /** The order in the step from level i; the last one leads to the data. */
    const most = (i: number, n: number): number => (lowerOrderFinal ? Math.min(n, N - i) : n);
    for (let i = 0; i < N - 1; i++) {
      const here: readonly [number, number] = [lambda(i), x0At(x, i)];
      if (corrector > 0 && i > 0)
        x = sde(before, i - 1, tau ** 2, through([here, ...seen.slice(0, most(i - 1, corrector - 1))]));
      seen.unshift(here);
      before = x;
      x = sde(x, i, tau ** 2, through(seen.slice(0, most(i, order))));
    }
    return close(saSolver({ tau, order, corrector, lowerOrderFinal }), x0At(x, N - 1), 1e-9);
  },
);

it.each([
  [1, 2, 2, false, []],
  [0.7, 3, 4, true, []],
  [0, 2, 3, true, [0]],
  [1, 3, 4, false, [0, 4]],
] as const)(
  'saSolver corrects the end, then takes x̂₀, as `sample_more_steps`: τ = %d, predictor %d, corrector %d, lower orders at the end: %o, not the end of %j',
  (tau, order, corrector, lowerOrderFinal, disableCorrector) => {
    const last = N - 1; // of N levels, the last of which has noise
    const most = (i: number, n: number): number => (lowerOrderFinal ? Math.min(n, last - i) : n);
    const seen: (readonly [number, number])[] = [];
    let [x, before] = [START, START];
    for (let i = 0; i <= last; i++) {
      const here: readonly [number, number] = [lambda(i), x0At(x, i)];
      if (i > 0 && !(disableCorrector as readonly number[]).includes(i - 1))
        x = sde(before, i - 1, tau ** 2, through([here, ...seen.slice(0, most(i - 1, corrector - 1))]));
      seen.unshift(here);
      before = x;
      if (i < last) x = sde(x, i, tau ** 2, through(seen.slice(0, most(i, order))));
    }
    const solver = saSolver({ tau, order, corrector, lowerOrderFinal, correctsEnd: true, disableCorrector });
    return close(denoiseToZero(solver), x0At(x, last), 1e-9);
  },
);

it('saSolver corrects the end in ε̂ too, and none at the data', () => {
  const noising = right(ddpm(cosine(1000)));
  const planOf = (times: readonly number[], correctsEnd: boolean, toData: boolean) => {
    const levels = levelsOf(noising, times).slice(0, toData ? undefined : -1);
    return right(
      saSolver({ tau: 0.5, order: 1, space: 'epsilon', maxSigmaRatio: Infinity, correctsEnd }).plan(levels, noising),
    );
  };
  expect(planOf(TIMES, true, true)).toEqual(planOf(TIMES, false, true));

  const { at, ...stage } = planOf(TIMES, true, false).at(-1)!.stages[1]!;
  const [x, x0, before] = [0.7, 0.3, -0.4]; // before: ε̂ where the step begins
  const [from, to] = [lambda(N - 2), lambda(N - 1)];
  const slope = integral((l) => (Math.exp(-l) * (l - from)) / (to - from), from, to);
  const epsilon = (x - alpha(N - 1) * x0) / sigma(N - 1);
  const corrected = x - (1 + 0.5 ** 2) * alpha(N - 1) * slope * (epsilon - before);
  expect(at.t).toBe(TIMES[N - 1]);
  expect(Math.abs(stage.x! * x + stage.x0! * x0 + stage.memory![0]! * before - corrected)).toBeLessThan(1e-10);
});

it.each([
  [1, 2, 0, 'exact'],
  [1, 2, 0, 'half'], // the code takes half of the step in x̂₀ only
  [0, 1, 2, 'half'],
  [0.3, 2, 2, 'exact'],
  [0, 2, 3, 'exact'],
  [0.5, 3, 4, 'exact'],
] as const)('saSolver in ε̂ with τ = %d, predictor %d, corrector %d, rule %s', (tau, order, corrector, rule) => {
  const seen: (readonly [number, number])[] = [];
  let [x, before] = [START, START];
  for (let i = 0; i < N - 1; i++) {
    const here: readonly [number, number] = [lambda(i), (x - alpha(i) * x0At(x, i)) / sigma(i)];
    if (corrector > 0 && i > 0)
      x = sdeInNoise(before, i - 1, tau ** 2, through([here, ...seen.slice(0, corrector - 1)]));
    seen.unshift(here);
    before = x;
    x = sdeInNoise(x, i, tau ** 2, through(seen.slice(0, order)));
  }
  const solver = saSolver({ tau, order, corrector, rule, space: 'epsilon', maxSigmaRatio: Infinity });
  return close(solver, x0At(x, N - 1), 1e-7);
});

it('saSolver may change τ with σ, and take half of the step, as its code', () => {
  const tau = (s: number): number => (s < 1 ? 1 : 0);
  const seen: (readonly [number, number])[] = [];
  let x = START;
  for (let i = 0; i < N - 1; i++) {
    const t2 = tau(ratio(i)) ** 2;
    const h = lambda(i + 1) - lambda(i);
    const x0 = x0At(x, i);
    const rise = i === 0 ? 0 : (x0 - seen[0]![1]) / (lambda(i) - lambda(i - 1));
    seen.unshift([lambda(i), x0]);
    x = sde(x, i, t2, () => x0) + alpha(i + 1) * rise * (((1 + t2) * h) / 2) * h;
  }
  return close(saSolver({ tau, corrector: 0, rule: 'half' }), x0At(x, N - 1), 1e-9);
});

it('τ may depend on the σ where a step begins and where it ends', () => {
  const noising = right(ddpm(cosine(1000)));
  const ends: (readonly [number, number])[] = [];
  const tau = (from: number, to: number): number => (ends.push([from, to]), to < 1 ? 1 : 0);
  const plan = right(saSolver({ tau, corrector: 0 }).plan(levelsOf(noising, TIMES), noising));
  const pairs = [...new Set(ends.map(String))]; // a corrector asks again
  expect(pairs).toEqual(TIMES.map((_, i) => String([ratio(i), ratio(i + 1)])));
  const noises = plan.map(({ stages: [stage] }) => (stage as Stage).noise! > 0);
  expect(noises).toEqual(TIMES.map((_, i) => i < N - 1 && ratio(i + 1) < 1));
});
