/** `dpm_solver_adaptive` of the code of DPM-Solver, whose control has θ, beside its loop in plain numbers. */
import { expect, it } from 'vitest';
import { draw, squashed, squashedOf } from '../../../properties/diffusion/adaptiveDraw.js';
import { type AdaptiveOptions, rectifiedFlow } from '../index.js';

const BEGIN = [0.3, -0.8];
const [MIN, MAX] = [0.02, 20];

type Pair = readonly number[];
/** A sum of multiples. */
const sum = (...terms: readonly (readonly [factor: number, numbers: Pair])[]): Pair =>
  BEGIN.map((_, i) => terms.reduce((all, [factor, numbers]) => all + factor * numbers[i]!, 0));

/** On rectified flow, where α = 1/(1 + e^{-λ}) and σ = α·e^{-λ}. */
const alpha = (l: number): number => 1 / (1 + Math.exp(-l));
const sigma = (l: number): number => alpha(l) * Math.exp(-l);

/** The end of the loop, for one sample, and the number of evaluations. */
const published = ({
  space = 'epsilon',
  order = 3,
  rtol = 0.05,
  atol = 0.0078,
  hInit = 0.05,
  theta = 0.9,
}: AdaptiveOptions) => {
  const isInNoise = space === 'epsilon';
  const predict = (x: Pair, l: number): Pair =>
    x.map((value) => {
      const x0 = squashedOf(value / alpha(l), Math.exp(-l));
      return isInNoise ? (value - alpha(l) * x0) / sigma(l) : x0;
    });
  /** The factors of x, of the prediction and of its slope, from λ = s over h. */
  const factors = (s: number, h: number): readonly [number, number, number] =>
    isInNoise
      ? [alpha(s + h) / alpha(s), -sigma(s + h) * Math.expm1(h), -sigma(s + h) * (Math.expm1(h) / h - 1)]
      : [sigma(s + h) / sigma(s), -alpha(s + h) * Math.expm1(-h), alpha(s + h) * (Math.expm1(-h) / h + 1)];
  const end = -Math.log(MIN);
  let [s, h, evaluations] = [-Math.log(MAX), hInit, 0];
  let x: Pair = BEGIN.map((value) => value * sigma(s));
  let before = x;
  while (end - s > 1e-6) {
    const m = predict(x, s);
    const first = (r: number): Pair => {
      const [own, whole] = factors(s, r * h);
      return sum([own, x], [whole, m]);
    };
    const differenceAt = (at: Pair, r: number): Pair => sum([1, predict(at, s + r * h)], [-1, m]);
    const r1 = order === 2 ? 1 / 2 : 1 / 3;
    const d1 = differenceAt(first(r1), r1);
    const second = sum([1, first(1)], [factors(s, h)[1] / (2 * r1), d1]);
    const third = (): Pair => {
      const u = sum([1, first(2 / 3)], [2 * factors(s, (2 / 3) * h)[2], d1]);
      return sum([1, first(1)], [1.5 * factors(s, h)[2], differenceAt(u, 2 / 3)]);
    };
    const [low, high] = order === 2 ? [first(1), second] : [second, third()];
    const squares = low.map((value, i) => {
      const delta = Math.max(atol, rtol * Math.max(Math.abs(value), Math.abs(before[i]!)));
      return ((high[i]! - value) / delta) ** 2;
    });
    const error = Math.sqrt(squares.reduce((all, one) => all + one) / squares.length);
    const length = h;
    evaluations += order;
    if (error <= 1) [x, before, s] = [high, low, s + length];
    h = Math.min(theta * length * error ** (-1 / order), end - s);
  }
  return { x, evaluations };
};

it.each<AdaptiveOptions>([
  { theta: 0.9 },
  { theta: 0.9, order: 2 },
  { theta: 0.9, space: 'x0' },
  { theta: 0.8, space: 'x0', order: 2, rtol: 0.01, atol: 1e-3 },
  { theta: 0.9, hInit: 3, rtol: 0.002, atol: 1e-4 }, // rejects
])('is dpm_solver_adaptive of the code of DPM-Solver: %o', async (options) => {
  const { x, evaluations } = published(options);
  const drawn = await draw(rectifiedFlow(), squashed, BEGIN, { ...options, min: MIN, max: MAX, toData: false });
  expect(drawn.evaluations).toEqual([evaluations]);
  drawn.samples.forEach((value, i) => expect(Math.abs(value - x[i]!)).toBeLessThan(1e-9));
});

it('in x̂₀ the last evaluation is the sample', async () => {
  const how = { space: 'x0', min: MIN, max: MAX } as const;
  const open = await draw(rectifiedFlow(), squashed, BEGIN, { ...how, toData: false });
  const { samples } = await draw(rectifiedFlow(), squashed, BEGIN, how);
  samples.forEach((value, i) => {
    const end = -Math.log(MIN);
    expect(value).toBeCloseTo(squashedOf(open.samples[i]! / alpha(end), MIN), 12);
  });
});
