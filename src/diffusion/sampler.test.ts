import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../properties/diffusion/run.js';
import { reference } from '../backends/reference/index.js';
import {
  add,
  compile,
  constantOf,
  foldIn,
  fullLike,
  gather,
  key,
  mul,
  normal,
  program,
  read,
  scalar,
  scaleBy,
  type Shape,
  sub,
  table,
  type Tensor,
  upload,
} from '../dsl/index.js';
import { E } from '../internal/fp.js';
import { ancestral, ancestralStep } from './ancestral.js';
import { logSNR } from './channel.js';
import { uncorrected } from './correction.js';
import { ddim, ddimStep } from './ddim.js';
import { type Denoiser, reparameterize } from './denoiser.js';
import { type Grid, gridOf, spaced, trailing } from './grid.js';
import { cfg } from './guidance.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import { ddpm, type Process } from './process.js';
import { respace } from './respacing.js';
import { sampler, type Sampler } from './sampler.js';
import { cosine } from './alphaBarSchedules.js';
import { linear } from './betaSchedules.js';
import { scheduleFromBetas } from './schedule.js';
import { type Leg, legsOf, type Solver } from './solver.js';
import { entryAt } from './table.js';

const process = right(ddpm(cosine(1000)));
const TAU = 0.5;

/** The best x̂₀ for data N(0, τ²), by its factor of x_t. */
const best = ({ scale, variance }: Leg['from']): number =>
  (scale * TAU ** 2) / (scale ** 2 * TAU ** 2 + variance);

/** The denoiser for data N(0, τ²), each sample one number. */
const gaussianData = ({ marginals }: Process): Denoiser<null, []> => ({
  predicts: 'x0',
  apply: (_, x, { t }) => scaleBy(gather(table(marginals.map(best)))(t))(x),
});

/** Walks the path with one compiled step and a resident, donated state, as training does. */
const samplesOf = async (
  { steps, memory, start, step }: Sampler<null, []>,
  noises: readonly number[],
  seed = 1,
): Promise<readonly number[]> => {
  const backend = right(await reference()());
  const B = noises.length;
  const remembered: readonly 'B'[] = Array.from({ length: memory }, () => 'B');
  const begin = right(
    await compile(
      program({ noise: 'B' }, ({ noise }) => start(noise)),
      { B },
    )(backend)(),
  );
  const advance = right(
    await compile(
      program({ state: { x: 'B', memory: remembered }, index: ':int32', key: 'key' }, (inputs) => ({
        state: step(null, inputs.state, inputs),
      })),
      { B },
      { donate: ['state'] },
    )(backend)(),
  );
  const noise = right(await upload(Float64Array.from(noises), [B])(backend)());
  let state = right(await begin.run({ noise })());
  for (let index = 0; index < steps; index++)
    state = right(await advance.run({ state, index, key: foldIn(index)(key(seed)) })()).state;
  const samples = Array.from(right(await read(state.x)(backend)()));
  right(await backend.close());
  return samples;
};

/** What a table of coefficients makes of 1, with the best x̂₀ of Gaussian data and without noise. */
const walkedOnHost = (legs: readonly Leg[], rows: readonly StepCoefficients[]): number => {
  let x = 1;
  let memory: readonly number[] = [];
  rows.forEach((row, i) => {
    const latest = [best(legs[i]!.from) * x, ...memory];
    x = row.x0.reduce((sum, factor, k) => sum + factor * (latest[k] ?? 0), row.x * x);
    memory = latest;
  });
  return x;
};

/** DPM-Solver++(2M) (Lu et al. 2022, Algorithm 2), as a user would add it: a table of coefficients. */
const multistep = (steps: number | Grid): Solver => ({
  grid: gridOf(steps),
  integrate: (legs) => E.right(linearIntegrator(multistepRows(legs))),
});
const multistepRows = (legs: readonly Leg[]): readonly StepCoefficients[] =>
  legs.map(({ from, to }, i) => {
    const half = (logSNR(to) - logSNR(from)) / 2;
    const x = Math.sqrt(to.variance / from.variance);
    const x0 = to.scale - x * from.scale; // -α_s·(e^-h - 1)
    const before = legs[i - 1];
    if (before === undefined || to.variance === 0) return { x, x0: [x0], noise: 0 };
    const ratio = (logSNR(from) - logSNR(before.from)) / 2 / half;
    return { x, x0: [x0 * (1 + 1 / (2 * ratio)), -x0 / (2 * ratio)], noise: 0 };
  });

/** Heun's method on the probability flow, as a user would add it: two evaluations, of which the last leg has one. */
const heun = (steps: number | Grid): Solver => ({
  grid: gridOf(steps),
  integrate: (legs) => {
    const rows = legs.map(ddimStep(0));
    const ofX = entryAt(table(rows.map(({ x }) => x)));
    const ofX0 = entryAt(table(rows.map(({ x0 }) => x0[0]!)));
    const ofSecond = entryAt(table(legs.map(({ next }) => (next === null ? 0 : 0.5))));
    return E.right({
      memory: 0,
      stochastic: false,
      step: ({ x, memory }, { index, t, next, predict }) => {
        const to = <S extends Shape>(from: Tensor<S>, x0: Tensor<S>): Tensor<S> =>
          add(mul(ofX0(index))(x0))(mul(ofX(index))(from));
        const first = predict(x, t);
        const second = predict(to(x, first), next);
        return { x: to(x, add(mul(ofSecond(index))(sub(first)(second)))(first)), memory };
      },
    });
  },
});

/** What a solver must do, whichever it is: add yours here. */
const solvers: Readonly<Record<string, (steps: number) => Solver>> = {
  ancestral,
  'ancestral with σ² = β': (steps) => ancestral(steps, { variance: 'beta' }),
  ddim,
  'ddim with η = 0.7': (steps) => ddim(steps, { eta: 0.7 }),
  'a multistep solver': multistep,
  'a solver of two evaluations': heun,
};

describe.each(Object.entries(solvers))('every solver, %s,', (_, solver) => {
  it('finds data that are one point', async () => {
    const point: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => fullLike(0.25)(x) };
    const made = right(sampler({ process, denoiser: point, solver: solver(7) }));
    expect(await samplesOf(made, [0.3, -2, 1])).toEqual([0.25, 0.25, 0.25]);
  });

  it('gives the same samples in every parameterization', async () => {
    const drawn = (predicts: Denoiser<null, []>['predicts']) => {
      const denoiser = reparameterize(process, predicts)(gaussianData(process));
      return samplesOf(right(sampler({ process, denoiser, solver: solver(12) })), [1, -0.5]);
    };
    const expected = await drawn('x0');
    // ε̂ near t = 999 is known to 1/√ᾱ = 20,000 roundings
    for (const predicts of ['epsilon', 'v'] as const)
      expect(relativeDistance(await drawn(predicts), expected)).toBeLessThan(1e-10);
  });

  it('gives Gaussian data their variance, the better the more steps', async () => {
    const noises = await numbersOf(normal(2048));
    const variance = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x ** 2, 0) / xs.length;
    const errors: number[] = [];
    for (const steps of [10, 40, 160]) {
      const made = right(
        sampler({ process, denoiser: gaussianData(process), solver: solver(steps), correction: uncorrected }),
      );
      errors.push(Math.abs(variance(await samplesOf(made, noises)) / TAU ** 2 - 1));
    }
    const chance = 4 * Math.sqrt(2 / noises.length); // the deviation of a variance of n samples is √(2/n) of it
    expect(errors[2]!).toBeLessThan(errors[0]!);
    expect(errors[2]!).toBeLessThan(chance + 0.03);
  });
});

describe('a sampler', () => {
  it('may evaluate twice a leg: it is closer than twice as many steps with one evaluation, and of a higher order', async () => {
    const errorOf = async (solver: Solver): Promise<number> => {
      const made = right(
        sampler({ process, denoiser: gaussianData(process), solver, correction: uncorrected }),
      );
      const { scale, variance } = process.marginals[999]!;
      const exact = TAU / Math.sqrt(scale ** 2 * TAU ** 2 + variance);
      return Math.abs((await samplesOf(made, [1]))[0]! / exact - 1);
    };
    const [coarse, fine, first] = [await errorOf(heun(20)), await errorOf(heun(40)), await errorOf(ddim(80))];
    expect(fine).toBeLessThan(first / 2);
    expect(fine).toBeLessThan(coarse / 3);
  });

  it.each(['epsilon', 'x0', 'v'] as const)(
    'takes a denoiser of any parameterization, %s',
    async (predicts) => {
      const denoiser = reparameterize(process, predicts)(gaussianData(process));
      const made = right(sampler({ process, denoiser, solver: ddim(20), correction: uncorrected }));
      const legs = legsOf(process, made.timesteps);
      const expected = walkedOnHost(legs, legs.map(ddimStep(0)));
      // ε̂ near t = 999 is known to 1/√ᾱ = 20,000 roundings
      expect(relativeDistance(await samplesOf(made, [1, -0.5]), [expected, -0.5 * expected])).toBeLessThan(
        1e-11,
      );
    },
  );

  it('of ancestral steps gives Gaussian data their variance', async () => {
    const noises = await numbersOf(normal(4096));
    const made = right(
      sampler({ process, denoiser: gaussianData(process), solver: ancestral(100), correction: uncorrected }),
    );
    const samples = await samplesOf(made, noises);
    const expected = legsOf(process, made.timesteps).reduce((variance, leg) => {
      const { x, x0, noise } = ancestralStep('posterior')(leg);
      return (x + x0[0]! * best(leg.from)) ** 2 * variance + noise ** 2;
    }, 1);
    const variance = samples.reduce((sum, x) => sum + x ** 2, 0) / samples.length;
    // the deviation of a variance of n samples is √(2/n) of it
    expect(Math.abs(variance / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / 4096));
  });

  it('keeps a memory for solvers of several steps', async () => {
    const made = right(
      sampler({ process, denoiser: gaussianData(process), solver: multistep(12), correction: uncorrected }),
    );
    expect([made.memory, made.stochastic]).toEqual([1, false]);
    const legs = legsOf(process, made.timesteps);
    const expected = walkedOnHost(legs, multistepRows(legs));
    expect(relativeDistance(await samplesOf(made, [1]), [expected])).toBeLessThan(1e-13);
  });

  it('clips x̂₀ to the range of images unless told otherwise', async () => {
    const far: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => mul(100)(x) };
    const parts = { process, denoiser: far, solver: ddim(3) };
    expect(await samplesOf(right(sampler(parts)), [2, -2])).toEqual([1, -1]);
    const [free] = await samplesOf(right(sampler({ ...parts, correction: uncorrected })), [2, -2]);
    expect(free).toBeGreaterThan(1);
  });

  it('on a grid is the sampler on every step of the respaced process', async () => {
    // the denoiser knows the thousand timesteps: the respaced process must ask by those
    const denoiser = gaussianData(process);
    const solver = (steps: number) => ddim(steps, { eta: 0.4 });
    const long = right(sampler({ process, denoiser, solver: solver(10), correction: uncorrected }));
    const short = right(
      sampler({
        process: right(respace(spaced(10))(process)),
        denoiser,
        solver: solver(10),
        correction: uncorrected,
      }),
    );
    const noises = [1, -0.3, 0.8];
    expect(relativeDistance(await samplesOf(long, noises), await samplesOf(short, noises))).toBeLessThan(
      1e-11,
    );
  });

  it('draws other noise at each step, and the same from the same key', async () => {
    const made = right(sampler({ process, denoiser: gaussianData(process), solver: ancestral(5) }));
    const [first, again, other] = await Promise.all([1, 1, 2].map((seed) => samplesOf(made, [1, -1], seed)));
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
  });

  it('guides', async () => {
    const labelled: Denoiser<null, []> = {
      predicts: 'x0',
      classes: 2,
      apply: (_, x, { label }) => scaleBy(gather(table([0.1, 0.2, 0]))(label!))(fullLike(1)(x)),
    };
    const made = right(sampler({ process, denoiser: labelled, solver: ddim(1), guidance: cfg(3) }));
    const x = constantOf([1, 1], 2) as Tensor<[2]>;
    const label = constantOf(Int32Array.of(0, 1), 2) as Tensor<[2], 'int32'>;
    const samples = await numbersOf(
      () => made.step(null, made.start(x), { index: scalar(0, 'int32'), label }).x,
    );
    expect(relativeDistance(samples, [0.3, 0.6])).toBeLessThan(1e-15);
  });
});

describe('what does not fit together', () => {
  const denoiser = gaussianData(process);

  it('is an error value of the sampler', () => {
    for (const [made, says] of [
      [sampler({ process, denoiser, solver: ddim(1001) }), 'a whole number of steps from 1 to 1000'],
      [sampler({ process, denoiser, solver: ddim(10, { eta: 2 }) }), 'η from 0 to 1'],
      [sampler({ process, denoiser, solver: ddim(10), guidance: cfg(2) }), 'a denoiser with classes'],
    ] as const)
      expect(E.isLeft(made) && made.left.message).toContain(says);
  });

  it('a noise prediction cannot begin where no signal is left, a velocity can', () => {
    const erased = right(ddpm(scheduleFromBetas([0.1, 0.5, 1])));
    const ofKind = (predicts: 'epsilon' | 'v') =>
      sampler({ process: erased, denoiser: { ...denoiser, predicts }, solver: ancestral() });
    const blind = ofKind('epsilon');
    expect(E.isLeft(blind) && blind.left.message).toContain('none at t = 2');
    expect(E.isRight(ofKind('v'))).toBe(true);
  });

  it('a stochastic step without a key is an error of compile', async () => {
    const made = right(sampler({ process, denoiser, solver: ancestral(5) }));
    const failed = await outcomeOf(
      () => made.step(null, made.start(constantOf([1], 1) as Tensor<[1]>), { index: scalar(0, 'int32') }).x,
    )();
    expect(E.isLeft(failed) && failed.left.message).toContain('a key for the noise of this step');
  });

  it('images of another shape are an error of the compiler', () => {
    const images: Denoiser<null, [8, 8, 1]> = { predicts: 'v', apply: (_, x) => x };
    const made = right(sampler({ process, denoiser: images, solver: ddim(5) }));
    expect(made.steps).toBe(5);
    program({ x: 'B 8 8 1' }, ({ x }) => made.start(x));
    // @ts-expect-error three channels are not one
    program({ x: 'B 8 8 3' }, ({ x }) => made.start(x));
  });
});

it('the order of a solver shows on Gaussian data, whose flow is known', () => {
  // x_s = x_t·√((ᾱ_s·τ² + 1 - ᾱ_s)/(ᾱ_t·τ² + 1 - ᾱ_t)); the last leg, from small noise to none, is left out
  const flow = right(ddpm(linear(1000)));
  const spread = ({ scale, variance }: Leg['from']): number => Math.sqrt(scale ** 2 * TAU ** 2 + variance);
  const errorOf = (rows: (legs: readonly Leg[]) => readonly StepCoefficients[], steps: number): number => {
    const legs = legsOf(flow, right(trailing(steps)(flow))).filter(
      ({ from, to }) => from.variance > 0.5 && to.variance > 0.5,
    );
    return Math.abs(walkedOnHost(legs, rows(legs)) / (spread(legs.at(-1)!.to) / spread(legs[0]!.from)) - 1);
  };
  const orderOf = (rows: Parameters<typeof errorOf>[0]): number =>
    Math.log2(errorOf(rows, 250) / errorOf(rows, 500));
  expect(Math.abs(orderOf((legs) => legs.map(ddimStep(0))) - 1)).toBeLessThan(0.3);
  expect(Math.abs(orderOf(multistepRows) - 2)).toBeLessThan(0.5);
});
