import { expect, it } from 'vitest';
import { integral } from '../../../properties/diffusion/paperWalk.js';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { continuousLinear, deis, levelsOf, sigmaOf } from '../index.js';

const path = continuousLinear();
const levels = levelsOf(path, [1, 0.8, 0.55, 0.3, 0.15, 0.04]).slice(0, -1);

it.each([2, 3, 4] as const)('deis in t of order %d is exact for an ε̂ that is a polynomial in t', (order) => {
  const epsilonAt = ({ t }: { readonly t: number }): number => t ** (order - 1) - 0.3;
  const rho = (t: number): number => sigmaOf(path.levelAt(t));
  right(deis({ order, variable: 't' }).plan(levels, path)).forEach(({ from, to, stages: [stage] }, i) => {
    if (i < order - 1) return; // the first steps have lower order
    const x = 0.7;
    const x0 = (x - from.sigma * epsilonAt(from)) / from.alpha;
    const past = stage!.memory!.reduce((sum, factor, k) => sum + factor * epsilonAt(levels[i - 1 - k]!), 0);
    // ∫ ε̂ dρ, by parts
    const ends = epsilonAt(to) * rho(to.t) - epsilonAt(from) * rho(from.t);
    const moved = ends - integral((t) => (order - 1) * t ** (order - 2) * rho(t), from.t, to.t);
    expect(stage!.x! * x + stage!.x0! * x0 + past).toBeCloseTo(to.alpha * (x / from.alpha + moved), 9);
  });
});

it('refuses another variable', () => {
  const plan = deis({ variable: 'rho' as never }).plan(levels, path);
  expect(E.isLeft(plan) && plan.left.message).toContain("deis.variable: expected 'logSigma' or 't', got \"rho\"");
});
