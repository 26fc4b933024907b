/** The variational bound as a loss along continuous paths, weighted, and with times of uniform log-SNR. */
import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { constantOf, fullLike, grad, type Scalar, scalar, mul, type Tensor, zeros } from '../../dsl/index.js';
import { attempt } from '../../internal/errors.js';
import { E } from '../../internal/fp.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { exactDenoiser } from '../denoisers/exact.js';
import type { Parameterization } from '../denoisers/parameterization.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { sigmaOf } from '../channels/channel.js';
import { continuousCosine, continuousLinear, edm, rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { boundLosses, rescaledBoundLosses } from './boundLoss.js';
import { logSNRTimes } from './logSNRTimes.js';
import { meanLoss } from './objective.js';
import { simpleLosses } from './loss.js';
import { sigmoidWeight, snrWeight, uniformWeight, weightedBy } from './weighting.js';

/** SNR and -dSNR/dt by hand, for paths over [0, 1]. */
const linearB = (t: number): number => 0.1 * t + (19.9 / 2) * t * t;
const paths = {
  rectifiedFlow: [rectifiedFlow(), (t: number) => (1 / t - 1) ** 2, (t: number) => (2 * (1 / t - 1)) / t ** 2],
  trigonometric: [
    trigonometric(),
    (t: number) => Math.tan((Math.PI / 2) * t) ** -2,
    (t: number) => Math.PI / Math.tan((Math.PI / 2) * t) / Math.sin((Math.PI / 2) * t) ** 2,
  ],
  continuousLinear: [
    continuousLinear(),
    (t: number) => 1 / Math.expm1(linearB(t)),
    (t: number) => ((0.1 + 19.9 * t) * Math.exp(linearB(t))) / Math.expm1(linearB(t)) ** 2,
  ],
} as const;
const pathNames = Object.keys(paths) as readonly (keyof typeof paths)[];
const kinds: readonly Parameterization[] = ['x0', 'epsilon', 'v', 'score', 'velocity'];
/** The velocity of continuousLinear is infinite at the data. */
const kindsOn = (name: keyof typeof paths) =>
  kinds.filter((kind) => name !== 'continuousLinear' || kind !== 'velocity');

const TIMES = [0.1, 0.45, 0.9];
const C = 0.6;
/** Data N(0, C²). */
const normal = { shape: [] as const, weights: [1], means: [[0]], variances: [C ** 2] };
/** Four points with the mean of N(0, C²) and N(0, 1) for functions quadratic in x₀ and ε, at each time. */
const SIGNS = [[1, 1], [1, -1], [-1, 1], [-1, -1]] as const; // oxfmt-ignore
const B = 12;
const repeated = (of: (time: number, signs: readonly [number, number]) => number) =>
  constantOf(TIMES.flatMap((t) => SIGNS.map((signs) => of(t, signs))), B) as Tensor<[12]>; // oxfmt-ignore
const inputs = {
  x0: repeated((_, [a]) => a * C),
  noise: repeated((_, [, b]) => b),
  t: repeated((t) => t),
};
const meansOf = (losses: readonly number[]) =>
  TIMES.map((_, i) => losses.slice(4 * i, 4 * i + 4).reduce((a, b) => a + b, 0) / 4);

describe('on a continuous path the bound', () => {
  describe.each(pathNames)('on %s, of Gaussian data and their exact denoiser,', (name) => {
    const [noising, snrAt, fallAt] = paths[name];
    // E‖x₀ - x̂₀‖² = Var(x₀|x_t) = C²/(1 + SNR·C²)
    const expected = TIMES.map((t) => (fallAt(t) / 2) * (C ** 2 / (1 + snrAt(t) * C ** 2)));

    it.each(kindsOn(name))('is -½·dSNR/dt·Var(x₀|x_t), of a denoiser of %s', async (predicts) => {
      const denoiser = reparameterize(noising, predicts)(exactDenoiser(noising)(normal));
      for (const losses of [boundLosses, rescaledBoundLosses]) {
        const actual = meansOf(await numbersOf(() => losses(noising, denoiser)(null, inputs).losses));
        // conversions lose a factor of σ/α or α/σ, up to 20; velocities another of their rates
        expect(relativeDistance(actual, expected.map((nats) => nats / Math.LN2))).toBeLessThan(1e-11); // oxfmt-ignore
      }
    });

    it('has the weighting SNR, and takes another: -½·dλ/dt·sigmoid(b - λ)·‖ε - ε̂‖² of Kingma & Gao 2023', async () => {
      const denoiser = reparameterize(noising, 'v')(exactDenoiser(noising)(normal));
      const losses = weightedBy(sigmoidWeight(-1))(boundLosses);
      const actual = meansOf(await numbersOf(() => losses(noising, denoiser)(null, inputs).losses));
      const weighted = TIMES.map((t, i) => expected[i]! / Math.LN2 / (1 + snrAt(t) * Math.E));
      expect(relativeDistance(actual, weighted)).toBeLessThan(1e-11);
      const same = await numbersOf(() => weightedBy(snrWeight)(losses)(noising, denoiser)(null, inputs).losses);
      expect(relativeDistance(meansOf(same), expected.map((nats) => nats / Math.LN2))).toBeLessThan(1e-11); // oxfmt-ignore
    });

    it('has finite losses and gradients in float32 next to the ends', async () => {
      const ends = constantOf([2 ** -20, 1 - 2 ** -20], 2);
      for (const predicts of kindsOn(name)) {
        const off: Denoiser<Scalar, []> = { predicts, clock: 'level', apply: (p, x) => mul(x, p) };
        const of = boundLosses(noising, off);
        const inputs = { x0: fullLike(ends, 0.5), noise: fullLike(ends, -1), t: ends };
        const values = await numbersOf(() => of(scalar(0.5), inputs).losses, wasm());
        expect(values.filter((value) => !(value >= 0 && value < Infinity))).toEqual([]);
        const [slope] = await numbersOf(() => grad(meanLoss(of))(scalar(0.5), inputs), wasm());
        expect(Number.isFinite(slope)).toBe(true);
      }
    });
  });

  it.each([
    [edm(), 'boundLosses: expected a continuous path over [0, 1], got a path of σ, which has no end; take trigonometric(), on which the bound is the same'],
    [rectifiedFlow(), 'taken'],
  ])('on a path of σ is refused: %#', async (noising, message) => {
    const result = await outcomeOf((key) => boundLosses(noising, exactDenoiser(noising)(normal))(null, { x0: zeros(2), key }).losses)();
    expect(E.isLeft(result) ? result.left.message : 'taken').toBe(message);
  }); // oxfmt-ignore
});

it('weights the bound of a schedule too: w/SNR times each term', async () => {
  const noising = right(ddpm(scheduleFromBetas([0.05, 0.2, 0.5, 0.8])));
  const SNR = [0.95, 0.76, 0.38, 0.076].map((alphaBar) => alphaBar / (1 - alphaBar));
  const off: Denoiser<null, []> = { predicts: 'v', apply: (_, x) => fullLike(x, 0.25) };
  const t = constantOf(Int32Array.of(0, 1, 2, 3), 4);
  const inputs = { x0: constantOf([1, 0.2, -1, 0.6], 4), noise: constantOf([0.5, -1, 1, 2], 4), t };
  const raw = await numbersOf(() => boundLosses(noising, off)(null, inputs).losses);
  const weighted = await numbersOf(() => weightedBy(uniformWeight)(boundLosses)(noising, off)(null, inputs).losses);
  expect(relativeDistance(weighted, raw.map((bits, i) => bits / SNR[i]!))).toBeLessThan(1e-13); // oxfmt-ignore
  const ends = right(ddpm(scheduleFromBetas([0.5, 1])));
  const result = await outcomeOf(() => weightedBy(uniformWeight)(boundLosses)(ends, off)(null, { x0: zeros(1), noise: zeros(1), t: constantOf(Int32Array.of(0), 1) }).losses)(); // oxfmt-ignore
  expect(E.isLeft(result) && result.left.message).toBe('weightsOf: expected finite weights of 0 or more, got Infinity at t = 1; leave some signal at every timestep'); // oxfmt-ignore
});

describe('times of uniform log-SNR', () => {
  const [min, max] = [0.05, 20];
  const { draw, mean, memory, record, name } = logSNRTimes({ min, max });
  const all = [rectifiedFlow(), trigonometric(), continuousLinear(), continuousCosine(), edm()];
  const like = zeros(8);

  it.each(all.map((path) => [path.name, path] as const))('are equal steps of log σ on %s', async (_, noising) => {
    const times = await numbersOf(draw({})(noising)(like));
    const logs = times.map((t) => Math.log(sigmaOf(noising.levelAt(t)))).sort((a, b) => a - b);
    const step = Math.log(max / min) / 8;
    // a cosine finds its times by 30 bisections, and ln σ changes by up to 1/t + 1/(1 - t) < 100 as fast
    logs.slice(1).forEach((log, i) => expect(Math.abs(log - logs[i]! - step)).toBeLessThan(2 * 100 * 2 ** -30));
    expect(logs[0]).toBeGreaterThanOrEqual(Math.log(min) - 1e-6);
    expect(logs[0]! - Math.log(min)).toBeLessThan(step + 1e-6);
  });

  it.each(pathNames)('have the mean of uniform times: of the bound on %s, ½·(λ_max - λ_min)·‖ε - ε̂‖²', async (on) => {
    const [noising, snrAt] = paths[on];
    const off: Denoiser<null, []> = { predicts: 'x0', clock: 'level', apply: (_, x) => fullLike(x, 0.25) };
    const draw = () => boundLosses(noising, off)(null, inputs);
    const [found] = await numbersOf(() => mean({}, noising)(draw()));
    const errors = TIMES.flatMap((t) => SIGNS.map(([a]) => snrAt(t) * (0.25 - a * C) ** 2));
    const expected = (Math.log(max / min) * errors.reduce((a, b) => a + b, 0)) / B / Math.LN2; // ½·(λ_max - λ_min) = ln(max/min)
    expect(found! / expected).toBeCloseTo(1, 12);
  });

  it.each(pathNames)('estimate the integral of a loss over the times between the ends on %s', async (on) => {
    const [noising] = paths[on];
    const ones: Denoiser<null, []> = { predicts: 'x0', clock: 'level', apply: (_, x) => fullLike(x, 1) };
    const x0 = zeros(4096); // a loss of 1 at any time
    const losses = simpleLosses(noising, ones, { times: draw({}) });
    const [found] = await numbersOf((key) => mean({}, noising)(losses(null, { x0, key })));
    const [first, last] = [min, max].map((sigma) => noising.levelOfSigma(sigma).t) as [number, number];
    // equal steps of log σ: the sum is off by at most a step times the total variation of dt/d(log σ), below 1 on these paths
    expect(Math.abs(found! - (last - first))).toBeLessThan(Math.log(max / min) / 4096);
  });

  it('have no memory, and a name with their ends', () => {
    expect(memory(rectifiedFlow())).toEqual({});
    expect(record({})({ losses: zeros(1), t: zeros(1) })).toEqual({});
    expect(name).toBe('logSNRTimes of 0.05 to 20');
  });

  it.each([
    [{}, right(ddpm(cosine(4))), 'logSNRTimes: expected a continuous path, got the timesteps of a schedule; take importanceTimesteps()'],
    [{}, continuousLinear({ betaMax: 3 }), /^logSNRTimes\.max: expected a σ up to 1\.9[0-9]+, the end of the path, got 80; give \{ max \}/],
    [{ min: 5, max: 2 }, rectifiedFlow(), 'logSNRTimes.min: expected min < max, got min = 5, max = 2; 0.002 and 80 are the ends of EDM'],
    [{ min: 0 }, rectifiedFlow(), 'logSNRTimes.min: expected a finite number above 0, got 0; 0.002 and 80 are the ends of EDM'],
  ])('refuse %j on %#', (options, noising, message) => {
    for (const use of [() => logSNRTimes(options).memory(noising), () => logSNRTimes(options).draw({})(noising)]) {
      const result = attempt<unknown>(use);
      expect(E.isLeft(result) && result.left.message).toMatch(message);
    }
  }); // oxfmt-ignore
});
