/** Levels and times by σ/α in a program, beside those on the host. */
import { expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { cast, concatAll, constantOf, square, sub } from '../../dsl/index.js';
import { continuousCosine, continuousLinear, continuousSigmoid, cosine, ddpm, edm, interpolant, linear, linearInLogAlpha, type Noising, pathOf, rectifiedFlow, respace, trigonometric } from '../index.js'; // oxfmt-ignore
import { bySigma } from './bySigma.js';

const steps = right(ddpm(linear(1000)));

it.each<readonly [string, Noising]>([
  ['edm', edm()],
  ['rectifiedFlow', rectifiedFlow()],
  ['trigonometric', trigonometric()],
  ['continuousCosine', continuousCosine()],
  ['continuousCosine without an offset', continuousCosine({ offset: 0 })],
  ['continuousLinear', continuousLinear()],
  ['continuousSigmoid', continuousSigmoid()],
  ['continuousSigmoid, τ = 0.1', continuousSigmoid({ tau: 0.1 })],
  [
    'an interpolant, by bisection',
    right(interpolant({ name: 'own', alpha: (t) => square(sub(1, t)), sigma: (t) => t })),
  ],
  ['timesteps', steps],
  ['timesteps with a linear log α', linearInLogAlpha(steps)],
  ['a coarse schedule with a linear log α', linearInLogAlpha(right(ddpm(cosine(20))))],
  ['a respaced process', right(respace(50)(steps))],
  ['a respaced process with a linear log α', right(respace(50)(linearInLogAlpha(steps)))],
])('%s has the level and the time of each σ/α', async (_, noising) => {
  const path = pathOf(noising);
  const sigmas = Array.from({ length: 200 }, (__, i) => 10 ** (-4 + i / 33)); // to 107, within continuousLinear
  const numbers = await numbersOf(() => {
    const { levels, clock } = bySigma(noising);
    const asked = constantOf(sigmas, sigmas.length);
    const { alpha, sigma } = levels(asked);
    return concatAll([alpha, sigma, cast(clock.of(asked), 'float32')], 0);
  });
  sigmas.forEach((asked, i) => {
    const level = path.levelOfSigma(asked);
    [level.alpha, level.sigma, path.clock.at(level)].forEach((expected, k) =>
      expect(Math.abs(numbers[i + k * sigmas.length]! - expected), `σ/α = ${asked}`).toBeLessThanOrEqual(
        2 ** -40 * expected,
      ),
    );
  });
});

it('keeps the digits of a small α, though its time is rounded', async () => {
  const ratios = [1e3, 1e6, 1e9];
  const alphas = await numbersOf(() => bySigma(rectifiedFlow()).levels(constantOf(ratios, 3)).alpha);
  alphas.forEach((alpha, i) => expect(Math.abs(alpha * (1 + ratios[i]!) - 1)).toBeLessThan(2 ** -50)); // α + σ = 1
});
