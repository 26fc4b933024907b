import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import {
  add,
  constantOf,
  type Dim,
  fullLike,
  mul,
  onesLike,
  scaleBy,
  sqrt,
  sub,
  tanh,
  type Tensor,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import type { Parameterization } from '../denoisers/parameterization.js';
import { type NoiseNetwork, preconditioned } from '../denoisers/preconditioned.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import {
  continuousCosine,
  continuousLinear,
  continuousSigmoid,
  edm,
  rectifiedFlow,
  trigonometric,
} from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { interpolant } from '../paths/interpolant.js';
import type { ContinuousNoising } from '../paths/path.js';
import { boundLosses } from './boundLoss.js';
import { simpleLosses, usualLosses } from './loss.js';
import { edmWeight, minSnrWeight, p2Weight, sigmoidWeight, snrWeight, uniformWeight, weightedBy } from './weighting.js';

/** Three samples of two numbers, at times that are given. */
const TIMES = [0.05, 0.4, 0.9];
const X0 = [0.5, -0.25, 1, -1, 0.125, 0.75];
const NOISE = [1.2, -0.4, 0.3, 2, -1.5, 0.1];
const [x0, noise] = [X0, NOISE].map((numbers) => constantOf(numbers, 3, 2)) as [Tensor<[3, 2]>, Tensor<[3, 2]>];
const inputs = { x0, noise, t: constantOf(TIMES, 3) };
/** The mean over the numbers of each sample of the squares of errors. */
const meanSquares = (errorAt: (i: number, t: number) => number): readonly number[] =>
  TIMES.map((t, b) => (errorAt(2 * b, t) ** 2 + errorAt(2 * b + 1, t) ** 2) / 2);

describe('flow matching', () => {
  /** F(x, t) = tanh(x) + t/1000 */
  const network: Denoiser<null, [2]> = {
    predicts: 'velocity',
    apply: (_, x, { t }) => add(tanh(x), scaleBy(onesLike(x), mul(t as Tensor<[Dim]>, 1e-3) as never)),
  };

  it('is ‖F((1 - t)·x₀ + t·ε, 1000·t) - (ε - x₀)‖²: Lipman et al. 2023, eq. 23', async () => {
    const losses = await numbersOf(() => usualLosses(rectifiedFlow(), network)(null, inputs).losses);
    const expected = meanSquares((i, t) => Math.tanh((1 - t) * X0[i]! + t * NOISE[i]!) + t - (NOISE[i]! - X0[i]!));
    expect(relativeDistance(losses, expected)).toBeLessThan(1e-14);
  });

  it('keeps the given times', async () => {
    expect(await numbersOf(() => usualLosses(rectifiedFlow(), network)(null, inputs).t)).toEqual(TIMES);
  });

  it('of v on the trigonometric path is (2/π)² times that of the velocity, which is π/2·v', async () => {
    const of = (denoiser: typeof network) =>
      numbersOf(() => usualLosses(trigonometric(), denoiser)(null, inputs).losses);
    const ofVelocity = await of(network);
    const ofV = await of(reparameterize(trigonometric(), 'v')(network));
    const expected = ofVelocity.map((loss) => loss * (2 / Math.PI) ** 2);
    // a conversion through x̂₀ loses a factor of 1/min(α, σ) of 13
    expect(relativeDistance(ofV, expected)).toBeLessThan(64 * 13 * 2 ** -53);
  });
});

describe('a velocity that is infinite at an end of its path', () => {
  const refused: readonly (readonly [string, ContinuousNoising, end: 0 | 1])[] = [
    ['continuousLinear', continuousLinear(), 0],
    ['continuousSigmoid', continuousSigmoid(), 0],
    ['continuousCosine', continuousCosine(), 0],
    ['σ = √t', right(interpolant({ name: 'root', alpha: (t) => sub(1, t), sigma: (t) => sqrt(t) })), 0],
    ['α = √(1 - t)', right(interpolant({ name: 'steep', alpha: (t) => sqrt(sub(1, t)), sigma: (t) => t })), 1],
  ];
  const network: Denoiser<null, [2]> = { predicts: 'velocity', apply: (_, x) => x };
  const message =
    "denoiser.predicts: expected another prediction, such as 'v', where the path has no derivative, got 'velocity'; take rectifiedFlow()";

  it.each(refused)('has a target of infinite mean square over t: %s', (_, noising, end) => {
    // its square is like c/t, t being the distance to that end, so each tenth of the distance adds c·ln 10 to the integral
    const products = [1e-4, 1e-5, 1e-6].map((t) => {
      const { rates } = noising.levelAt(end === 0 ? t : 1 - t);
      return (end === 0 ? rates!.sigma : rates!.alpha) ** 2 * t;
    });
    for (const product of products) {
      expect(product).toBeGreaterThan(1e-3);
      expect(product / products[0]!).toBeCloseTo(1, 1);
    }
  });

  it.each(refused)('is refused by losses, which name v: %s', async (_, noising) => {
    for (const losses of [usualLosses, simpleLosses, boundLosses, weightedBy(snrWeight)(simpleLosses)]) {
      const result = await outcomeOf(() => losses(noising, network)(null, inputs).losses)();
      expect(E.isLeft(result) && result.left.message).toBe(message);
    }
    const ofV = usualLosses(noising, { ...network, predicts: 'v' });
    expect((await numbersOf(() => ofV(null, inputs).losses)).every(Number.isFinite)).toBe(true);
  });

  it.each([rectifiedFlow(), trigonometric(), edm()].map((path) => [path.name, path] as const))(
    'is none on %s',
    async (_, noising) => {
      const ofLevel = { ...network, clock: 'level' as const };
      const losses = await numbersOf(() => simpleLosses(noising, ofLevel)(null, inputs).losses);
      expect(losses.every(Number.isFinite)).toBe(true);
    },
  );
});

describe('EDM', () => {
  /** F(x, c_noise) = tanh(x) + c_noise/4 */
  const network: NoiseNetwork<null, [2]> = {
    apply: (_, x, { t }) => add(tanh(x), scaleBy(onesLike(x), mul(t, 0.25))),
  };
  const raw = (x: number, c: number): number => Math.tanh(x) + c / 4;

  it.each([0.5, 1.3])('is the loss of table 1 and that of F, for σ_data = %d', async (data) => {
    const denoiser = right(preconditioned(network, { as: 'edm', sigmaData: data }));
    const losses = await numbersOf(() => usualLosses(edm(), denoiser)(null, inputs).losses);
    const of = (s: number) => {
      const all = Math.sqrt(s ** 2 + data ** 2);
      return { skip: (data / all) ** 2, out: (s * data) / all, in: 1 / all, weight: (all / (s * data)) ** 2 };
    };
    const F = (i: number, s: number): number => raw(of(s).in * (X0[i]! + s * NOISE[i]!), Math.log(s) / 4);
    // λ(σ)·‖D(y + n; σ) - y‖², eq. 2 and table 1
    const ofD = meanSquares((i, s) => {
      const { skip, out, weight } = of(s);
      const x = X0[i]! + s * NOISE[i]!;
      return Math.sqrt(weight) * (skip * x + out * F(i, s) - X0[i]!);
    });
    // λ(σ)·c_out² is 1: ‖F - (y - c_skip·(y + n))/c_out‖², eq. 8
    const ofF = meanSquares((i, s) => F(i, s) - (X0[i]! - of(s).skip * (X0[i]! + s * NOISE[i]!)) / of(s).out);
    expect(relativeDistance(losses, ofD)).toBeLessThan(1e-14);
    expect(relativeDistance(losses, ofF)).toBeLessThan(1e-14);
    const weighted = weightedBy(edmWeight(data))(simpleLosses);
    const same = await numbersOf(() => weighted(edm(), denoiser)(null, inputs).losses);
    expect(relativeDistance(same, ofD)).toBeLessThan(1e-14);
  });
});

describe('a preconditioned network', () => {
  /** F = ½. */
  const network: NoiseNetwork<null, [2]> = { apply: (_, x) => fullLike(x, 0.5) };
  const columns = [
    // c_skip and c_out of table 1
    [{ as: 'edm', sigmaData: 0.8 }, (s: number) => [0.64 / (s ** 2 + 0.64), (s * 0.8) / Math.sqrt(s ** 2 + 0.64)]],
    [{ as: 'vp' }, (s: number) => [1, -s]],
    [{ as: 've' }, (s: number) => [1, s]],
    [{ as: 'iddpm' }, (s: number) => [1, -s]],
  ] as const;
  const discrete = right(ddpm(scheduleFromBetas([0.2, 0.5, 0.6])));
  const timesteps = { ...inputs, t: constantOf(Int32Array.of(0, 1, 2), 3) };
  const cases = [
    ['edm', edm(), inputs, (b: number) => TIMES[b]!],
    ['rectifiedFlow', rectifiedFlow(), inputs, (b: number) => TIMES[b]! / (1 - TIMES[b]!)],
    ['a schedule', discrete, timesteps, (b: number) => [0.5, Math.sqrt(1.5), Math.sqrt(5.25)][b]!],
  ] as const; // σ² = 1/ᾱ - 1, and ᾱ is 0.8, 0.4 and 0.16

  it.each(cases)('has as its loss ‖F - (x₀ - c_skip·x)/c_out‖², in each column of table 1: on %s', async (_, on, given, sigmaAt) => {
    for (const [column, coefficients] of columns) {
      const denoiser = right(preconditioned(network, column));
      const losses = await numbersOf(() => usualLosses(on, denoiser)(null, given).losses);
      const expected = TIMES.map((_time, b) => {
        const [skip, out] = coefficients(sigmaAt(b)) as [number, number];
        const error = (i: number): number => 0.5 - (X0[i]! - skip * (X0[i]! + sigmaAt(b) * NOISE[i]!)) / out;
        return (error(2 * b) ** 2 + error(2 * b + 1) ** 2) / 2;
      });
      expect(relativeDistance(losses, expected)).toBeLessThan(1e-13);
    }
  }); // oxfmt-ignore
});

it('is the simple loss of the prediction without preconditioning, on any path', async () => {
  const off: Denoiser<null, [2]> = { predicts: 'epsilon', clock: 'level', apply: (_, x) => fullLike(x, 0.25) };
  for (const noising of [right(ddpm(cosine(100))), continuousCosine(), edm()]) {
    const usual = await numbersOf((key) => usualLosses(noising, off)(null, { x0, key }).losses);
    expect(usual).toEqual(await numbersOf((key) => simpleLosses(noising, off)(null, { x0, key }).losses));
  }
});

describe('a weighted loss along a path is w(SNR)·‖x̂₀ - x₀‖² for every parameterization', () => {
  /** x̂₀ = ¼ at any level. */
  const off: Denoiser<null, [2]> = { predicts: 'x0', clock: 'level', apply: (_, x) => fullLike(x, 0.25) };
  const errors = meanSquares((i) => 0.25 - X0[i]!);
  const snrs: Readonly<Record<string, readonly [ContinuousNoising, (t: number) => number]>> = {
    rectifiedFlow: [rectifiedFlow(), (t) => ((1 - t) / t) ** 2],
    trigonometric: [trigonometric(), (t) => Math.tan((Math.PI / 2) * t) ** -2],
    edm: [edm(), (t) => t ** -2],
  };
  const weightings = {
    uniform: [uniformWeight, () => 1],
    snr: [snrWeight, (snr: number) => snr],
    minSnr: [minSnrWeight(2), (snr: number) => Math.min(snr, 2)],
    p2: [p2Weight({ gamma: 0.5, k: 2 }), (snr: number) => snr / Math.sqrt(2 + snr)],
    edm: [edmWeight(0.8), (snr: number) => snr + 1 / 0.64],
    sigmoid: [sigmoidWeight(-0.5), (snr: number) => snr / (1 + snr * Math.exp(0.5))],
  } as const;
  const kinds: readonly Parameterization[] = ['x0', 'epsilon', 'v', 'score', 'velocity'];
  const cases = Object.entries(snrs).flatMap(([path, on]) => kinds.map((predicts) => [path, predicts, on] as const));

  it.each(cases)('%s, %s', async (_, predicts, [noising, snrAt]) => {
    const denoiser = reparameterize(noising, predicts)(off);
    for (const [weighting, weightAt] of Object.values(weightings)) {
      const losses = await numbersOf(() => weightedBy(weighting)(simpleLosses)(noising, denoiser)(null, inputs).losses);
      const expected = errors.map((error, b) => weightAt(snrAt(TIMES[b]!)) * error);
      // a prediction and its target are rounded, and x̂₀ follows from their difference times σ/α or α/σ, at most 20
      expect(relativeDistance(losses, expected)).toBeLessThan(1e-12);
    }
  });
});
