import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { concatAll, constantOf, onesLike, type Tensor } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { atSigmas } from '../grids/sigmaGrid.js';
import { sampler } from '../sampling/sampler.js';
import { euler, heun } from '../solvers/edm.js';
import {
  continuousCosine,
  continuousLinear,
  continuousSigmoid,
  edm,
  rectifiedFlow,
  trigonometric,
} from './continuousNoising.js';
import { pathOf } from './noising.js';
import type { ContinuousNoising, NoiseLevel } from './path.js';

/** Times near the data, between, and near the noise; 1 - 2⁻²⁰ is exact. */
const TIMES = [1e-6, 0.3, 0.75, 1 - 2 ** -20];

/** α, σ, α̇ and σ̇ at each of these times, by the formulas of the papers with 60 digits (mpmath). */
const paths = {
  'rectifiedFlow': [rectifiedFlow(), [
    [0.999999, 1e-06, -1, 1],
    [0.7, 0.3, -1, 1],
    [0.25, 0.75, -1, 1],
    [9.5367431640625e-07, 0.9999990463256836, -1, 1],
  ]],
  'trigonometric': [trigonometric(), [
    [0.9999999999987663, 1.5707963267942506e-06, -2.467401100271325e-06, 1.5707963267929588],
    [0.8910065241883679, 0.45399049973954675, -0.7131266093906595, 1.3995897753453765],
    [0.3826834323650898, 0.9238795325112867, -1.4512265760697156, 0.6011177298843463],
    [1.4980281131690111e-06, 0.999999999998878, -1.5707963267931342, 2.3530970576013724e-06],
  ]],
  'continuousCosine': [continuousCosine(), [
    [0.999999980570648, 0.0001971261112551711, -0.019430566253737427, 98.5692141568303],
    [0.8870797659460108, 0.461616170480596, -0.7196124922897574, 1.3828668102497867],
    [0.3798316763853901, 0.9250556186599076, -1.441672548599107, 0.5919567319924756],
    [1.486254494309135e-06, 0.9999999999988956, -1.5584507926235482, 2.3162544946989403e-06],
  ]],
  'continuousCosine, s = 0.1': [continuousCosine({ offset: 0.1 }), [
    [0.9999997946840568, 0.0006408056214158275, -0.20531696288347265, 320.4043689176594],
    [0.8499043334852074, 0.5269370208317739, -0.7799722751104207, 1.2580285506762605],
    [0.35305779892484485, 0.9356015127276911, -1.3517196354346048, 0.5100837832750872],
    [1.375847886924703e-06, 0.9999999999990535, -1.4426810738790656, 1.9849097070046523e-06],
  ]],
  'continuousLinear': [continuousLinear(), [
    [0.9999999499950263, 0.0003162434900500011, -0.05000994749925376, 158.13746866568104],
    [0.6295500003364488, 0.7769599713475446, -1.9106842510211222, 1.5481766310135103],
    [0.05866350301188082, 0.9982778137444381, -0.4407095663767547, 0.025898168444246347],
    [0.006571649166731305, 0.9999784064804746, -0.06571642930854343, 0.0004318746435995952],
  ]],
  'continuousLinear, β from 1 to 5': [continuousLinear({ betaMin: 1, betaMax: 5 }), [
    [0.999999499999125, 0.001000000749998802, -0.5000017499985625, 500.0011249970052],
    [0.7866278610665535, 0.61742741127509, -0.8652906471732087, 1.102415795860238],
    [0.391605626676799, 0.9201331605561619, -0.783211253353598, 0.3333321163041992],
    [0.22313069213261844, 0.9747885382114516, -0.5578263047435256, 0.1276873543215627],
  ]],
  'continuousSigmoid': [continuousSigmoid(), [
    [0.9999998502672277, 0.0005472344307402935, -0.14973319010503955, 273.6179583629566],
    [0.8925602890629893, 0.4509280767348523, -0.6605814171690962, 1.3075449746385615],
    [0.38619483692863227, 0.9224172309370999, -1.279994195559113, 0.535904071437772],
    [0.0005344085901568801, 0.9999998572037192, -280.18473649502357, 0.1497331513951196],
  ]],
  'continuousSigmoid, 0 to 3, τ = 0.3': [continuousSigmoid({ start: 0, end: 3, tau: 0.3 }), [
    [0.9999974997698645, 0.0022361694971241393, -2.500233261051088, 1118.084748543435],
    [0.3078466424851581, 0.9514359908636079, -1.4676386133945993, 0.47486917023708514],
    [0.031856768210705856, 0.9994924443532174, -0.17343982785781703, 0.005528038181565885],
    [2.9426842680539127e-05, 0.9999999995670305, -15.428214055838486, 0.00045400362805941136],
  ]],
  'edm': [edm(), TIMES.map((t) => [1, t, 0, 1])],
} as const; // oxfmt-ignore
/** The times of these σ/α, by bisection with 80 digits (mpmath). */
const SIGMAS = [1e-6, 1e-3, 0.5, 80, 1e6];
const timesOf = [
  [continuousCosine(), [2.573586839553059e-11, 2.5694588038717365e-05, 0.2896282894971031, 0.9919796319345303, 0.9999993583371354]],
  [continuousCosine({ offset: 0.1 }), [2.4352832758602218e-12, 2.4352519990022966e-06, 0.23866161837669758, 0.9913360321602966, 0.9999993068461088]],
  [continuousSigmoid(), [3.3392916424363483e-12, 3.33925802406057e-06, 0.2971578714424503, 0.9994790547405672, 0.9999999999966607]],
  [continuousSigmoid({ start: 0, end: 3, tau: 0.3 }), [1.9998184085231904e-13, 1.999816408709448e-07, 0.040542727669403, 0.8999116973954547, 0.9999999988986767]],
  [continuousSigmoid({ tau: 0.05 }), [0.2697414907005955, 0.3848707453502977, 0.48844754699066756, 0.5730337772445647, 0.7302585092994045]],
] as const; // oxfmt-ignore
const named = Object.entries(paths);
const unit = named.filter(([name]) => name !== 'edm');

/** Some roundings of float64, in the few operations of each formula. */
const ROUNDINGS = 32 * 2 ** -53;

describe.each(named)('%s', (name, [noising, expected]) => {
  const { levelAt, levelOfSigma, levels, timesOfSigmas, inside, last } = noising;
  const lists = TIMES.map((t) => [t, levelAt(t)] as const);

  it('has α and σ with all their digits, near the data and near the noise too', () => {
    lists.forEach(([t, level], i) => {
      const [alpha, sigma] = expected[i]!;
      expect(level.t).toBe(t);
      expect(Math.abs(level.alpha / alpha! - 1)).toBeLessThan(ROUNDINGS);
      expect(Math.abs(level.sigma / sigma! - 1)).toBeLessThan(ROUNDINGS);
    });
  });

  it('has their derivatives', () => {
    lists.forEach(([, { rates }], i) => {
      const [, , alpha, sigma] = expected[i]!;
      // a derivative near 0 is a difference of terms of the size of the other one
      const size = Math.max(1, Math.abs(alpha!), Math.abs(sigma!));
      expect(Math.abs(rates!.alpha - alpha!)).toBeLessThan(ROUNDINGS * size);
      expect(Math.abs(rates!.sigma - sigma!)).toBeLessThan(ROUNDINGS * size);
    });
  });

  it('begins at the data', () => {
    expect(levelAt(0)).toMatchObject({ alpha: 1, sigma: 0, t: 0 });
  });

  it('has the same levels in a program', async () => {
    const numbers = await numbersOf(() => {
      const { alpha, sigma, rates } = levels(constantOf(TIMES, TIMES.length));
      return concatAll([alpha, sigma, rates!.alpha, rates!.sigma], 0);
    });
    const columns = [0, 1, 2, 3].map((column) => numbers.slice(4 * column, 4 * column + 4));
    const onHost = lists.map(([, { alpha, sigma, rates }]) => [alpha, sigma, rates!.alpha, rates!.sigma]);
    columns.forEach((column, k) =>
      column.forEach((x, i) =>
        expect(Math.abs(x - onHost[i]![k]!)).toBeLessThanOrEqual(ROUNDINGS * Math.max(1, Math.abs(onHost[i]![k]!))),
      ),
    );
  });

  it('has no level outside of its times', async () => {
    const beyond = [-1e-6, -1, NaN, ...(last === 1 ? [1 + 2 ** -20, 2, Infinity] : [])];
    const x = await numbersOf(() => levels(constantOf(beyond, beyond.length)).sigma as Tensor<[number]>);
    expect(x.every(Number.isNaN)).toBe(true);
  });

  it('finds the level of a σ', () => {
    for (let power = -6; power <= 6; power += 0.5) {
      const asked = 10 ** power;
      if (asked > levelAt(last).sigma / levelAt(last).alpha) continue;
      const { t, alpha, sigma } = levelOfSigma(asked);
      expect(Math.abs(sigma / alpha / asked - 1)).toBeLessThan(2 ** -51);
      // t is off by a unit in its last place at most, which changes ln(σ/α) by its derivative
      const own = levelAt(t);
      const slope = own.rates!.sigma / own.sigma - own.rates!.alpha / own.alpha;
      const tolerance = ROUNDINGS + 2 ** -52 * t * slope;
      expect(Math.abs(own.sigma / own.alpha / asked - 1), `σ = ${asked}`).toBeLessThan(tolerance);
      expect(Math.abs(own.alpha / alpha - 1), `α at ${asked}`).toBeLessThan(tolerance);
      expect(Math.abs(own.sigma / sigma - 1), `σ at ${asked}`).toBeLessThan(tolerance);
    }
    expect(levelOfSigma(Infinity)).toEqual(levelAt(last));
  });

  it('has α and σ of a ratio with all their digits, though its time is rounded', () => {
    /** α at σ/α = r: 1 in EDM's coordinates, 1/(1 + r) if α + σ = 1, else 1/√(1 + r²). */
    const alphaAt = (r: number): number =>
      name === 'edm' ? 1 : name === 'rectifiedFlow' ? 1 / (1 + r) : 1 / Math.hypot(1, r);
    for (const r of [1e-6, 1e-3, 0.5, 2, 80, 1e3, 1e6]) {
      if (r > levelAt(last).sigma / levelAt(last).alpha) continue;
      const { alpha, sigma } = levelOfSigma(r);
      expect(Math.abs(alpha / alphaAt(r) - 1), `α at ${r}`).toBeLessThan(ROUNDINGS);
      expect(Math.abs(sigma / (r * alphaAt(r)) - 1), `σ at ${r}`).toBeLessThan(ROUNDINGS);
    }
    expect(levelOfSigma(0)).toMatchObject({ alpha: 1, sigma: 0 });
  });

  it('finds the times of σ in a program, as on the host', async () => {
    const sigmas = [0.01, 0.1, 1, 5, 100];
    const times = await numbersOf(() => timesOfSigmas(constantOf(sigmas, sigmas.length)));
    const expectedTimes = sigmas.map((sigma) => levelOfSigma(sigma).t);
    times.forEach((t, i) => expect(Math.abs(t / expectedTimes[i]! - 1)).toBeLessThan(2 ** -51));
    const [first, end] = await numbersOf(() => timesOfSigmas(constantOf([0, 1e9], 2)));
    expect(Math.abs(first!)).toBeLessThan(2 ** -30);
    expect(Math.abs(end! - Math.min(last, 1e9))).toBeLessThan(2 ** -29);
    const drawn = await numbersOf(() => inside(constantOf([0, 1], 2)));
    expect(drawn).toEqual(last === 1 ? [2 ** -20, 1 - 2 ** -20] : [0, 1]);
  });
});

it.each(timesOf)(
  'the time of a σ has all its digits, near the data and near the noise too: %#',
  async (noising, expected) => {
    const times = await numbersOf(() => noising.timesOfSigmas(constantOf(SIGMAS, SIGMAS.length)));
    expected.forEach((t, i) => {
      expect(Math.abs(noising.levelOfSigma(SIGMAS[i]!).t / t - 1)).toBeLessThan(ROUNDINGS);
      expect(Math.abs(times[i]! / t - 1)).toBeLessThan(ROUNDINGS);
    });
  },
);

it('the data have the time 0, on a cosine path without an offset too', async () => {
  for (const noising of [continuousCosine(), continuousCosine({ offset: 0 }), continuousSigmoid()])
    expect(await numbersOf(() => noising.timesOfSigmas(constantOf([0, Infinity], 2)))).toEqual([0, 1]);
});

describe.each(unit)('%s, a path over [0, 1]', (name, [noising]) => {
  it('ends at t = 1, without signal but for the linear schedule', () => {
    const { alpha, sigma, t } = noising.levelAt(1);
    expect(t).toBe(1);
    // not -0 either, which would make σ/α -∞
    if (!name.startsWith('continuousLinear')) expect([Object.is(alpha, 0), alpha]).toEqual([true, 0]);
    expect(alpha ** 2 + sigma ** 2).toBeCloseTo(1, 14);
  });

  it('keeps α² + σ² = 1 if it preserves the variance, and tells √(α² + σ²) otherwise', async () => {
    const times = Array.from({ length: 101 }, (_, i) => i / 100);
    const preserves = name !== 'rectifiedFlow';
    for (const { alpha, sigma } of times.map(noising.levelAt))
      if (preserves) expect(Math.abs(alpha ** 2 + sigma ** 2 - 1)).toBeLessThan(ROUNDINGS);
    const { norm } = noising.levels(constantOf(times, 101)) as NoiseLevel<101>;
    expect(norm === undefined).toBe(preserves);
    if (norm !== undefined) {
      const norms = times.map((t) => Math.sqrt(1 - 2 * t + 2 * t * t));
      expect(relativeDistance(await numbersOf(() => norm), norms)).toBeLessThan(1e-15);
    }
  });

  it('is sampled from its end by every step that asks for σ/α, with churn too', () => {
    const denoiser = { predicts: 'x0', clock: 'level', apply: (_: null, x: Tensor<[1]>) => onesLike(x) } as never;
    for (const solver of [heun(), euler({ churn: 40 }), heun({ churn: 40 })]) {
      const { plan, timesteps } = right(sampler({ noising, denoiser, solver, grid: 5 }));
      const stages = plan.flatMap((step) => step.stages);
      // the weights of Heun's method are at most half of σ over σ' ≥ σ/100
      for (const { x0 = 0, memory = [] } of stages) expect(Math.max(...[x0, ...memory].map(Math.abs))).toBeLessThan(51);
      expect(Math.max(...timesteps)).toBeLessThanOrEqual(1);
    }
  });
});

it('the sigmoid schedule ends without signal for every range, however its ends round', () => {
  for (const start of [-7, -3, -0.3, 0.1])
    for (const end of [0.7, 1, 2.2, 6])
      for (const tau of [0.1, 0.3, 0.7, 1.1])
        expect(continuousSigmoid({ start, end, tau }).levelAt(1)).toMatchObject({ alpha: 0, t: 1 });
});

it('a σ beyond the end of a path is at its end, and no grid has it', () => {
  const { levelOfSigma, levelAt } = continuousLinear();
  for (const sigma of [200, 1e6, Infinity]) expect(levelOfSigma(sigma)).toEqual(levelAt(1));
  const messageOf = (sigmas: readonly number[], noising: ContinuousNoising): string => {
    const result = atSigmas(sigmas)(noising);
    return E.isLeft(result) ? result.left.message : 'none';
  };
  // √(e^B - 1) with B = (0.1 + 20)/2
  expect(messageOf([200, 1], continuousLinear())).toMatch(
    /^atSigmas: expected falling noise levels above 0 up to 152\.16697\d*, the end of the path, got \[200, 1\]/,
  );
  expect(messageOf([Infinity, 200, 1], rectifiedFlow())).toBe('none');
  expect(messageOf([Infinity, 1], edm())).toMatch(
    /^atSigmas: expected falling noise levels above 0, got \[Infinity, 1\]/,
  );
});

it('the number that a network gets is 1000·t', async () => {
  for (const [, [noising]] of unit) {
    const { clock, levelAt } = pathOf(noising);
    expect(clock.at(levelAt(0.25))).toBe(250);
    expect(await numbersOf(() => clock.of(constantOf([0, 0.25, 1], 3)))).toEqual([0, 250, 1000]);
  }
});

it('the number that a network gets is another one on a trigonometric path of its own scale', async () => {
  const { clock, levelAt } = pathOf(trigonometric({ timeScale: 1 }));
  expect([clock.count, clock.at(levelAt(0.25))]).toEqual([1, 0.25]);
  expect(await numbersOf(() => clock.of(constantOf([0, 0.25, 1], 3)))).toEqual([0, 0.25, 1]);
});

describe('options', () => {
  const refusals: readonly (readonly [() => unknown, string])[] = [
    [() => continuousCosine({ offset: -1 }), 'continuousCosine.offset: expected a finite number ≥ 0, got -1'],
    [() => continuousLinear({ betaMin: 0 }), 'continuousLinear.betaMin: expected a finite number above 0, got 0'],
    [
      () => continuousLinear({ betaMin: 3, betaMax: 2 }),
      'continuousLinear.betaMin: expected betaMin < betaMax, got betaMin 3, betaMax 2; the paper uses 0.1 and 20',
    ],
    [
      () => continuousSigmoid({ start: 1, end: 1 }),
      'continuousSigmoid.start: expected start < end, got start = 1, end = 1; start -3 and end 3 are usual',
    ],
    [() => continuousSigmoid({ tau: 0 }), 'continuousSigmoid.tau: expected a finite number above 0, got 0'],
    [() => continuousSigmoid({ end: Infinity }), 'continuousSigmoid.end: expected a finite number, got Infinity'],
  ];
  it.each(refusals)('%s', (make, message) => {
    expect(make).toThrow(message);
  });
});
