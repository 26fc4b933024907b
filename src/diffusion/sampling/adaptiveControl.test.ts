/** `dpm_solver_adaptive` of the code of DPM-Solver, whose control has θ, beside its loop in plain numbers. */
import { expect, it } from 'vitest';
import { draw, squashed, squashedOf } from '../../../properties/diffusion/adaptiveDraw.js';
import { right } from '../../../properties/diffusion/run.js';
import { add, cast, type Dim, div, scaleBy, sin, type Tensor } from '../../dsl/index.js';
import { type AdaptiveOptions, continuousCosine, continuousLinear, continuousSigmoid, cosine, ddpm, type Denoiser, type Level, linear, linearInLogAlpha, type Noising, pathOf, rectifiedFlow, sigmaOf, trigonometric } from '../index.js'; // oxfmt-ignore
import { noiseScale } from '../channels/channel.js';

const BEGIN = [0.3, -0.8];
const [MIN, MAX] = [0.02, 20];

/** A range of noise levels. */
interface Ends {
  readonly min: number;
  readonly max: number;
}

/** x̂₀ at a level; λ = -ln(σ/α). */
type X0 = (xBar: number, level: Level, l: number) => number;
const ofLevel: X0 = (xBar, _, l) => squashedOf(xBar, Math.exp(-l));

type Pair = readonly number[];
/** A sum of multiples. */
const sum = (...terms: readonly (readonly [factor: number, numbers: Pair])[]): Pair =>
  BEGIN.map((_, i) => terms.reduce((all, [factor, numbers]) => all + factor * numbers[i]!, 0));

/** The end of the loop, for one sample, and the number of evaluations. */
const published = (
  noising: Noising,
  x0Of: X0,
  { min, max }: Ends,
  {
    space = 'epsilon',
    order = 3,
    rule = 'midpoint',
    rtol = 0.05,
    atol = 0.0078,
    hInit = 0.05,
    theta = 0.9,
  }: AdaptiveOptions,
) => {
  const { levelOfSigma } = pathOf(noising);
  const at = (l: number): Level => levelOfSigma(Math.exp(-l));
  const alpha = (l: number): number => at(l).alpha;
  const sigma = (l: number): number => at(l).sigma;
  const isInNoise = space === 'epsilon';
  const predict = (x: Pair, l: number): Pair =>
    x.map((value) => {
      const x0 = x0Of(value / alpha(l), at(l), l);
      return isInNoise ? (value - alpha(l) * x0) / sigma(l) : x0;
    });
  /** The factors of x, of the prediction, of its slope D1 and of its second derivative D2, from λ = s over h. */
  const factors = (s: number, h: number): readonly [number, number, number, number] => {
    const phi1 = Math.expm1(isInNoise ? h : -h);
    const phi2 = phi1 / h + (isInNoise ? -1 : 1);
    const phi3 = phi2 / h - 0.5;
    const [a, b] = [alpha(s + h), sigma(s + h)];
    return isInNoise ? [a / alpha(s), -b * phi1, -b * phi2, -b * phi3] : [b / sigma(s), -a * phi1, a * phi2, -a * phi3];
  };
  const end = -Math.log(min);
  let [s, h, evaluations] = [-Math.log(max), hInit, 0];
  let x: Pair = BEGIN.map((value) => value * noiseScale(at(s)));
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
    const isTaylor = rule === 'heun';
    const [, whole, ofD1, ofD2] = factors(s, h);
    const second = sum([1, first(1)], [isTaylor ? ofD1 / r1 : whole / (2 * r1), d1]);
    const third = (): Pair => {
      const u = sum([1, first(2 / 3)], [2 * factors(s, (2 / 3) * h)[2], d1]);
      const d2 = differenceAt(u, 2 / 3);
      if (!isTaylor) return sum([1, first(1)], [1.5 * ofD1, d2]);
      const [D10, D11] = [sum([3, d1]), sum([1.5, d2])];
      const [D1, D2] = [sum([2, D10], [-1, D11]), sum([6, D11], [-6, D10])];
      return sum([1, first(1)], [ofD1, D1], [ofD2, D2]);
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
  { theta: 0.9, rule: 'heun', rtol: 0.01, atol: 1e-3 },
  { theta: 0.9, rule: 'heun', space: 'x0', rtol: 0.01, atol: 1e-3 },
  { theta: 0.9, rule: 'heun', order: 2, hInit: 1 },
  { theta: 0.9, rule: 'heun', order: 2, space: 'x0', hInit: 1 },
])('is dpm_solver_adaptive of the code of DPM-Solver: %o', async (options) => {
  const { x, evaluations } = published(rectifiedFlow(), ofLevel, { min: MIN, max: MAX }, options);
  const drawn = await draw(rectifiedFlow(), squashed, BEGIN, { ...options, min: MIN, max: MAX, toData: false });
  expect(drawn.evaluations).toEqual([evaluations]);
  drawn.samples.forEach((value, i) => expect(Math.abs(value - x[i]!)).toBeLessThan(1e-9));
});

const numbersOf = <B extends Dim>(t: Tensor<[B], 'int32' | 'float32'>): Tensor<[B]> => cast(t, 'float32');

/** A network whose result depends on its time. */
const timed: Denoiser<null, [2]> = {
  predicts: 'x0',
  timesteps: 1000,
  apply: (params, x, inputs) => scaleBy(squashed.apply(params, x, inputs), add(sin(div(numbersOf(inputs.t), 50)), 2)),
};

it.each<readonly [string, Noising, Partial<Ends>]>([
  ['the whole linear SDE', continuousLinear(), { max: sigmaOf(pathOf(continuousLinear()).levelAt(1)) }],
  ['the cosine path near its end', trigonometric(), { max: 1e4 }],
  ['the cosine schedule', continuousCosine(), { min: 0.002, max: 80 }],
  ['the sigmoid schedule', continuousSigmoid(), { min: 0.002, max: 80 }],
  ['a flow near its end', rectifiedFlow(), { max: 1e4 }],
  ['the timesteps of DDPM', right(ddpm(linear(1000))), {}],
  ['those of DPM-Solver', linearInLogAlpha(right(ddpm(linear(1000)))), {}],
  ['of a coarse schedule', linearInLogAlpha(right(ddpm(cosine(20)))), {}],
])('gives the network the exact time: %s', async (_, noising, { min = MIN, max = MAX }) => {
  const path = pathOf(noising);
  const x0Of: X0 = (xBar, level, l) => squashedOf(xBar, Math.exp(-l)) * (2 + Math.sin(path.clock.at(level) / 50));
  const ends = { min, max };
  const options: AdaptiveOptions = { theta: 0.9, rtol: 0.01, atol: 1e-3 };
  const { x, evaluations } = published(noising, x0Of, ends, options);
  const drawn = await draw(noising, timed, BEGIN, { ...options, ...ends, toData: false });
  expect(drawn.evaluations).toEqual([evaluations]);
  drawn.samples.forEach((value, i) => expect(Math.abs(value - x[i]!)).toBeLessThan(1e-9));
});

it('begins at the end of a path that ends below the greatest σ', async () => {
  const end = sigmaOf(pathOf(continuousLinear()).levelAt(1));
  const from = (max: number) => draw(continuousLinear(), squashed, BEGIN, { min: MIN, max, toData: false });
  const [beyond, own] = [await from(10 * end), await from(end)];
  expect(beyond.evaluations).toEqual(own.evaluations);
  beyond.samples.forEach((value, i) => expect(Math.abs(value - own.samples[i]!)).toBeLessThan(1e-9));
});

it('in x̂₀ the last evaluation is the sample', async () => {
  const how = { space: 'x0', min: MIN, max: MAX } as const;
  const open = await draw(rectifiedFlow(), squashed, BEGIN, { ...how, toData: false });
  const { samples } = await draw(rectifiedFlow(), squashed, BEGIN, how);
  samples.forEach((value, i) => {
    const { alpha } = pathOf(rectifiedFlow()).levelOfSigma(MIN);
    expect(value).toBeCloseTo(squashedOf(open.samples[i]! / alpha, MIN), 12);
  });
});
