import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { constantOf, type Dim, table, type Tensor } from '../../dsl/index.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { continuousCosine, edm, rectifiedFlow } from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';
import type { Noising } from '../paths/noising.js';
import { logSNRTimes } from './logSNRTimes.js';
import { antitheticTimes, densityOf, stratifiedTimes, type TimeDraw, uniformTimes, usualTimes } from './timeDraw.js';
import { cosMapTimes, logitNormalTimes, logNormalTimes, modeTimes, shiftedTimes } from './timeDistribution.js';
import { timestepsBy } from './timestepsBy.js';

const N = 4096;
const many = constantOf(new Float32Array(N), N);
const drawn = (draw: TimeDraw, noising: Noising): Promise<readonly number[]> => numbersOf(draw(noising)(many));
const densityAt = (draw: TimeDraw, noising: Noising, times: readonly number[]): Promise<readonly number[]> =>
  numbersOf(() => densityOf(draw, noising)(constantOf(times, times.length) as Tensor<[Dim]>));

/** χ² of draws against the masses of cells, whose expected counts below 5 are one cell. */
const chi2 = (cells: readonly number[], masses: readonly number[]): number => {
  const counts = masses.map((_, i) => cells.filter((cell) => cell === i).length);
  const large = masses.map((mass) => N * mass >= 5);
  const rest = (of: readonly number[]) => of.reduce((sum, x, i) => sum + (large[i]! ? 0 : x), 0);
  const all = [
    ...masses.map((mass, i) => (large[i]! ? [counts[i]!, N * mass] : [0, 0])),
    [rest(counts), N * rest(masses)],
  ];
  return all.reduce((sum, [count, mean]) => sum + (count! - mean!) ** 2 / Math.max(mean!, 5), 0);
};

/** Tests that the masses of CELLS cells, by the midpoint rule, sum to 1, and that draws have them. */
const CELLS = 20;
const EACH = 400;
const expectDensity = async (
  draw: TimeDraw,
  noising: Noising,
  timeOf: (u: number) => number,
  slopeOf: (u: number) => number,
  cellOf: (t: number) => number,
): Promise<void> => {
  const places = Array.from({ length: CELLS * EACH }, (_, i) => (i + 0.5) / (CELLS * EACH));
  const densities = await densityAt(draw, noising, places.map(timeOf));
  const masses = Array.from(
    { length: CELLS },
    (_, c) =>
    places.slice(c * EACH, (c + 1) * EACH).reduce((sum, u, i) => sum + (densities[c * EACH + i]! * slopeOf(u)) / places.length, 0), // oxfmt-ignore
  );
  expect(Math.abs(masses.reduce((a, b) => a + b) - 1)).toBeLessThan(2e-3);
  // χ² of 19 degrees of freedom is above 60 once in 300,000
  expect(chi2((await drawn(draw, noising)).map(cellOf), masses)).toBeLessThan(60);
};

const ofUnit: readonly TimeDraw[] = [
  uniformTimes,
  stratifiedTimes,
  antitheticTimes,
  usualTimes,
  logitNormalTimes(),
  logitNormalTimes({ mean: -0.5, deviation: 0.6 }),
  modeTimes(),
  modeTimes({ scale: -0.8 }),
  cosMapTimes,
  logNormalTimes(),
  logSNRTimes({ min: 0.1, max: 10 }).draw({}),
  shiftedTimes(3)(uniformTimes),
  shiftedTimes(0.5)(logitNormalTimes()),
];

describe('the density of a draw of times', () => {
  it.each(
    ofUnit.flatMap((draw) =>
      [rectifiedFlow(), continuousCosine()].map((path) => [draw.name, path.name, draw, path] as const),
    ),
  )(
    'has integral 1 and the frequencies of the draws: %s, %s', // oxfmt-ignore
    (_, __, draw, path) => expectDensity(draw, path, (u) => u, () => 1, (t) => Math.floor(t * CELLS)), // oxfmt-ignore
  );

  it.each([usualTimes, logNormalTimes(), logNormalTimes({ mean: -0.4, deviation: 1 }), logSNRTimes().draw({})])(
    'over ln σ on the path of EDM, %#',
    (draw) => {
      const timeOf = (u: number): number => Math.exp(14 * u - 8);
      return expectDensity(draw, edm(), timeOf, (u) => 14 * timeOf(u), (t) => Math.floor(((Math.log(t) + 8) / 14) * CELLS)); // oxfmt-ignore
    },
  );

  it.each([
    uniformTimes,
    stratifiedTimes,
    usualTimes,
    logitNormalTimes({ mean: 0.3 }),
    modeTimes(),
    cosMapTimes,
    logNormalTimes(),
    timestepsBy(table(Array.from({ length: 16 }, (_, t) => t))),
  ])('is the probability of each timestep of a schedule, %#', async (draw) => {
    const noising = right(ddpm(cosine(16)));
    const all = Int32Array.from({ length: 16 }, (_, t) => t);
    const masses = await numbersOf(() => densityOf(draw, noising)(constantOf(all, 16)));
    expect(masses.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(chi2(await drawn(draw, noising), masses)).toBeLessThan(60);
  });

  it('is that of SD3, eq. 19 and CosMap, and of EDM', async () => {
    const times = [0.1, 0.4, 0.95];
    const logit = (t: number): number => Math.log(t / (1 - t));
    const normal = (x: number, m: number, s: number): number => Math.exp(-(((x - m) / s) ** 2) / 2) / (s * Math.sqrt(2 * Math.PI)); // oxfmt-ignore
    const flow = rectifiedFlow();
    const close = (actual: readonly number[], of: (t: number) => number) =>
      actual.forEach((p, i) => expect(p / of(times[i]!)).toBeCloseTo(1, 10));
    close(
      await densityAt(logitNormalTimes({ mean: -0.5, deviation: 0.6 }), flow, times),
      (t) => normal(logit(t), -0.5, 0.6) / (t * (1 - t)),
    );
    close(await densityAt(cosMapTimes, flow, times), (t) => 2 / (Math.PI - 2 * Math.PI * t + 2 * Math.PI * t ** 2));
    close(await densityAt(logNormalTimes(), edm(), times), (t) => normal(Math.log(t), -1.2, 1.2) / t);
    close(await densityAt(shiftedTimes(3)(uniformTimes), flow, times), (t) => 3 / (3 - 2 * t) ** 2);
  });

  it('is an error if it is not known, or if the path has no end', () => {
    const own: TimeDraw = (noising) => uniformTimes(noising);
    expect(() => densityOf(own, rectifiedFlow())).toThrow(
      'densityOf: draw: expected a draw of times whose density is known',
    );
    expect(() => densityOf(logitNormalTimes as never, rectifiedFlow())).toThrow('call the function that makes it');
    expect(shiftedTimes(2)(own).density).toBeUndefined();
    expect(() => densityOf(uniformTimes, edm())(constantOf([1], 1))).toThrow('a path of σ');
  });
});
