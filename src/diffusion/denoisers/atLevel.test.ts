/** Predictions along continuous paths; those at timesteps are in `parameterization.test.ts`. */
import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { constantOf, iota, mul, sin, square, sub, type Tensor, zeros } from '../../dsl/index.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import type { Channel } from '../channels/channel.js';
import { edm, rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { interpolant } from '../paths/interpolant.js';
import { ddpm } from '../paths/discreteNoising.js';
import type { ContinuousNoising } from '../paths/path.js';
import { targetOf } from '../losses/loss.js';
import { converted, reparameterize } from './overNoising.js';
import { type Denoiser } from './denoiser.js';
import { conversion, type Parameterization, target } from './parameterization.js';

const early = right(
  interpolant({ name: 'early', alpha: (t) => square(sub(1, t)), sigma: (t) => sin(mul(t, Math.PI / 2)) }),
);

/** Paths, and α and σ by their formulas. */
const paths: Readonly<Record<string, readonly [ContinuousNoising, (t: number) => Channel]>> = {
  rectifiedFlow: [rectifiedFlow(), (t) => ({ alpha: 1 - t, sigma: t })],
  trigonometric: [trigonometric(), (t) => ({ alpha: Math.cos((Math.PI / 2) * t), sigma: Math.sin((Math.PI / 2) * t) })],
  interpolant: [early, (t) => ({ alpha: (1 - t) ** 2, sigma: Math.sin((Math.PI / 2) * t) })],
  edm: [edm(), (t) => ({ alpha: 1, sigma: t })],
};
const TIMES = [0.02, 0.3, 0.55, 0.9];
const X0 = [0.5, -1.25, 2, 0.1];
const NOISE = [-0.7, 0.4, 1.5, -2];
const B = TIMES.length;
const [times, x0, noise] = [TIMES, X0, NOISE].map((numbers) => constantOf(numbers, B)) as [V, V, V];
type V = Tensor<[typeof B]>;
const kinds: readonly Parameterization[] = ['epsilon', 'x0', 'v', 'score', 'velocity'];

describe.each(Object.entries(paths))('on the path %s', (name, [noising, levelAt]) => {
  const levels = TIMES.map(levelAt);
  const xt = levels.map(({ alpha, sigma }, i) => alpha * X0[i]! + sigma * NOISE[i]!);
  const targets = (predicts: Parameterization) => numbersOf(() => targetOf(noising, predicts)(times)(x0, noise));
  /** The error of rounded predictions after a conversion there and back, in roundings. */
  const condition = Math.max(...levels.map(({ alpha, sigma }) => 1 / Math.min(alpha, sigma, 1) ** 2));

  it('the velocity is the derivative of x_t by time', async () => {
    const at = (t: number, i: number): number => levelAt(t).alpha * X0[i]! + levelAt(t).sigma * NOISE[i]!;
    const h = 2 ** -9;
    // with an error of h⁴/30 times a fifth derivative below 40, and of 2 roundings of x divided by h
    const slopes = TIMES.map(
      (t, i) => (8 * (at(t + h, i) - at(t - h, i)) - (at(t + 2 * h, i) - at(t - 2 * h, i))) / (12 * h),
    );
    (await targets('velocity')).forEach((v, i) => expect(Math.abs(v - slopes[i]!)).toBeLessThan((h ** 4 * 40) / 30));
  });

  it('the other targets are those of their formulas', async () => {
    const by = (f: (level: Channel, i: number) => number) => levels.map(f);
    const expected = {
      epsilon: NOISE,
      x0: X0,
      v: by(({ alpha, sigma }, i) => (alpha * NOISE[i]! - sigma * X0[i]!) / Math.sqrt(alpha ** 2 + sigma ** 2)),
      score: by(({ sigma }, i) => -NOISE[i]! / sigma),
    };
    for (const [predicts, numbers] of Object.entries(expected))
      expect(relativeDistance(await targets(predicts as Parameterization), numbers)).toBeLessThan(1e-14);
  });

  it.each(kinds)('a conversion of %s to any other gives its target, and back the same', async (from) => {
    const numbers = await targets(from);
    const given = constantOf(numbers, B) as V;
    const x = constantOf(xt, B) as V;
    for (const to of kinds) {
      const there = await numbersOf(() => converted(noising, from, to)(times, x)(given));
      const tolerance = 16 * 2 ** -53 * condition;
      expect(relativeDistance(there, await targets(to)), `${from} to ${to}`).toBeLessThan(tolerance);
      const back = await numbersOf(() => converted(noising, to, from)(times, x)(constantOf(there, B) as V));
      expect(relativeDistance(back, numbers), `${to} to ${from}`).toBeLessThan(tolerance);
      // the same map for numbers on the host
      const onHost = TIMES.map((t, i) => {
        const factors = conversion(from, to)(noising.levelAt(t));
        return factors.x * xt[i]! + factors.prediction * numbers[i]!;
      });
      expect(relativeDistance(onHost, there), `${from} to ${to} on the host`).toBeLessThan(tolerance);
    }
  });

  it('a denoiser reparameterized to the velocity and back is itself', async () => {
    const half: Denoiser<null, []> = { predicts: 'x0', clock: 'level', apply: (_, x) => mul(x, 0.5) };
    const twice = reparameterize(noising, 'x0')(reparameterize(noising, 'velocity')(half));
    const actual = await numbersOf(() => twice.apply(null, constantOf(xt, B), { t: times }));
    expect(relativeDistance(actual, xt.map((x) => x / 2)), name).toBeLessThan(16 * 2 ** -53 * condition); // oxfmt-ignore
  });
});

it('the velocity of known paths: ε - x₀ on a flow, π/2·v on the trigonometric path, ε on that of EDM', async () => {
  const velocity = (noising: ContinuousNoising) => numbersOf(() => targetOf(noising, 'velocity')(times)(x0, noise));
  expect(relativeDistance(await velocity(rectifiedFlow()), NOISE.map((e, i) => e - X0[i]!))).toBeLessThan(1e-15); // oxfmt-ignore
  expect(await velocity(edm())).toEqual(NOISE);
  const v = await numbersOf(() => mul(targetOf(trigonometric(), 'v')(times)(x0, noise), Math.PI / 2));
  expect(relativeDistance(await velocity(trigonometric()), v)).toBeLessThan(1e-15);
});

it('v at α = 0.7 and σ = 0.3 is (0.7·ε - 0.3·x₀)/√0.58', () => {
  const { x0: ofX0, epsilon } = target('v')(rectifiedFlow().levelAt(0.3));
  expect(ofX0).toBeCloseTo(-0.3 / Math.sqrt(0.58), 15);
  expect(epsilon).toBeCloseTo(0.7 / Math.sqrt(0.58), 15);
  const toX0 = conversion('v', 'x0')(rectifiedFlow().levelAt(0.3));
  expect(toX0.x).toBeCloseTo(0.7 / 0.58, 14);
  expect(toX0.prediction).toBeCloseTo(-0.3 / Math.sqrt(0.58), 14);
});

it('refuses a velocity over the timesteps of a schedule', () => {
  const noising = right(ddpm(cosine(4)));
  const message =
    "denoiser.predicts: expected another prediction, such as 'v', where the path has no derivative, got 'velocity'; take rectifiedFlow()";
  expect(() => targetOf(noising, 'velocity')(iota(2))(zeros(2), zeros(2))).toThrow(message);
  expect(() => converted(noising, 'velocity', 'x0')(iota(2), zeros(2))(zeros(2))).toThrow(message);
  expect(() => converted(noising, 'x0', 'velocity')(iota(2), zeros(2))(zeros(2))).toThrow(message);
  expect(() => target('velocity')({ alpha: 0.8, sigma: 0.6 })).toThrow(message);
});
