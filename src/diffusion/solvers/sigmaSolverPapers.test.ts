/** Compares solvers in σ with the formulas of their papers, in the papers' variables, on a nonlinear denoiser. */
import { listed } from '../../../properties/oracles/listed.js';
import { describe, expect, it } from 'vitest';
import { factorsOf, stagesOn } from '../../../properties/oracles/stages.js';
import { ddim } from './ddim.js';
import { euler, heun } from './edm.js';
import { eulerAncestral } from './eulerAncestral.js';
import { lms } from './lms.js';
import { pndm } from './pndm.js';
import {
  marginals,
  TIMES,
  N,
  START,
  NOISE,
  model,
  alpha,
  sigma,
  ratio,
  at,
  integral,
  through,
  hosted,
  close,
} from '../../../properties/diffusion/paperWalk.js';

describe('EDM', () => {
  const churned = { churn: 2, sMin: 0.1, sMax: 20, sNoise: 1.01 };
  it.each([
    ['euler', euler, false],
    ['heun', heun, true],
  ] as const)('%s is Algorithm 2, in x/a and σ', async (_, solver, corrects) => {
    let raised = 0;
    const levels = marginals.map((m) => m.sigma / m.alpha);
    for (const { churn, sMin, sMax, sNoise } of [{ ...churned, churn: 0 }, churned]) {
      const gamma = Math.min(churn / N, Math.SQRT2 - 1);
      let x = START / alpha(0);
      for (let i = 0; i < N; i++) {
        const isIn = ratio(i) >= sMin && ratio(i) <= sMax;
        const hat = ratio(i) * (isIn ? 1 + gamma : 1); // line 5
        if (hat > ratio(i)) raised++;
        // the timestep between two of the process, linear in log σ
        const after = levels.findIndex((sigma) => sigma >= hat);
        const t =
          hat === ratio(i) ? TIMES[i]! : after - 1 + Math.log(hat / levels[after - 1]!) / Math.log(levels[after]! / levels[after - 1]!); // oxfmt-ignore
        x += Math.sqrt(hat ** 2 - ratio(i) ** 2) * sNoise * NOISE;
        const slope = (x - model(x / Math.hypot(1, hat), t)) / hat;
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

  it.each([1, 0.5, 0])('Euler ancestral, η = %d, agrees with k-diffusion and with DDIM', async (eta) => {
    const step = (x: number, i: number, sNoise: number): number => {
      const [from, to] = [ratio(i), ratio(i + 1)];
      const up = Math.min(to, eta * Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2));
      const down = Math.sqrt(to ** 2 - up ** 2);
      return x + ((x - at(alpha(i) * x, i)) / from) * (down - from) + sNoise * up * NOISE;
    };
    const walk = (sNoise: number) => TIMES.reduce((x, _, i) => step(x, i, sNoise), START / alpha(0));
    await close(eulerAncestral({ eta }), walk(1));
    await close(eulerAncestral({ eta, sNoise: 1.1 }), walk(1.1));
    await close(ddim({ eta }), walk(1));
    const last = stagesOn(eulerAncestral({ eta }), listed(marginals), TIMES).at(-1)!;
    expect(factorsOf(last)).toEqual({ x: 0, x0: [1], noise: 0 });
  });
});

describe('linear multistep', () => {
  const noiseOf = (x: number, i: number, d: number): number => (x - alpha(i) * d) / sigma(i);

  it('PNDM is eq. 12, with fewer ε̂ at the beginning', () => {
    const epsilons: number[] = [];
    return close(
      pndm(),
      hosted(N, (x, i, seen) => {
        epsilons.unshift(noiseOf(x, i, seen[i]!));
        const [e0 = 0, e1 = 0, e2 = 0, e3 = 0] = epsilons;
        const mean = [e0, (3 * e0 - e1) / 2, (23 * e0 - 16 * e1 + 5 * e2) / 12, (55 * e0 - 59 * e1 + 37 * e2 - 9 * e3) / 24][Math.min(i, 3)]!; // oxfmt-ignore
        return alpha(i + 1) * ((x - sigma(i) * mean) / alpha(i)) + sigma(i + 1) * mean; // DDIM, eq. 12
      }),
    );
  });

  it.each([2, 3, 4] as const)('LMS of order %d integrates the polynomial through the last ε̂ in σ', (order) => {
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
