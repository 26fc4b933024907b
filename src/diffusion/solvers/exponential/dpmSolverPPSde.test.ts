/** DPM-Solver with noise, beside the formulas of diffusers' schedulers in plain numbers, with a nonlinear denoiser. */
import { expect, it } from 'vitest';
import {
  alpha,
  at,
  close,
  lambda,
  marginals,
  N,
  NOISE,
  sigma,
  START,
  TIMES,
} from '../../../../properties/diffusion/paperWalk.js';
import { listed } from '../../../../properties/oracles/listed.js';
import { stagesOn } from '../../../../properties/oracles/stages.js';
import { dpmSolverPPSde, dpmSolverPPSinglestep } from '../../index.js';

const lengthOf = (i: number, j: number): number => lambda(j) - lambda(i);

// ε̂ of order 3 has no published formula
it.each([
  [1, 'midpoint', 1],
  [2, 'midpoint', 1],
  [2, 'heun', 1],
  [2, 'midpoint', 0.4],
] as const)('in ε̂, of order %d by %s with η = %d: `sde-dpmsolver`', (order, rule, eta) => {
  const epsilons: number[] = [];
  let x = START;
  for (let i = 0; i < N - 1; i++) {
    const h = lengthOf(i, i + 1);
    epsilons.unshift((x - alpha(i) * at(x, i)) / sigma(i));
    const [D0, before = D0] = epsilons as [number, number?];
    const D1 = order === 1 ? 0 : ((D0 - before) * h) / lengthOf(Math.max(i - 1, 0), i || 1);
    const factor = rule === 'heun' ? Math.expm1(h) / h - 1 : Math.expm1(h) / 2;
    x =
      (alpha(i + 1) / alpha(i)) * x -
      (1 + eta) * sigma(i + 1) * (Math.expm1(h) * D0 + factor * D1) +
      sigma(i + 1) * Math.sqrt(eta * Math.expm1(2 * h)) * 1.05 * NOISE;
  }
  const solver = dpmSolverPPSde({ order, rule, eta, sNoise: 1.05, space: 'epsilon', maxSigmaRatio: Infinity });
  return close(solver, at(x, N - 1), 1e-11);
});

it('has lower orders in the last steps with `lowerOrderFinal`', () => {
  const orders = (lowerOrderFinal: boolean) =>
    stagesOn(dpmSolverPPSde({ order: 3, lowerOrderFinal }), listed(marginals), TIMES)
      .slice(-3)
      .map(({ memory = [] }) => memory.length + 1);
  expect(orders(false)).toEqual([3, 3, 1]); // the last ends at the data
  expect(orders(true)).toEqual([3, 2, 1]);
});

it.each([1, 0.4])('singlestep, order 2, with η = %d: `sde-dpmsolver++`', (eta) => {
  const first = (x: number, i: number, j: number, d: number): number => {
    const h = lengthOf(i, j);
    const noise = sigma(j) * Math.sqrt(-Math.expm1(-2 * eta * h)) * 1.05 * NOISE;
    return (sigma(j) / sigma(i)) * Math.exp(-eta * h) * x - alpha(j) * Math.expm1(-(1 + eta) * h) * d + noise;
  };
  let [x, i] = [START, 0];
  for (; i + 2 < N; i += 2) {
    const D0 = at(x, i);
    const D1 = ((at(first(x, i, i + 1, D0), i + 1) - D0) * lengthOf(i, i + 2)) / lengthOf(i, i + 1);
    x = first(x, i, i + 2, D0) - (alpha(i + 2) / 2) * Math.expm1(-(1 + eta) * lengthOf(i, i + 2)) * D1;
  }
  x = first(x, i, i + 1, at(x, i)); // a single leg is left before the last
  return close(dpmSolverPPSinglestep({ order: 2, eta, sNoise: 1.05 }), at(x, N - 1));
});
