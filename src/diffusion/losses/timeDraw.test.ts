/** Draws of times on continuous paths; those of timesteps are in `loss.test.ts` and `timeDistribution.test.ts`. */
import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, right } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { concatAll, constantOf, foldIn, table, type Tensor, zeros } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { continuousCosine, edm, rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';
import type { Noising } from '../paths/noising.js';
import { importanceTimesteps } from './importanceTimesteps.js';
import { logSNRTimes } from './logSNRTimes.js';
import { simpleLosses } from './loss.js';
import { cosMapTimes, logitNormalTimes, logNormalTimes, modeTimes, shiftedTimes } from './timeDistribution.js';
import { timestepsBy } from './timestepsBy.js';
import { antitheticTimes, stratifiedTimes, type TimeDraw, uniformTimes, usualTimes } from './timeDraw.js';

const N = 4096;
const batchOf = (B: number) => constantOf(new Float32Array(B), B);
const drawSamples = (draw: TimeDraw, noising: Noising, B = N): Promise<readonly number[]> =>
  numbersOf(draw(noising)(batchOf(B)));

/**
 * The distance of n draws to a distribution function exceeds 2.63/√n once in 500,000: P(D > ε) ≤ 2·exp(-2nε²), Dvoretzky, Kiefer,
 * Wolfowitz and Massart.
 */
const bound = (n: number): number => 2.63 / Math.sqrt(n);

/** The greatest distance of the shares of numbers to a distribution function (Kolmogorov and Smirnov). */
const distanceTo = (numbers: readonly number[], share: (x: number) => number): number =>
  [...numbers]
    .sort((a, b) => a - b)
    .reduce((most, x, i, { length }) => Math.max(most, share(x) - i / length, (i + 1) / length - share(x)), 0);

/** The distribution function of N(0, 1), by Marsaglia's series ½ + φ(x)·(x + x³/3 + x⁵/15 + …). */
const phi = (x: number): number => {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let [sum, term] = [x, x];
  for (let k = 3; k < 200; k += 2) sum += term *= (x * x) / k;
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
};
const logit = (t: number): number => Math.log(t / (1 - t));

/** SD3 (Esser et al. 2024), eq. 20, which falls with u; so P(t(u) ≤ t) = 1 - u where t(u) = t. */
const modeShare =
  (s: number) =>
  (t: number): number => {
    let [low, high] = [0, 1];
    for (let i = 0; i < 50; i++) {
      const u = (low + high) / 2;
      if (1 - u - s * (Math.cos((Math.PI / 2) * u) ** 2 - 1 + u) > t) low = u;
      else high = u;
    }
    return 1 - low;
  };

const flow = rectifiedFlow();

it('distances to a distribution function tell distributions apart', () => {
  const even = Array.from({ length: N }, (_, i) => (i + 0.5) / N);
  expect(distanceTo(even, (t) => t)).toBeCloseTo(0.5 / N, 12);
  expect(distanceTo(even, (t) => t ** 1.2)).toBeGreaterThan(bound(N));
  expect(phi(1.959963984540054)).toBeCloseTo(0.975, 14);
});

describe('draws of times have their distribution', () => {
  it.each<readonly [string, TimeDraw, Noising, (t: number) => number]>([
    ['uniform', uniformTimes, flow, (t) => t],
    ['uniform on another path', uniformTimes, trigonometric(), (t) => t],
    ['usual on a flow: uniform', usualTimes, flow, (t) => t],
    // for one batch all strata have the same offset
    ['stratified', stratifiedTimes, flow, (t) => t],
    ['logit-normal', logitNormalTimes(), flow, (t) => phi(logit(t))],
    ['logit-normal, options', logitNormalTimes({ mean: -0.5, deviation: 1.7 }), flow, (t) => phi((logit(t) + 0.5) / 1.7)],
    ['mode', modeTimes(), flow, modeShare(1.29)],
    ['mode, toward the ends', modeTimes({ scale: -0.8 }), flow, modeShare(-0.8)],
    ['mode, without a mode', modeTimes({ scale: 0 }), flow, (t) => t],
    ['CosMap', cosMapTimes, flow, (t) => (2 / Math.PI) * Math.atan(t / (1 - t))],
    ['shifted uniform', shiftedTimes(3)(uniformTimes), flow, (t) => t / (3 - 2 * t)],
    ['shifted toward the data', shiftedTimes(0.5)(uniformTimes), flow, (t) => t / (0.5 + 0.5 * t)],
    // a shift by s adds ln s to the logit
    ['shifted logit-normal', shiftedTimes(3)(logitNormalTimes()), flow, (t) => phi(logit(t) - Math.log(3))],
    ['usual on EDM: log-normal', usualTimes, edm(), (t) => phi((Math.log(t) + 1.2) / 1.2)],
    ['log-normal on EDM', logNormalTimes({ mean: 0.4, deviation: 0.7 }), edm(), (t) => phi((Math.log(t) - 0.4) / 0.7)],
    // σ/α of a flow is t/(1 - t)
    ['log-normal on a flow', logNormalTimes({ mean: 0.4, deviation: 0.7 }), flow, (t) => phi((logit(t) - 0.4) / 0.7)],
    // and of the trigonometric path tan(πt/2)
    ['log-normal on another path', logNormalTimes(), trigonometric(), (t) => phi((Math.log(Math.tan((Math.PI / 2) * t)) + 1.2) / 1.2)],
    // 1/√(1 + σ²) is cos ω(t)/cos ω(0)
    ['log-normal by bisection', logNormalTimes({ mean: 0 }), continuousCosine({ offset: 0.1 }), (t) => {
      const [omega, first] = [(t + 0.1) / 1.1, 0.1 / 1.1].map((part) => Math.cos((Math.PI / 2) * part));
      return phi(Math.log((first! / omega!) ** 2 - 1) / 2 / 1.2);
    }],
  ])('%s', async (_, draw, noising, share) => {
    const times = await drawSamples(draw, noising);
    expect(times).toHaveLength(N);
    expect(distanceTo(times, share)).toBeLessThan(bound(N));
  }); // oxfmt-ignore

  it('of the timesteps of a schedule, ⌊T·t⌋', async () => {
    const noising = right(ddpm(cosine(100)));
    for (const draw of [logitNormalTimes(), modeTimes(), cosMapTimes]) {
      const times = await drawSamples(draw, flow, 256);
      expect(await drawSamples(draw, noising, 256)).toEqual(times.map((t) => Math.floor(100 * t)));
    }
  });
});

describe('times of a batch', () => {
  it('stratified, are equal steps from a random start, each of them uniform', async () => {
    for (const B of [1, 7, 64]) {
      const sorted = [...(await drawSamples(stratifiedTimes, flow, B))].sort((a, b) => a - b);
      const gaps = sorted.map((t, i) => (i + 1 < B ? sorted[i + 1]! : 1 + sorted[0]!) - t);
      gaps.forEach((gap) => expect(gap).toBeCloseTo(1 / B, 14));
    }
    const starts = await numbersOf((key) => {
      const draws = Array.from({ length: 512 }, (_, i) => stratifiedTimes(flow)(batchOf(2))(foldIn(key, i)));
      // the compiler does not know that an array of 512 has a first element
      return concatAll(draws as unknown as Parameters<typeof concatAll>[0], 0) as Tensor<[number]>;
    });
    for (const start of [0, 1])
      expect(
        distanceTo(
          starts.filter((_, i) => i % 2 === start),
          (t) => t,
        ),
      ).toBeLessThan(bound(512));
  });

  it.each([1, 2, 7, N])('antithetic, are pairs t and 1 - t: %d of them', async (B) => {
    const times = await drawSamples(antitheticTimes, flow, B);
    const half = Math.ceil(B / 2);
    expect(times).toHaveLength(B);
    for (let i = half; i < B; i++) expect(times[i]! + times[i - half]!).toBeCloseTo(1, 14);
    if (B === N) expect(distanceTo(times.slice(0, half), (t) => t)).toBeLessThan(bound(half));
  });
});

it('times stay inside of the ends of a path, in float32 too', async () => {
  const extreme = [logNormalTimes({ mean: 40 }), logNormalTimes({ mean: -40 }), logitNormalTimes({ deviation: 40 })];
  for (const draw of [...extreme, shiftedTimes(1e6)(uniformTimes), shiftedTimes(1e-6)(uniformTimes)])
    for (const noising of [flow, trigonometric(), continuousCosine()]) {
      const times = await numbersOf(draw(noising)(batchOf(64)), wasm());
      expect(Math.min(...times)).toBeGreaterThanOrEqual(2 ** -20);
      expect(Math.max(...times)).toBeLessThanOrEqual(1 - 2 ** -20);
    }
});

describe('refusals', () => {
  const discrete = right(ddpm(cosine(100)));
  const messageOf = async (draw: () => TimeDraw, noising: Noising): Promise<string> => {
    const outcome = await outcomeOf((key) => draw()(noising)(zeros(4))(key))();
    return E.isLeft(outcome) ? outcome.left.message : 'none';
  };
  const endless =
    'times: expected a noising with an end, such as rectifiedFlow(), got a path of σ, which has none; draw its times by logNormalTimes()';

  it.each<readonly [string, () => TimeDraw, Noising, string]>([
    ['uniform times of σ', () => uniformTimes, edm(), endless],
    ['stratified times of σ', () => stratifiedTimes, edm(), endless],
    ['antithetic times of σ', () => antitheticTimes, edm(), endless],
    ['logit-normal times of σ', () => logitNormalTimes(), edm(), endless],
    ['CosMap on σ', () => cosMapTimes, edm(), endless],
    ['a mode of σ', () => modeTimes(), edm(), endless],
    [
      'probabilities of timesteps on a flow',
      () => timestepsBy(table([1, 2])),
      flow,
      'timestepsBy: expected the noising process of a schedule, got a continuous path, which has no timesteps; take logitNormalTimes() or logNormalTimes()',
    ],
    [
      'shifted timesteps',
      () => shiftedTimes(3)(uniformTimes),
      discrete,
      'shiftedTimes: expected a continuous path over [0, 1], got the timesteps of a schedule; take rectifiedFlow(), or another draw',
    ],
    [
      'shifted σ',
      () => shiftedTimes(3)(logNormalTimes()),
      edm(),
      'shiftedTimes: expected a continuous path over [0, 1], got a path of σ, which has no end; take rectifiedFlow(), or another draw',
    ],
    ['a shift of 0', () => shiftedTimes(0)(uniformTimes), flow, 'shiftedTimes: shift: expected a finite number above 0, got 0; SD3 uses 3 at 1024×1024'],
    ['a deviation of 0', () => logitNormalTimes({ deviation: 0 }), flow, 'logitNormalTimes.deviation: expected a finite number above 0, got 0; SD3 uses 1'],
    ['a mean of NaN', () => logNormalTimes({ mean: NaN }), edm(), 'logNormalTimes.mean: expected a finite number, got NaN; the paper uses -1.2'],
    ['a scale beyond 2/(π - 2)', () => modeTimes({ scale: 1.76 }), flow, 'modeTimes.scale: expected a scale from -1 to 1.75, got 1.76; SD3 uses 1.29'],
  ])('%s', async (_, draw, noising, message) => {
    expect(await messageOf(draw, noising)).toBe(message);
  }); // oxfmt-ignore
});

describe('a function that makes a draw, given in its place,', () => {
  const black: Denoiser<null, []> = { predicts: 'v', clock: 'level', apply: (_, x) => x };
  const makers: readonly (readonly [name: string, given: unknown, call: string])[] = [
    ['logitNormalTimes', logitNormalTimes, 'logitNormalTimes()'],
    ['logNormalTimes', logNormalTimes, 'logNormalTimes()'],
    ['modeTimes', modeTimes, 'modeTimes()'],
    ['importanceTimesteps', importanceTimesteps, 'importanceTimesteps()'],
    ['logSNRTimes', logSNRTimes, 'logSNRTimes()'],
    ['timestepsBy', timestepsBy, 'timestepsBy(table([1, 2, 1]))'],
    ['shiftedTimes', shiftedTimes, 'shiftedTimes(3)(uniformTimes)'],
    ['shiftedTimes', shiftedTimes(3), 'shiftedTimes(3)(uniformTimes)'],
  ];

  it.each(makers)('is an error of the option times that shows its call: %s %#', async (name, given, call) => {
    for (const noising of [flow, edm(), right(ddpm(cosine(9)))]) {
      const times = given as TimeDraw; // as in JavaScript
      const result = await outcomeOf((key) => simpleLosses(noising, black, { times })(null, { x0: zeros(2), key }).losses)();
      expect(E.isLeft(result) && result.left.message).toBe(`times: expected a draw of times, got ${name} without its call; write ${call}`);
    }
  }); // oxfmt-ignore
});

it('the names of draws, which identify them in snapshots, tell their options', () => {
  const draws = [logitNormalTimes({ mean: 1 }), modeTimes(), shiftedTimes(3)(logNormalTimes()), cosMapTimes];
  expect(draws.map(({ name }) => name)).toEqual([
    'logitNormalTimes of mean 1 and deviation 1',
    'modeTimes of scale 1.29',
    'shiftedTimes(logNormalTimes of mean -1.2 and deviation 1.2) of shift 3',
    'cosMapTimes',
  ]);
});
