import { describe, expect, it } from 'vitest';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { factorsOf, type PlacedStage, stagesOn } from '../../../properties/oracles/stages.js';
import { ancestral } from './ancestral.js';
import { ddim } from './ddim.js';
import { heun } from './edm.js';
import { everyStep, spaced, trailing } from '../grids/grid.js';
import type { Solver } from './plan.js';
import { levelsOf } from '../paths/noising.js';
import { respace } from '../grids/respacing.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { linear } from '../schedules/betaSchedules.js';
import { type Channel, posteriorOf, transition } from '../channels/channel.js';
import { ddpm, type DiscreteNoising } from '../paths/discreteNoising.js';

const right = <A>(either: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left.message);
  return either.right;
};
const noisings = { linear: right(ddpm(linear(1000))), cosine: right(ddpm(cosine(1000))) };

type Factors = ReturnType<typeof factorsOf>;

/** The stages of a solver of one evaluation a step. */
const stages = (solver: Solver, noising: DiscreteNoising, grid = everyStep): readonly PlacedStage[] =>
  stagesOn(solver, noising, right(grid(noising)));

/** Compares two stages up to the rounding of 1 - ᾱ: n·ulp of numbers of order one. */
const expectClose = (a: Factors, b: Factors, tolerance: number): void => {
  for (const [x, y] of [
    [a.x, b.x],
    [a.x0[0]!, b.x0[0]!],
    [a.noise, b.noise],
  ])
    expect(Math.abs(x! - y!)).toBeLessThanOrEqual(tolerance);
};

/**
 * The variance of the samples when the data are N(0, τ²), for which the best x̂₀ is known:
 * √ᾱ·τ²/(ᾱτ² + 1 - ᾱ)·x_t.
 */
const sampledVariance = (
  plan: readonly PlacedStage[],
  tau: number,
  best = ({ alpha, sigma }: Channel): number => (alpha * tau ** 2) / (alpha ** 2 * tau ** 2 + sigma ** 2),
): number =>
  plan.reduce((variance, stage) => {
    const { x, x0, noise } = factorsOf(stage);
    return (x + x0[0]! * best(stage.at)) ** 2 * variance + noise ** 2;
  }, 1);

describe.each(Object.entries(noisings))('solvers over the %s process', (_, noising) => {
  it('return x̂₀ itself at the last step', () => {
    for (const solver of [ddim(), ddim({ eta: 1 }), ancestral(), ancestral({ variance: 'beta' })])
      expect(factorsOf(stages(solver, noising).at(-1)!)).toEqual({ x: 0, x0: [1], noise: 0 });
  });

  it.each([
    ['ddim with η = 1', ddim({ eta: 1 })],
    ['ancestral sampling', ancestral()],
  ])('%s steps by q(x_s|x_t, x̂₀)', (_name, solver) => {
    for (const grid of [everyStep, spaced(50)])
      for (const stage of stages(solver, noising, grid)) {
        const { xt, x0, sigma } = posteriorOf(stage.end, transition(stage.end, stage.at), stage.at);
        expectClose(factorsOf(stage), { x: xt, x0: [x0], noise: sigma }, 1e-11);
      }
  });

  it('ddim maps x_t = a·x₀ + s·ε to x_s with the same x₀ and ε', () => {
    for (const stage of stages(ddim(), noising, spaced(20))) {
      const { x, x0 } = factorsOf(stage);
      expect(Math.abs(x * stage.at.alpha + x0[0]! - stage.end.alpha)).toBeLessThan(1e-15);
      expect(Math.abs(x * stage.at.sigma - stage.end.sigma)).toBeLessThan(1e-15);
    }
  });

  it('keep the marginal: given x₀, every η has variance 1 - ᾱ_s', () => {
    for (const eta of [0, 0.3, 1])
      for (const stage of stages(ddim({ eta }), noising, spaced(20))) {
        const { x, noise } = factorsOf(stage);
        expect(Math.abs((x * stage.at.sigma) ** 2 + noise ** 2 - stage.end.sigma ** 2)).toBeLessThan(1e-14);
      }
  });

  it('on a grid equal the solvers on every step of the respaced process', () => {
    const respaced = right(respace(spaced(50))(noising));
    for (const solver of [ddim({ eta: 0.5 }), ancestral(), ancestral({ variance: 'beta' })]) {
      const [whole, short] = [stages(solver, noising, spaced(50)), stages(solver, respaced)];
      expect(Array.from(respaced.timesteps).reverse()).toEqual(whole.map(({ at }) => at.t));
      whole.forEach((stage, i) => expectClose(factorsOf(stage), factorsOf(short[i]!), 1e-11));
    }
  });

  it('sample Gaussian data with the right variance, better with more steps', () => {
    const tau = 0.5;
    for (const solver of [ddim(), ancestral()]) {
      const errors = [20, 100, 1000].map((n) =>
        Math.abs(sampledVariance(stages(solver, noising, trailing(n)), tau) / tau ** 2 - 1),
      );
      expect(errors[1]!).toBeLessThan(errors[0]! / 2);
      expect(errors[2]!).toBeLessThan(errors[1]! / 2);
    }
  });
});

it('ddim refuses an η outside of [0, 1]', () => {
  for (const eta of [-0.1, 1.1, NaN]) {
    const result = ddim({ eta }).plan([], noisings.linear);
    expect(E.isLeft(result) && result.left.message).toContain('η from 0 to 1');
  }
});

it('heun evaluates 2N - 1 times: once in the last step', () => {
  const plan = right(heun().plan(levelsOf(noisings.linear, right(trailing(18)(noisings.linear))), noisings.linear));
  expect(plan.map((step) => step.stages.length)).toEqual([...Array<number>(17).fill(2), 1]);
});
