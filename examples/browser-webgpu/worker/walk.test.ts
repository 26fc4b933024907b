import { unwrap } from 'noisefold';
import { cosine, ddpm } from 'noisefold/diffusion';
import { describe, expect, test } from 'vitest';
import { type Course, type Step, walkOf } from './walk.js';

const noising = unwrap(ddpm(cosine(1000)));
const walk = (course: Partial<Course> = {}): readonly Step[] =>
  unwrap(walkOf(noising, { predicts: 'v' }, { solver: 'ddim', steps: 4, sigma: null, repairs: false, ...course }));
const timesOf = (steps: readonly Step[]) => steps.map(({ t }) => Number(t.toFixed(9)));

/** ᾱ of Improved DDPM (Nichol & Dhariwal 2021), eq. 17, at timesteps that count from 0, where no β is clipped. */
const alphaBar = (t: number): number => {
  const f = (at: number): number => Math.cos(((at / 1000 + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  return f(t + 1) / f(0);
};
const near = (numbers: readonly number[], expected: readonly number[]): void =>
  numbers.forEach((n, i) => expect(n).toBeCloseTo(expected[i]!, 9));

describe('the numbers of steps', () => {
  test('are those of DDIM and of v', () => {
    const [, step] = walk();
    const [a, b] = [alphaBar(749), alphaBar(499)];
    near([step!.t, step!.guess.x, step!.guess.prediction], [749, Math.sqrt(a), -Math.sqrt(1 - a)]);
    // DDIM (Song et al. 2021), eq. 12 with ε̂ = (x - √ᾱ·x̂₀)/√(1 - ᾱ)
    const x = Math.sqrt((1 - b) / (1 - a));
    near([step!.next.x, step!.next.x0, step!.next.noise], [x, Math.sqrt(b) - x * Math.sqrt(a), 0]);
    expect(walk().at(-1)!.next).toEqual({ x: 0, x0: 1, noise: 0 });
  });

  test('are those of DDPM for ancestral sampling', () => {
    const [, step] = walk({ solver: 'ancestral' });
    const [a, b] = [alphaBar(749), alphaBar(499)];
    // DDPM (Ho et al. 2020), eq. 7 of a step from 749 to 499, with α = ᾱ_t/ᾱ_s and β = 1 - α
    const [alpha, beta] = [a / b, 1 - a / b];
    near(
      [step!.next.x, step!.next.x0, step!.next.noise],
      [(Math.sqrt(alpha) * (1 - b)) / (1 - a), (Math.sqrt(b) * beta) / (1 - a), Math.sqrt(((1 - b) / (1 - a)) * beta)],
    );
  });

  test('begin at the level of x, and go to the data in equal times, none shorter than a timestep', () => {
    const sigma = Math.sqrt((1 - alphaBar(599)) / alphaBar(599));
    expect(timesOf(walk({ sigma }))).toEqual([599, 449, 299, 149]);
    expect(timesOf(walk({ sigma, steps: 1 }))).toEqual([599]);
    const low = Math.sqrt((1 - alphaBar(2)) / alphaBar(2));
    expect(timesOf(walk({ sigma: low, steps: 50 }))).toEqual([2, 1, 0]);
    expect(timesOf(walk({ sigma: Infinity }))[0]).toBe(999);
  });

  test('run each step but the last twice for a repair, with the noise of the step between', () => {
    const steps = walk({ repairs: true });
    expect(timesOf(steps)).toEqual([999, 999, 749, 749, 499, 499, 249]);
    const [a, b] = [alphaBar(749), alphaBar(499)];
    near(
      [steps[2]!.end.alpha, steps[2]!.end.sigma, steps[2]!.back.alpha, steps[2]!.back.sigma],
      [Math.sqrt(b), Math.sqrt(1 - b), Math.sqrt(a / b), Math.sqrt(1 - a / b)],
    );
    for (const at of [1, 3, 5, 6]) expect(steps[at]!.back).toEqual({ alpha: 1, sigma: 0 });
  });

  test('go from the data to noise for an inversion', () => {
    const steps = walk({ solver: 'inversion' });
    expect(timesOf(steps)).toEqual([249, 249, 499, 749]);
    expect(steps[0]!.raise).toBeCloseTo(Math.sqrt(alphaBar(249)), 9);
    expect(steps.slice(1).every(({ raise }) => raise === 1)).toBe(true);
  });
});
