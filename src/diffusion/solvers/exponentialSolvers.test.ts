/** Exponential integrators, PLMS and TCD beside the formulas of their papers, with a nonlinear denoiser. */
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
} from '../../../properties/diffusion/paperWalk.js';
import { right } from '../../../properties/diffusion/run.js';
import {
  cosine,
  ddpm,
  deis,
  dpmSolver,
  dpmSolverFast,
  dpmSolverPP,
  dpmSolverPPSinglestep,
  edm,
  type Level,
  levelsOf,
  pndm,
  tcd,
  uniPC,
} from '../index.js';
import { pathOf } from '../paths/noising.js';

const noising = right(ddpm(cosine(1000)));
const { levelOfSigma } = pathOf(noising);

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

  it.each([2, 3] as const)(
    'dpmSolverPPSinglestep in ε̂ of order %d: the singlestep updates of DPM-Solver’s code',
    (order) => {
      const step = (x: number, i: number): number => {
        const [h, h1] = [lambda(i + order) - lambda(i), lambda(i + 1) - lambda(i)];
        const e = epsilon(x, ratio(i));
        const whole = (j: number): number =>
          (alpha(j) / alpha(i)) * x - sigma(j) * Math.expm1(lambda(j) - lambda(i)) * e;
        const d1 = epsilon(whole(i + 1), ratio(i + 1)) - e;
        if (order === 2) return whole(i + 2) - ((sigma(i + 2) * h) / h1 / 2) * Math.expm1(h) * d1;
        const h2 = lambda(i + 2) - lambda(i);
        const u = whole(i + 2) - ((sigma(i + 2) * h2) / h1) * (Math.expm1(h2) / h2 - 1) * d1;
        const d2 = epsilon(u, ratio(i + 2)) - e;
        return whole(i + 3) - ((sigma(i + 3) * h) / h2) * (Math.expm1(h) / h - 1) * d2;
      };
      let [x, i] = [START, 0];
      for (; i + order < N; i += order) x = step(x, i);
      x = (alpha(i + 1) / alpha(i)) * x - sigma(i + 1) * Math.expm1(lambda(i + 1) - lambda(i)) * epsilon(x, ratio(i));
      return close(dpmSolverPPSinglestep({ order, space: 'epsilon' }), toData(x), 1e-11);
    },
  );

  it('dpmSolverPP in ε̂ of order 2: the midpoint formula of DPM-Solver’s code', () => {
    const past: number[] = [];
    return close(
      dpmSolverPP({ order: 2, space: 'epsilon' }),
      onGrid((x, i) => {
        const h = lambda(i + 1) - lambda(i);
        const e = epsilon(x, ratio(i));
        const change = i === 0 ? 0 : ((e - past.at(-1)!) * h) / (lambda(i) - lambda(i - 1));
        past.push(e);
        return (alpha(i + 1) / alpha(i)) * x - sigma(i + 1) * Math.expm1(h) * (e + change / 2);
      }),
    );
  });

  it('dpmSolverPP in ε̂ of order 3 integrates the parabola through ε̂ exactly', () => {
    const past: (readonly [number, number])[] = [];
    return close(
      dpmSolverPP({ order: 3, space: 'epsilon' }),
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

  it('deis takes the ε̂ of steps whose x/√ᾱ keeps the digits of x: √ᾱ of at least 2⁻⁴⁸', () => {
    const alphas = [2 ** -60, 2 ** -52, 2 ** -44, 2 ** -36, 2 ** -28];
    const levels = alphas.map((alpha, i) => ({ alpha, sigma: Math.sqrt(1 - alpha * alpha), t: alphas.length - i }));
    const result = right(deis({ order: 3 }).plan(levels, noising));
    const counts = result.map(({ stages: [{ memory = [] } = {}] }) => memory.filter((factor) => factor !== 0).length);
    expect(counts).toEqual([0, 0, 0, 1]); // ε̂ of earlier steps
  });

  it('dpmSolverFast: orders 3, 3, 2, 1 of nine evaluations, equal in λ, then the data', () => {
    const [first, last, orders] = [lambda(0), lambda(N - 1), [3, 3, 2, 1]];
    const result = right(
      dpmSolverFast({ evaluations: 9 }).plan(
        [noising.marginals[960]!, noising.marginals[5]!, { alpha: 1, sigma: 0 }].map((c, i) => ({
          ...c,
          t: [960, 5, -1][i]!,
        })),
        noising,
      ),
    );
    expect(result.map(({ stages }) => stages.length)).toEqual([...orders, 1]);
    result
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

  it('dpmSolverFast goes from a level without signal to the next one by DDIM’s step', () => {
    const blind = { alpha: 0, sigma: 1, t: 999 };
    const ends = [960, 5].map((t) => ({ ...noising.marginals[t]!, t }));
    const plan = (levels: readonly Level[]) => right(dpmSolverFast({ evaluations: 9, eta: 1 }).plan(levels, noising));
    const [first, ...others] = plan([blind, ...ends]);
    expect(first).toEqual({ from: blind, to: ends[0], stages: [{ at: blind, x: ends[0]!.sigma, x0: ends[0]!.alpha }] });
    expect(others).toEqual(plan(ends));
    expect(plan([blind, ends[0]!])).toEqual([first]);
  });

  it('dpmSolverFast with η goes to a lower level than the next, not below the last, and adds noise: `sample_dpm_fast`', () => {
    const [eta, sNoise] = [0.7, 1.1];
    const ends = [960, 380].map((t) => ({ ...noising.marginals[t]!, t }));
    const plan = (evaluations: number, options: object) =>
      right(dpmSolverFast({ evaluations, ...options }).plan(ends, noising));
    const [one, two] = plan(3, { eta, sNoise }); // of orders 2 and 1
    const [from, to, last] = [one!.from, one!.to, two!.to].map(({ alpha: a, sigma: s }) => s / a) as [
      number,
      number,
      number,
    ];
    const up = eta * Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2);
    const down = Math.max(Math.sqrt(to ** 2 - up ** 2), last);
    const lower = { ...one!.to, sigma: down * one!.to.alpha };
    const [expected] = right(dpmSolver({ order: 2 }).plan([one!.from, lower], noising));
    const noise = sNoise * Math.sqrt(to ** 2 - down ** 2) * one!.to.alpha;
    expect(down).toBeGreaterThan(last);
    one!.stages.forEach(({ at: { sigma: s }, x = 0, start = 0, x0 }, i) => {
      const other = expected!.stages[i]!;
      const numbers = [other.at.sigma, other.x ?? 0, other.start ?? 0, other.x0!];
      [s, x, start, x0!].forEach((number, k) => expect(number).toBeCloseTo(numbers[k]!, 12));
    });
    expect(one!.stages[1]!.noise).toBeCloseTo(noise, 12);
    // the step to the last level adds no noise
    expect(two!.stages).toEqual(plan(3, {})[1]!.stages.map((stage) => ({ ...stage, at: two!.from })));
  });

  it('pndm has plain steps where σ falls more than fourfold, or 100-fold for heun, unless `maxSigmaRatio` is greater', () => {
    const evaluations = (
      start: 'heun' | 'rungeKutta',
      given: { readonly maxSigmaRatio?: number },
      sigmas: readonly number[],
    ) => right(pndm({ start, ...given }).plan(levelsOf(edm(), sigmas), edm())).map(({ stages }) => stages.length);
    expect(evaluations('rungeKutta', {}, [80, 15, 5, 0.1])).toEqual([1, 4, 1, 1]);
    expect(evaluations('rungeKutta', {}, [9, 2, 0.5])).toEqual([1, 4, 1]); // 4.5-fold, and fourfold
    expect(evaluations('rungeKutta', { maxSigmaRatio: Infinity }, [80, 15, 5, 0.1])).toEqual([4, 4, 4, 1]);
    expect(evaluations('heun', {}, [80, 0.5])).toEqual([1, 1]);
    expect(evaluations('heun', { maxSigmaRatio: Infinity }, [80, 0.5])).toEqual([2, 1]);
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

describe('UniPC', () => {
  const x0At = (x: number, i: number): number => model(x, TIMES[i]!);
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
