/** Runs a few steps of different lengths, by a solver and on the host, with a nonlinear denoiser. */
import { expect } from 'vitest';
import { numbersOf, right } from './run.js';
import { add, constantOf, mul, scalar, tanh, type Tensor, zerosLike } from '../../src/dsl/index.js';
import { cosine, ddpm, integratorOf, levelsOf, type SampleState, type Solver } from '../../src/diffusion/index.js';
import { entryAt } from '../../src/diffusion/channels/entries.js';

const noising = right(ddpm(cosine(1000)));
export const { marginals } = noising;
/** Steps of different lengths; the last ends at the data. */
export const TIMES = [960, 850, 700, 600, 380, 250, 90, 5];
export const N = TIMES.length;
const levels = levelsOf(noising, TIMES);
export const START = 0.8;
/** The result of each draw of noise. */
export const NOISE = 0.6;

const shareAt = (t: number): number => 0.5 + 0.3 * Math.cos(t / 200);
/** x̂₀ on the host. */
export const model = (x: number, t: number): number => shareAt(t) * Math.tanh(x + 0.2);

/** The states of a solver after each step. */
export const walked = async (solver: Solver): Promise<number> => {
  const plan = right(solver.plan(levels, noising));
  const integrator = integratorOf(plan);
  const timesteps = plan.flatMap(({ stages }) => stages.map(({ at }) => at.t));
  const shareOf = entryAt(timesteps.map(shareAt));
  const [result] = await numbersOf(() => {
    const x = constantOf([START], 1);
    const zeros = Array.from({ length: integrator.memory }, () => zerosLike(x));
    return timesteps.reduce<SampleState<[1]>>(
      (state, _, i) => {
        const index = scalar(i, 'int32');
        const predict = (at: Tensor<[1]>) => mul(tanh(add(at, 0.2)), shareOf(index));
        return integrator.step(state, { index, predict, uncorrected: predict, noise: () => constantOf([NOISE], 1) })
          .state;
      },
      { x, memory: zeros },
    ).x;
  });
  return result!;
};

export const alpha = (i: number): number => (i === N ? 1 : marginals[TIMES[i]!]!.alpha);
export const sigma = (i: number): number => (i === N ? 0 : marginals[TIMES[i]!]!.sigma);
export const lambda = (i: number): number => Math.log(alpha(i) / sigma(i));
/** EDM's σ. */
export const ratio = (i: number): number => sigma(i) / alpha(i);
export const at = (x: number, i: number): number => model(x, TIMES[i]!);

export const integral = (f: (x: number) => number, from: number, to: number): number => {
  const n = 2000;
  const h = (to - from) / n;
  let sum = f(from) + f(to);
  for (let i = 1; i < n; i++) sum += (i % 2 === 0 ? 2 : 4) * f(from + i * h);
  return (sum * h) / 3;
};
/** The polynomial through points, by Lagrange. */
export const through =
  (points: readonly (readonly [number, number])[]) =>
  (x: number): number =>
    points.reduce(
      (sum, [a, y], k) => sum + points.reduce((all, [b], j) => (j === k ? all : (all * (x - b)) / (a - b)), y),
      0,
    );
/** x at i + 1, computed from x at `from` with x̂₀ as a function of λ: DPM-Solver++, Proposition 4.1. */
export const exponential = (x: number, from: number, to: number, x0: (l: number) => number): number =>
  (sigma(to) / sigma(from)) * x + sigma(to) * integral((l) => Math.exp(l) * x0(l), lambda(from), lambda(to));

export type HostStep = (x: number, i: number, seen: readonly number[]) => number;
/** Applies a number of legs, one after the other. */
export const hosted = (count: number, step: HostStep): number => {
  let x = START;
  const seen: number[] = [];
  for (let i = 0; i < count; i++) {
    seen.push(at(x, i));
    x = step(x, i, seen);
  }
  return x;
};
/** For formulas in λ, which is infinite at the data, so that the last leg returns x̂₀. */
export const host = (step: HostStep): number => at(hosted(N - 1, step), N - 1);

export const close = async (solver: Solver, expected: number, tolerance = 1e-12): Promise<void> =>
  expect(Math.abs((await walked(solver)) - expected)).toBeLessThan(tolerance);
