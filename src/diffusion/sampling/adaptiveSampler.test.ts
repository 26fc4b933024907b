import { describe, expect, it } from 'vitest';
import { draw, EPSILON, squashed, squashedOf } from '../../../properties/diffusion/adaptiveDraw.js';
import { right } from '../../../properties/diffusion/run.js';
import { add, div, mul, scaleBy, square, zeros } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import {
  type AdaptiveOptions,
  adaptiveSampler,
  apg,
  cosine,
  ddpm,
  type Denoiser,
  edm,
  linear,
  type Noising,
  noisingOf,
  pathOf,
  rectifiedFlow,
  trigonometric,
  zeroTerminalSNR,
} from '../index.js';

/** The exact x̂₀ of N(0, 1/4), whose flow keeps x̄/√(1/4 + σ²). */
const gaussian: Denoiser<null, [2]> = {
  ...squashed,
  apply: (_, x, { level }) => {
    const { alpha, sigma } = level!;
    return scaleBy(x, div(alpha, add(square(alpha), mul(square(sigma), 4))));
  },
};

interface Options extends Required<Omit<AdaptiveOptions, 'min' | 'max' | 'space' | 'rule' | 'theta'>> {
  readonly min: number;
  readonly max: number;
}
const USUAL: Options = {
  order: 3,
  rtol: 0.05,
  atol: 0.0078,
  hInit: 0.05,
  pcoeff: 0,
  icoeff: 1,
  dcoeff: 0,
  acceptSafety: 0.81,
  eta: 0,
  sNoise: 1,
  min: 0.02,
  max: 20,
};

/** `dpm_solver_adaptive` of k-diffusion in plain numbers, of one sample: x/α at the least σ, and the number of evaluations. */
const published = (
  predict: (x: number, sigma: number) => number,
  begin: readonly number[],
  { order, rtol, atol, hInit, pcoeff, icoeff, dcoeff, acceptSafety, eta, sNoise, min, max }: Options,
): { readonly x: readonly number[]; readonly evaluations: number } => {
  const sigmaOf = (t: number): number => Math.exp(-t);
  const eps = (x: readonly number[], t: number): readonly number[] =>
    x.map((value) => (value - predict(value, sigmaOf(t))) / sigmaOf(t));
  const step1 = (x: readonly number[], t: number, next: number, e: readonly number[]): readonly number[] =>
    x.map((value, i) => value - sigmaOf(next) * Math.expm1(next - t) * e[i]!);
  const step2 = (x: readonly number[], t: number, next: number, e: readonly number[], r1: number) => {
    const h = next - t;
    const e1 = eps(step1(x, t, t + r1 * h, e), t + r1 * h);
    const to = step1(x, t, next, e).map(
      (value, i) => value - (sigmaOf(next) / (2 * r1)) * Math.expm1(h) * (e1[i]! - e[i]!),
    );
    return { to, e1 };
  };
  const step3 = (x: readonly number[], t: number, next: number, e: readonly number[], e1: readonly number[]) => {
    const [h, r1, r2] = [next - t, 1 / 3, 2 / 3];
    const s2 = t + r2 * h;
    const u2 = step1(x, t, s2, e).map(
      (value, i) => value - sigmaOf(s2) * (r2 / r1) * (Math.expm1(r2 * h) / (r2 * h) - 1) * (e1[i]! - e[i]!),
    );
    const e2 = eps(u2, s2);
    return step1(x, t, next, e).map(
      (value, i) => value - (sigmaOf(next) / r2) * (Math.expm1(h) / h - 1) * (e2[i]! - e[i]!),
    );
  };
  const root = eta === 0 ? order : 1.5;
  const [b1, b2, b3] = [(pcoeff + icoeff + dcoeff) / root, -(pcoeff + 2 * dcoeff) / root, dcoeff / root];
  const end = -Math.log(min);
  let [s, h, x, previous, evaluations] = [-Math.log(max), hInit, begin, begin, 0];
  let errors: readonly number[] = [];
  while (s < end - 1e-5) {
    const reached = Math.min(end, s + h);
    const [from, next] = [sigmaOf(s), sigmaOf(reached)];
    const up = Math.min(next, eta * Math.sqrt((next ** 2 * (from ** 2 - next ** 2)) / from ** 2));
    const t = eta === 0 ? reached : Math.min(end, -Math.log(Math.sqrt(next ** 2 - up ** 2)));
    const deviation = sNoise * Math.sqrt(Math.max(0, next ** 2 - sigmaOf(t) ** 2));
    const e = eps(x, s);
    const { to, e1 } = step2(x, s, t, e, order === 2 ? 1 / 2 : 1 / 3);
    const [low, high] = order === 2 ? [step1(x, s, t, e), to] : [to, step3(x, s, t, e, e1)];
    const parts = low.map((value, i) => {
      const delta = Math.max(atol, rtol * Math.max(Math.abs(value), Math.abs(previous[i]!)));
      return ((value - high[i]!) / delta) ** 2;
    });
    const error = Math.sqrt(parts.reduce((sum, part) => sum + part) / parts.length);
    const inverse = 1 / (error + 1e-8);
    errors = errors.length === 0 ? [inverse, inverse, inverse] : [inverse, errors[1]!, errors[2]!];
    const factor = 1 + Math.atan(errors[0]! ** b1 * errors[1]! ** b2 * errors[2]! ** b3 - 1);
    evaluations += order;
    h *= factor;
    if (factor < acceptSafety) continue;
    errors = [inverse, inverse, errors[1]!];
    [previous, x, s] = [low, high.map((value) => value + deviation * EPSILON), reached];
  }
  return { x, evaluations };
};

const NOISE = [0.3, -0.8, 1.1, 2.2, -0.1, 0.05];
const near = (actual: readonly number[], expected: readonly number[], tolerance: number): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance));
};

describe('adaptiveSampler', () => {
  const samples = [NOISE.slice(0, 2), NOISE.slice(2, 4), NOISE.slice(4)];

  it.each<readonly [string, AdaptiveOptions]>([
    ['DPM-Solver-23', {}],
    ['DPM-Solver-12', { order: 2 }],
    ['small tolerances', { rtol: 1e-4, atol: 1e-5 }],
    ['a PI controller', { pcoeff: 0.3, icoeff: 0.7, rtol: 0.01 }],
    ['a PID controller that rejects', { dcoeff: 0.1, hInit: 3, rtol: 0.002, atol: 1e-4 }],
    ['noise', { eta: 1, rtol: 0.1, atol: 0.05 }],
    ['more noise', { eta: 1.3, rtol: 0.1, atol: 0.05 }],
    ['some noise, of another deviation', { order: 2, eta: 0.6, sNoise: 1.1, rtol: 0.1, atol: 0.05 }],
  ])('is dpm_solver_adaptive of k-diffusion for each sample: %s', async (_, options) => {
    const how = { ...USUAL, ...options };
    const expected = samples.map((noise) =>
      published(
        squashedOf,
        noise.map((e) => e * how.max),
        how,
      ),
    );
    const ends = expected.map(({ x }) => x.map((value) => squashedOf(value, how.min)));
    const result = await draw(edm(), squashed, NOISE, how);
    near(result.samples, ends.flat(), 1e-9);
    expect(result.evaluations).toEqual(expected.map(({ evaluations }) => evaluations + 1));
    const open = await draw(edm(), squashed, NOISE, { ...how, toData: false });
    near(
      open.samples,
      expected.flatMap(({ x }) => x),
      1e-9,
    );
    expect(open.evaluations).toEqual(expected.map(({ evaluations }) => evaluations));
  });

  it('draws a sample that does not depend on the rest of the batch', async () => {
    const all = await draw(edm(), squashed, NOISE, USUAL);
    expect(new Set(all.evaluations).size).toBeGreaterThan(1);
    for (const [i, noise] of samples.entries()) {
      const alone = await draw(edm(), squashed, noise, USUAL);
      near(alone.samples, all.samples.slice(2 * i, 2 * i + 2), 1e-12);
      expect(alone.evaluations).toEqual([all.evaluations[i]]);
    }
  });

  it.each<readonly [string, Noising]>([
    ['rectified flow', rectifiedFlow()],
    ['the trigonometric path', trigonometric()],
    ['a schedule', right(ddpm(linear(1000)))],
  ])('takes the same steps on %s', async (_, noising) => {
    const path = pathOf(noising);
    const [begin, end] = [path.levelOfSigma(USUAL.max), path.levelOfSigma(USUAL.min)];
    const isEven = Math.abs(begin.alpha ** 2 + begin.sigma ** 2 - 1) < 1e-9;
    const starts = NOISE.map((e) => (isEven ? e : e * begin.sigma) / begin.alpha);
    const pairs = [starts.slice(0, 2), starts.slice(2, 4), starts.slice(4)];
    const expected = pairs.map((x) => published(squashedOf, x, USUAL));
    const result = await draw(noising, squashed, NOISE, { ...USUAL, toData: false });
    near(
      result.samples,
      expected.flatMap(({ x }) => x.map((value) => value * end.alpha)),
      1e-9,
    );
    expect(result.evaluations).toEqual(expected.map(({ evaluations }) => evaluations));
  });

  it.each([2, 3])(
    'of order %d takes steps by the root of its tolerance, and has the error of its order',
    async (order) => {
      const at = async (tolerance: number) => {
        const how = { ...USUAL, order, rtol: tolerance, atol: tolerance / 10, toData: false };
        const { samples: found, evaluations } = await draw(edm(), gaussian, [1, -0.5], how);
        const scale = Math.sqrt((0.25 + how.min ** 2) / (0.25 + how.max ** 2)) * how.max;
        return { error: Math.abs(found[0]! - scale), evaluations: evaluations[0]! };
      };
      const [coarse, fine] = [await at(1e-4), await at(1e-7)];
      // local errors of h^order: 1000^{1/order} times as many steps, and a result with an error of h^order
      const ratio = fine.evaluations / coarse.evaluations;
      expect(ratio).toBeGreaterThan(0.7 * 1000 ** (1 / order));
      expect(ratio).toBeLessThan(1.3 * 1000 ** (1 / order));
      expect(coarse.error / fine.error).toBeGreaterThan(300);
    },
  );

  it('needs a key, or noise, for an attempt with η', () => {
    const result = right(adaptiveSampler<null, [2]>({ noising: edm(), denoiser: squashed, eta: 1 }));
    expect(result.stochastic).toBe(true);
    expect(() => result.step(null, result.start(zeros(1, 2)), {})).toThrow('a key for the noise of this step');
  });

  const denoiser = squashed;
  it.each<readonly [string, Parameters<typeof adaptiveSampler<null, [2]>>[0], string]>([
    ['another order', { noising: edm(), denoiser, order: 1 }, 'adaptiveSampler.order: expected 2 or 3, got 1'],
    ['levels that do not fall', { noising: edm(), denoiser, min: 3, max: 2 }, 'expected noise levels min < max < ∞, got min = 3, max = 2'],
    ['no signal', { noising: noisingOf(right(zeroTerminalSNR(right(linear(100))))), denoiser }, 'max = Infinity; at zero terminal SNR σ is infinite'],
    ['memory of guidance', { noising: edm(), denoiser: { ...denoiser, conditions: { label: { classes: 2 } } }, guidance: apg(2, { momentum: -0.5 }) }, 'expected guidance without memory'],
    ['a tolerance of 0', { noising: right(ddpm(cosine(100))), denoiser, atol: 0 }, 'adaptiveSampler.atol: expected a finite number above 0, got 0'],
  ])('refuses %s', (_, parts, message) => {
    const result = adaptiveSampler<null, [2]>(parts);
    expect(E.isLeft(result) && result.left.message).toContain(message);
  }); // oxfmt-ignore
});
