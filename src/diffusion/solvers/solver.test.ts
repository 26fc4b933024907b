import { describe, expect, it } from 'vitest';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { ancestralStep } from './ancestral.js';
import { ddim, ddimStep } from './ddim.js';
import { everyStep, spaced, trailing } from '../grids/grid.js';
import type { StepCoefficients } from './linearIntegrator.js';
import { ddpm, type Process } from '../process/process.js';
import { respace } from '../grids/respacing.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { linear } from '../schedules/betaSchedules.js';
import { type Leg, legsOf } from '../grids/leg.js';

const right = <A>(either: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left.message);
  return either.right;
};
const processes = { linear: right(ddpm(linear(1000))), cosine: right(ddpm(cosine(1000))) };
const legs = (process: Process, grid = everyStep): readonly Leg[] => legsOf(process, right(grid(process)));

/** Compares two rows of coefficients up to the rounding of 1 - ᾱ: n·ulp of numbers of order one. */
const expectClose = (a: StepCoefficients, b: StepCoefficients, tolerance: number): void => {
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
  path: readonly Leg[],
  tau: number,
  step: (leg: Leg) => StepCoefficients,
  best = ({ alpha, sigma }: Leg['from']): number => (alpha * tau ** 2) / ((alpha * tau) ** 2 + sigma ** 2),
): number =>
  path.reduce((variance, leg) => {
    const { x, x0, noise } = step(leg);
    return (x + x0[0]! * best(leg.from)) ** 2 * variance + noise ** 2;
  }, 1);

describe.each(Object.entries(processes))('solvers over the %s process', (_, process) => {
  it('return x̂₀ itself at the last step', () => {
    const last = legs(process).at(-1)!;
    for (const step of [ddimStep(0), ddimStep(1), ancestralStep('posterior'), ancestralStep('beta')])
      expect(step(last)).toEqual({ x: 0, x0: [1], noise: 0 });
  });

  it('ddim with η = 1 is ancestral sampling', () => {
    for (const grid of [everyStep, spaced(50)])
      for (const leg of legs(process, grid)) expectClose(ddimStep(1)(leg), ancestralStep('posterior')(leg), 1e-11);
  });

  it('ddim maps x_t = α·x₀ + σ·ε to x_s with the same x₀ and ε', () => {
    for (const leg of legs(process, spaced(20))) {
      const { x, x0 } = ddimStep(0)(leg);
      expect(Math.abs(x * leg.from.alpha + x0[0]! - leg.to.alpha)).toBeLessThan(1e-15);
      expect(Math.abs(x * leg.from.sigma - leg.to.sigma)).toBeLessThan(1e-15);
    }
  });

  it('keep the marginal: given x₀, every η has variance 1 - ᾱ_s', () => {
    for (const eta of [0, 0.3, 1])
      for (const leg of legs(process, spaced(20))) {
        const { x, noise } = ddimStep(eta)(leg);
        expect(Math.abs((x * leg.from.sigma) ** 2 + noise ** 2 - leg.to.sigma ** 2)).toBeLessThan(1e-14);
      }
  });

  it('on a grid equal the solvers on every step of the respaced process', () => {
    const respaced = right(respace(spaced(50))(process));
    const [whole, short] = [legs(process, spaced(50)), legs(respaced)];
    expect(Array.from(respaced.timesteps).reverse()).toEqual(whole.map((leg) => leg.t));
    whole.forEach((leg, i) => {
      for (const step of [ddimStep(0.5), ancestralStep('posterior'), ancestralStep('beta')])
        expectClose(step(leg), step(short[i]!), 1e-11);
    });
  });

  it('sample Gaussian data with the right variance, better with more steps', () => {
    const tau = 0.5;
    for (const step of [ddimStep(0), ancestralStep('posterior')]) {
      const errors = [20, 100, 1000].map((n) =>
        Math.abs(sampledVariance(legs(process, trailing(n)), tau, step) / tau ** 2 - 1),
      );
      expect(errors[1]!).toBeLessThan(errors[0]! / 2);
      expect(errors[2]!).toBeLessThan(errors[1]! / 2);
    }
  });
});

it('ddim refuses an η outside of [0, 1]', () => {
  for (const eta of [-0.1, 1.1, NaN]) {
    const made = ddim({ eta }).integrate([], []);
    expect(E.isLeft(made) && made.left.message).toContain('η from 0 to 1');
  }
});
