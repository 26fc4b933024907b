/** The losses of Song et al. 2023 ("Consistency Models") and of its published code, against their formulas in plain numbers. */
import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf, right } from '../../../properties/diffusion/run.js';
import {
  add,
  constantOf,
  grad,
  leafSpec,
  mean,
  meanPerSample,
  mul,
  scalar,
  type Scalar,
  scaleBy,
  square,
  stopGradient,
  sub,
  sum,
  sumPerSample,
  tanh,
  type Tensor,
  treeSpec,
  zerosLike,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import type { Model } from '../denoisers/denoiser.js';
import { type NoiseModel, preconditioned } from '../denoisers/preconditioned.js';
import { karrasGrid } from '../grids/sigmaGrid.js';
import { edm } from '../paths/continuousNoising.js';
import { consistencyDistillationLosses, consistencyLosses } from './consistencyLosses.js';
import { type Distance, l1Distance, pseudoHuberDistance, squaredL2Distance } from './distances.js';
import type { Objective } from './objective.js';
import { karrasPairs, type NoisePairs } from './noisePairs.js';
import { progressiveLosses } from './progressiveLosses.js';
import { edmWeight, snrWeight, truncatedSnrWeight, uniformWeight, type Weighting, weightedBy } from './weighting.js';

const [SIGMA_DATA, SIGMA_MIN, SIGMA_MAX, RHO] = [0.5, 0.002, 80, 7];

/** t_n of N levels, n = 1…N: section 3 and appendix C. */
const levelOf = (n: number, N: number): number => {
  const [low, high] = [SIGMA_MIN ** (1 / RHO), SIGMA_MAX ** (1 / RHO)];
  return (low + ((n - 1) / (N - 1)) * (high - low)) ** RHO;
};

/** F(x, c) = tanh(p·x + c/1000), in numbers and as a network. */
const F = (p: number, x: number, c: number): number => Math.tanh(p * x + c / 1000);
const network: NoiseModel<Scalar, [2]> = {
  apply: (p, x, { t }) => tanh(add(mul(x, p), scaleBy(add(zerosLike(x), 1), mul(t, 1e-3)))),
  params: treeSpec<Scalar>(leafSpec([])),
  init: () => scalar(0),
};

/** f of the paper: c_skip·x + c_out·F(c_in·x, 250·ln σ), which is x at σ_min; D of a teacher is that of EDM. */
const denoiserOf = (sigmaMin: number) => (p: number, x: number, sigma: number) => {
  const skip = SIGMA_DATA ** 2 / ((sigma - sigmaMin) ** 2 + SIGMA_DATA ** 2);
  const out = (SIGMA_DATA * (sigma - sigmaMin)) / Math.sqrt(SIGMA_DATA ** 2 + sigma ** 2);
  return skip * x + out * F(p, x / Math.sqrt(sigma ** 2 + SIGMA_DATA ** 2), 250 * Math.log(sigma));
};
const [f, D] = [denoiserOf(SIGMA_MIN), denoiserOf(0)];
const modelOf = (sigmaMin: number): Model<Scalar, [2]> =>
  right(preconditioned(network, { as: 'edm', sigmaData: SIGMA_DATA, sigmaMin, timeScale: 1000 }));
const student = modelOf(SIGMA_MIN);
const teacher = { model: modelOf(0), noising: edm(), params: null as never };

const X0 = [0.5, -0.25, 1, -1, 0, 0.125];
const NOISE = [1.5, -0.5, 0.25, 2, -1, 0.75];
/** n of each sample, of 18 levels: the pair is t_n and t_{n+1}. */
const [N, INDICES] = [18, [1, 9, 17]] as const;
/** The parameters of the network, of its target network and of the teacher. */
const [P, TARGET, Q] = [0.7, -0.4, 1.3];

const inputs = {
  x0: constantOf(X0, 3, 2) as Tensor<[3, 2]>,
  noise: constantOf(NOISE, 3, 2) as Tensor<[3, 2]>,
  // a noise level inside of each interval
  t: constantOf(INDICES.map((n) => Math.sqrt(levelOf(n, N) * levelOf(n + 1, N))), 3) as Tensor<[3]>, // oxfmt-ignore
  target: scalar(TARGET),
  teacher: scalar(Q),
};
const pairs = karrasPairs({ intervals: N - 1 });

type Weigh = (t: number) => number;
type Measure = (errors: readonly number[]) => number;
const averageOf = (f: (error: number) => number): Measure => (errors) => errors.reduce((all, e) => all + f(e), 0) / errors.length; // oxfmt-ignore
const weightings: readonly (readonly [string, Weighting, Weigh])[] = [
  ['uniform', uniformWeight, () => 1],
  ['snr', snrWeight, (t) => t ** -2],
  ['snr+1', edmWeight(1), (t) => t ** -2 + 1],
  ['karras', edmWeight(SIGMA_DATA), (t) => t ** -2 + 1 / SIGMA_DATA ** 2],
  ['truncated-snr', truncatedSnrWeight, (t) => Math.max(t ** -2, 1)],
];
const ownDistance: Distance = (x, y) => sumPerSample(square(sub(x, y)));
const distances: readonly (readonly [string, Distance, Measure])[] = [
  ['l2', squaredL2Distance, averageOf((e) => e * e)],
  ['l1', l1Distance, averageOf(Math.abs)],
  ['pseudo-Huber', pseudoHuberDistance(0.03), (e) => Math.sqrt(e[0]! ** 2 + e[1]! ** 2 + 0.03 ** 2) - 0.03],
  ['your own', ownDistance, (e) => e[0]! ** 2 + e[1]! ** 2],
];
const cases = [
  ...distances.map((distance) => ({ distance, weighting: weightings[0]! })),
  ...weightings.map((weighting) => ({ distance: distances[1]!, weighting })),
].map((one) => ({ ...one, name: `${one.distance[0]} with the weight '${one.weighting[0]}'` }));

/** The errors of sample i, where `arriveAt` leads from x_t to x_r. */
const errorsOf = (i: number, arriveAt: (x: number, x0: number, t: number, r: number) => number, p = P, theta = TARGET) => {
  const [r, t] = [levelOf(INDICES[i]!, N), levelOf(INDICES[i]! + 1, N)];
  const errors = [0, 1].map((j) => {
    const [x0, noise] = [X0[2 * i + j]!, NOISE[2 * i + j]!];
    const x = x0 + t * noise;
    return f(p, x, t) - f(theta, arriveAt(x, x0, t, r), r);
  });
  return { t, errors };
}; // oxfmt-ignore

/** dx/dσ at x is (x - x̂)/σ. */
const euler = (x: number, t: number, r: number): number => x + (r - t) * ((x - D(Q, x, t)) / t);
const heun = (x: number, t: number, r: number): number => {
  const next = euler(x, t, r);
  return x + ((r - t) / 2) * ((x - D(Q, x, t)) / t + (next - D(Q, next, r)) / r);
};
const withNoiseOf = (x: number, x0: number, t: number, r: number): number => x0 + (r / t) * (x - x0);

const lossesOf = (objective: Objective, given: object = inputs) =>
  numbersOf(() => objective(edm(), student)(scalar(P), given as typeof inputs).losses);

describe('consistency training: algorithm 3', () => {
  test.each(cases)('is λ(t_{n+1})·d(f(x + t_{n+1}·z, t_{n+1}), f⁻(x + t_n·z, t_n)) of $name', async ({ distance, weighting }) => {
    const actual = await lossesOf(consistencyLosses({ pairs, distance: distance[1], weighting: weighting[1] }));
    INDICES.forEach((_, i) => {
      const { t, errors } = errorsOf(i, withNoiseOf);
      expect(actual[i]! / (weighting[2](t) * distance[2](errors))).toBeCloseTo(1, 9);
    });
  }); // oxfmt-ignore

  test('without parameters of a target network, f⁻ is f', async () => {
    const { target: _, ...others } = inputs;
    const actual = await lossesOf(consistencyLosses({ pairs, distance: l1Distance, weighting: uniformWeight }), others);
    INDICES.forEach((_, i) => {
      const { errors } = errorsOf(i, withNoiseOf, P, P);
      expect(actual[i]! / averageOf(Math.abs)(errors)).toBeCloseTo(1, 9);
    });
  });

  test.each([TARGET, undefined])('its gradient is that of f alone, with a target network %j', async (target) => {
    const objective = consistencyLosses({ pairs, distance: squaredL2Distance, weighting: snrWeight });
    const given = { ...inputs, target: target === undefined ? undefined : inputs.target };
    const [slope] = await numbersOf(() =>
      grad((p: Scalar) => sum(objective(edm(), student)(p, given).losses))(scalar(P)),
    );
    const held = (p: number): number =>
      INDICES.reduce((all, _, i) => {
        const { t, errors } = errorsOf(i, withNoiseOf, p, target ?? P);
        return all + t ** -2 * averageOf((e) => e * e)(errors);
      }, 0);
    expect(slope! / ((held(P + 1e-6) - held(P - 1e-6)) / 2e-6)).toBeCloseTo(1, 5);
  });
});

describe('consistency distillation: algorithm 2', () => {
  test.each(cases)('is λ(t_{n+1})·d(f(x_{n+1}, t_{n+1}), f⁻(x̂_n, t_n)), by a step of Heun, of $name', async ({ distance, weighting }) => {
    const actual = await lossesOf(
      consistencyDistillationLosses({ teacher, pairs, distance: distance[1], weighting: weighting[1] }),
    );
    INDICES.forEach((_, i) => {
      const { t, errors } = errorsOf(i, (x, _, t, r) => heun(x, t, r));
      expect(actual[i]! / (weighting[2](t) * distance[2](errors))).toBeCloseTo(1, 9);
    });
  }); // oxfmt-ignore

  test("by a step of Euler's method with solver: 'euler'", async () => {
    const options = { teacher, pairs, distance: l1Distance, weighting: uniformWeight, solver: 'euler' } as const;
    const actual = await lossesOf(consistencyDistillationLosses(options));
    INDICES.forEach((_, i) => {
      const { errors } = errorsOf(i, (x, _, t, r) => euler(x, t, r));
      expect(actual[i]! / averageOf(Math.abs)(errors)).toBeCloseTo(1, 9);
    });
  });
});

describe('progressive distillation on the levels of EDM', () => {
  /** u of [0, 1] of the way from σ_max to σ_min, with equal steps of σ^{1/ρ}. */
  const sigmaAt = (u: number): number => levelOf(1 + (1 - u), 2);
  const STEPS = 4;
  const at = [0, 2, 3]; // the steps of the samples, from the noise
  const drawn = constantOf(at.map((i) => Math.sqrt(sigmaAt(i / STEPS) * sigmaAt((i + 1) / STEPS))), 3) as Tensor<[3]>; // oxfmt-ignore

  test.each(cases)('is λ(t)·d(x̂, x̃) for two steps of Euler of the teacher to x̃, of $name', async ({ distance, weighting }) => {
    const steps = karrasGrid(2 * STEPS + 1);
    const objective = progressiveLosses({ teacher, steps, distance: distance[1], weighting: weighting[1] });
    const actual = await lossesOf(objective, { ...inputs, t: drawn });
    at.forEach((step, i) => {
      const [t, t2, t3] = [0, 0.5, 1].map((part) => sigmaAt((step + part) / STEPS)) as [number, number, number];
      const errors = [0, 1].map((j) => {
        const x = X0[2 * i + j]! + t * NOISE[2 * i + j]!;
        const x3 = euler(euler(x, t, t2), t2, t3);
        return f(P, x, t) - (x - (t * (x3 - x)) / (t3 - t));
      });
      expect(actual[i]! / (weighting[2](t) * distance[2](errors))).toBeCloseTo(1, 8);
    });
  }); // oxfmt-ignore

  test('2·N levels in a grid are those of N steps, whose last one leads to the data', async () => {
    const t = constantOf([0.003, 1, 79], 3) as Tensor<[3]>;
    const [ofGrid, ofNumber] = [karrasGrid(2 * STEPS), STEPS].map((steps) =>
      lossesOf(progressiveLosses({ teacher, steps }), { ...inputs, t }),
    );
    expect(await ofGrid).toEqual(await ofNumber);
  });

  test('a time below σ_min is in the last step, which ends at σ_min', async () => {
    const objective = progressiveLosses({ teacher, steps: karrasGrid(2 * STEPS + 1) });
    const [below, above] = [0.0001, 0.0021].map((t) =>
      lossesOf(objective, { ...inputs, t: constantOf([t, t, t], 3) as Tensor<[3]> }),
    );
    expect(await below).toEqual(await above);
  });

  test('a grid of one level is refused', () => {
    const message = 'progressiveLosses.steps: expected a grid of at least two levels, got one';
    expect(() => progressiveLosses({ teacher, steps: karrasGrid(1) })).toThrow(message);
  });
});

describe('settings and checks', () => {
  const average = { settings: { decay: 0.9 }, share: () => scalar(0.1) };

  test('snapshots tell the parts of a loss', () => {
    const settings = (changes: object) => JSON.stringify(consistencyLosses({ pairs, ...changes }).settings);
    const named: Distance = (x, y) => meanPerSample(square(stopGradient(sub(x, y))));
    const all = [
      {},
      { distance: l1Distance },
      { distance: pseudoHuberDistance(0.1) },
      { distance: named },
      { weighting: snrWeight },
      { weighting: uniformWeight },
      { target: average },
      { pairs: karrasPairs({ intervals: 16 }) },
    ].map(settings);
    expect(new Set(all).size).toBe(all.length);
    const of = (solver: 'heun' | 'euler') => consistencyDistillationLosses({ teacher, pairs, solver }).settings;
    expect(of('heun')).not.toEqual(of('euler'));
  });

  test('a weighting keeps the target network and the teacher', () => {
    const loss = consistencyDistillationLosses({ teacher, pairs, target: average });
    const weighted = weightedBy(snrWeight)(loss);
    expect([weighted.target, weighted.teacher]).toEqual([average, teacher]);
  });

  test.each<[object, string]>([
    [{ distance: 'l2' }, 'consistencyLosses.distance: expected a distance of x and y, got "l2"; give squaredL2Distance'],
    [{ weighting: 'snr' }, 'consistencyLosses.weighting: expected a weighting, which is a function of the log-SNR, got "snr"'],
    [{ target: 0.95 }, 'consistencyLosses.target: expected an average, got 0.95; give emaConstant(0.95)'],
  ])('%j is refused', (options, message) => {
    expect(() => consistencyLosses({ pairs, ...options })).toThrow(message);
  }); // oxfmt-ignore

  test.each<[string, unknown, string]>([
    ['a mean over the batch', (x: never, y: never) => mean(squaredL2Distance(x, y)), '[]'],
    ['the squares of all elements', (x: never, y: never) => square(sub(x, y)), '[3, 2]'],
    ['no tensor', () => 3, 'nothing'],
  ])('a distance that returns %s is an error of shapes', async (_, distance, actual) => {
    const objective = consistencyLosses({ pairs, distance: distance as Distance });
    const outcome = await outcomeOf(() => objective(edm(), student)(scalar(P), inputs).losses)();
    expect(E.isLeft(outcome) && outcome.left).toMatchObject({
      _tag: 'ShapeError',
      where: 'consistencyLosses.distance',
      actual: expect.stringContaining(actual),
    });
  });

  test('a distance without its call is refused', async () => {
    const objective = consistencyLosses({ pairs, distance: pseudoHuberDistance as never });
    const outcome = await outcomeOf(() => objective(edm(), student)(scalar(P), inputs).losses)();
    expect(E.isLeft(outcome) && outcome.left.hint).toBe('write pseudoHuberDistance()');
  });
});

test('a consistency function of the preconditioning with σ_min is x there', async () => {
  const x = constantOf(X0, 3, 2) as Tensor<[3, 2]>;
  const level = { alpha: constantOf([1, 1, 1], 3), sigma: constantOf([SIGMA_MIN, SIGMA_MIN, SIGMA_MIN], 3) };
  const at = { t: level.sigma, level } as never;
  expect(await numbersOf(() => student.apply(scalar(P), x, at))).toEqual(X0);
});

test('pairs may be your own', async () => {
  const own: NoisePairs = { settings: 'halves', of: (t) => ({ t, r: mul(t, 0.5) }) };
  const [loss] = await lossesOf(consistencyLosses({ pairs: own, distance: l1Distance, weighting: snrWeight }));
  const t = Math.sqrt(levelOf(1, N) * levelOf(2, N));
  const errors = [0, 1].map((j) => f(P, X0[j]! + t * NOISE[j]!, t) - f(TARGET, X0[j]! + (t / 2) * NOISE[j]!, t / 2));
  expect(loss! / (t ** -2 * averageOf(Math.abs)(errors))).toBeCloseTo(1, 9);
});
