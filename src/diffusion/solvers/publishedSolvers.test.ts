/** Solvers beside the loops of published code, with a nonlinear denoiser, steps of different lengths and one value of noise. */
import { describe, expect, it } from 'vitest';
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
  walked,
} from '../../../properties/diffusion/paperWalk.js';
import { right } from '../../../properties/diffusion/run.js';
import {
  cosine,
  ddpm,
  deis,
  dpmSolver,
  dpmSolverFast,
  dpmSolverPP2SAncestral,
  dpmSolverPPSde,
  dpmSolverPPSdeSinglestep,
  heun,
  kdpm2,
  kdpm2Ancestral,
  pndm,
  restart,
  saSolver,
  tcd,
  uniPC,
} from '../index.js';
import { pathOf } from '../levels/noising.js';

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

  it.each([1, 0.5])('kdpm2Ancestral with η = %d: sample_dpm_2_ancestral', (eta) =>
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

  it.each([1, 0.5])('dpmSolverPP2SAncestral with η = %d: sample_dpmpp_2s_ancestral', (eta) =>
    close(
      dpmSolverPP2SAncestral({ eta }),
      stepped((x, from, to) => {
        const [down, up] = ancestral(from, to, eta);
        if (down === 0) return x + slope(x, from) * (down - from);
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

  it.each([1, 0.5])('dpmSolverPPSde of order 3 with η = %d: sample_dpmpp_3m_sde', (eta) => {
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
    await expect(walked(beyond)).rejects.toThrow('restart.intervals.0.max: expected at most');
  });
});

describe('in ε̂ and λ', () => {
  /** x, and ε̂, at a level with α and σ. */
  const epsilon = (x: number, s: number): number => {
    const level = levelOfSigma(s);
    return (x - level.alpha * model(x, level.t)) / level.sigma;
  };
  const at = (l: number): { readonly a: number; readonly s: number; readonly ratio: number } => {
    const level = levelOfSigma(Math.exp(-l));
    return { a: level.alpha, s: level.sigma, ratio: Math.exp(-l) };
  };
  const toData = (x: number): number => model(x, TIMES[N - 1]!);
  const onGrid = (step: (x: number, i: number) => number): number => {
    let x = START;
    for (let i = 0; i < N - 1; i++) x = step(x, i);
    return toData(x);
  };

  it('dpmSolver of order 2: Algorithm 1 of DPM-Solver', () =>
    close(
      dpmSolver({ order: 2 }),
      onGrid((x, i) => {
        const h = lambda(i + 1) - lambda(i);
        const m = at(lambda(i) + h / 2);
        const u = (m.a / alpha(i)) * x - m.s * Math.expm1(h / 2) * epsilon(x, ratio(i));
        return (alpha(i + 1) / alpha(i)) * x - sigma(i + 1) * Math.expm1(h) * epsilon(u, m.ratio);
      }),
    ));

  it('dpmSolver of order 3: Algorithm 2 of DPM-Solver', () =>
    close(
      dpmSolver({ order: 3 }),
      onGrid((x, i) => {
        const h = lambda(i + 1) - lambda(i);
        const [r1, r2] = [1 / 3, 2 / 3];
        const [p, q] = [at(lambda(i) + r1 * h), at(lambda(i) + r2 * h)];
        const e = epsilon(x, ratio(i));
        const u1 = (p.a / alpha(i)) * x - p.s * Math.expm1(r1 * h) * e;
        const d1 = epsilon(u1, p.ratio) - e;
        const u2 =
          (q.a / alpha(i)) * x -
          q.s * Math.expm1(r2 * h) * e -
          ((q.s * r2) / r1) * (Math.expm1(r2 * h) / (r2 * h) - 1) * d1;
        const d2 = epsilon(u2, q.ratio) - e;
        const end = (sigma(i + 1) / r2) * (Math.expm1(h) / h - 1) * d2;
        return (alpha(i + 1) / alpha(i)) * x - sigma(i + 1) * Math.expm1(h) * e - end;
      }),
      1e-11,
    ));

  it('dpmSolver, multistep of order 2: the midpoint formula of its code', () => {
    const past: number[] = [];
    return close(
      dpmSolver({ order: 2, steps: 'multistep' }),
      onGrid((x, i) => {
        const h = lambda(i + 1) - lambda(i);
        const e = epsilon(x, ratio(i));
        const change = i === 0 ? 0 : ((e - past.at(-1)!) * h) / (lambda(i) - lambda(i - 1));
        past.push(e);
        return (alpha(i + 1) / alpha(i)) * x - sigma(i + 1) * Math.expm1(h) * (e + change / 2);
      }),
    );
  });

  it('dpmSolver, multistep of order 3, integrates the parabola through ε̂ exactly', () => {
    const past: (readonly [number, number])[] = [];
    return close(
      dpmSolver({ order: 3, steps: 'multistep' }),
      onGrid((x, i) => {
        past.unshift([lambda(i), epsilon(x, ratio(i))]);
        const h = lambda(i + 1) - lambda(i);
        const line = through(past.slice(0, 3));
        const half = past.length === 2 ? (past[0]![1] - past[1]![1]) / (past[0]![0] - past[1]![0]) : 0;
        const sum =
          past.length === 2
            ? (Math.expm1(h) * (past[0]![1] + (half * h) / 2)) / Math.exp(lambda(i + 1))
            : integral((l) => Math.exp(-l) * line(l), lambda(i), lambda(i + 1));
        return (alpha(i + 1) / alpha(i)) * x - alpha(i + 1) * sum;
      }),
      1e-9, // Simpson's rule
    );
  });

  it.each([1, 2, 3, 4] as const)('deis of order %d integrates the polynomial in ln σ over σ', (order) => {
    const past: (readonly [number, number])[] = [];
    return close(
      deis({ order }),
      onGrid((x, i) => {
        past.unshift([-lambda(i), epsilon(x, ratio(i))]);
        const polynomial = through(past.slice(0, order));
        const sum = integral((l) => Math.exp(l) * polynomial(l), -lambda(i), -lambda(i + 1));
        return alpha(i + 1) * (x / alpha(i) + sum);
      }),
      1e-9,
    );
  });

  it('dpmSolverFast: orders 3, 3, 2, 1 of nine evaluations, equal in λ, then the data', () => {
    const [first, last, orders] = [lambda(0), lambda(N - 1), [3, 3, 2, 1]];
    const made = right(
      dpmSolverFast({ evaluations: 9 }).plan(
        [noising.marginals[960]!, noising.marginals[5]!, { alpha: 1, sigma: 0 }].map((c, i) => ({
          ...c,
          t: [960, 5, -1][i]!,
        })),
        noising,
      ),
    );
    expect(made.map(({ stages }) => stages.length)).toEqual([...orders, 1]);
    made
      .slice(0, -1)
      .forEach(({ to }, i) =>
        expect(Math.log(to.alpha / to.sigma)).toBeCloseTo(first + ((last - first) * (i + 1)) / 4, 10),
      );
    const ten = right(
      dpmSolverFast({ evaluations: 10 }).plan(
        [
          { ...noising.marginals[960]!, t: 960 },
          { ...noising.marginals[5]!, t: 5 },
          { alpha: 1, sigma: 0, t: -1 },
        ],
        noising,
      ),
    );
    expect(ten.map(({ stages }) => stages.length)).toEqual([3, 3, 3, 1, 1]);
  });

  it('pndm with the start of latent diffusion repeats its first step with the mean of ε̂', () => {
    const past: number[] = [];
    const transfer = (x: number, i: number, e: number): number =>
      alpha(i + 1) * (x / alpha(i) + (ratio(i + 1) - ratio(i)) * e);
    let x = START;
    for (let i = 0; i < N; i++) {
      const e = epsilon(x, ratio(i));
      past.unshift(e);
      const [a, b = 0, c = 0, d = 0] = past;
      if (i === 0) {
        const next = transfer(x, 0, e);
        x = transfer(x, 0, (e + epsilon(next, ratio(1))) / 2);
        continue;
      }
      const mean =
        i === 1
          ? (3 * a! - b) / 2
          : i === 2
            ? (23 * a! - 16 * b + 5 * c) / 12
            : (55 * a! - 59 * b + 37 * c - 9 * d) / 24;
      x = i === N - 1 ? x / alpha(i) - ratio(i) * mean : transfer(x, i, mean);
    }
    return close(pndm({ start: 'heun' }), x, 1e-11);
  });
});

describe('SA-Solver and UniPC', () => {
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

  it.each([
    [1, 2, 0],
    [1, 3, 0],
    [0.5, 2, 2],
    [1, 3, 3],
    [0, 2, 2],
  ] as const)('saSolver with τ = %d, predictor %d, corrector %d: eq. 14 and 17', (tau, order, corrector) => {
    const seen: (readonly [number, number])[] = [];
    let [x, before] = [START, START];
    for (let i = 0; i < N - 1; i++) {
      const here: readonly [number, number] = [lambda(i), x0At(x, i)];
      if (corrector > 0 && i > 0) x = sde(before, i - 1, tau ** 2, through([here, ...seen.slice(0, corrector - 1)]));
      seen.unshift(here);
      before = x;
      x = sde(x, i, tau ** 2, through(seen.slice(0, order)));
    }
    return close(saSolver({ tau, order, corrector }), x0At(x, N - 1), 1e-9);
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

  it.each([
    [2, 'bh1'],
    [2, 'bh2'],
    [3, 'bh2'],
  ] as const)('uniPC in ε̂ of order %d, %s: UniP and UniC', async (order, variant) => {
    const noiseAt = (x: number, i: number): number => (x - alpha(i) * x0At(x, i)) / sigma(i);
    const step = (x: number, i: number, points: readonly (readonly [number, number])[]): number => {
      const h = lambda(i + 1) - lambda(i);
      const own = points.find(([l]) => l === lambda(i))![1];
      const others = points.filter(([l]) => l !== lambda(i));
      const polynomial = through(points);
      const pair = others.length === 1;
      const B = variant === 'bh1' ? h : Math.expm1(h);
      const sum = pair
        ? Math.expm1(h) * own + ((B / 2) * (others[0]![1] - own)) / ((others[0]![0] - lambda(i)) / h)
        : integral((l) => Math.exp(lambda(i + 1) - l) * polynomial(l), lambda(i), lambda(i + 1));
      return (alpha(i + 1) / alpha(i)) * x - sigma(i + 1) * sum;
    };
    const run = (corrects: boolean): number => {
      const seen: (readonly [number, number])[] = [];
      let [x, before] = [START, START];
      for (let i = 0; i < N; i++) {
        if (i === N - 1 && !corrects) return x0At(x, i);
        const here: readonly [number, number] = [lambda(i), noiseAt(x, i)];
        const x0 = x0At(x, i);
        if (corrects && i > 0) x = step(before, i - 1, [here, ...seen.slice(0, order)]);
        if (i === N - 1) return x0;
        seen.unshift(here);
        before = x;
        x = step(x, i, seen.slice(0, order));
      }
      return x;
    };
    await close(uniPC({ order, variant, space: 'epsilon' }), run(true), 1e-9);
    await close(uniPC({ order, variant, space: 'epsilon', corrector: false }), run(false), 1e-9);
  });
});

it.each([0.3, 1, 0])('tcd with γ = %d goes down to (1 - γ)·s and adds noise: Algorithm 4', (gamma) => {
  let x = START;
  for (let i = 0; i < N - 1; i++) {
    const x0 = model(x, TIMES[i]!);
    const e = (x - alpha(i) * x0) / sigma(i);
    const below = noising.marginals[Math.floor((1 - gamma) * TIMES[i + 1]!)]!;
    const clean = below.alpha * x0 + below.sigma * e;
    const back = alpha(i + 1) / below.alpha;
    x = gamma === 0 ? alpha(i + 1) * x0 + sigma(i + 1) * e : back * clean + NOISE * Math.sqrt(1 - back ** 2);
  }
  return close(tcd({ gamma }), model(x, TIMES[N - 1]!), 1e-9);
});
