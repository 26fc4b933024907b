import { describe, expect, it } from 'vitest';
import { best, gaussianData, samplesOf, TAU } from '../../../properties/diffusion/gaussianData.js';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  clip,
  compile,
  constantOf,
  explain,
  fullLike,
  gather,
  type Key,
  matmul,
  mul,
  normal,
  program,
  scalar,
  scaleBy,
  table,
  tanh,
  type Tensor,
  using,
} from '../../dsl/index.js';
import { labelOf } from '../../conditions/values.js';
import { E, F, RTE } from '../../internal/fp.js';
import { ancestral } from '../solvers/ancestral.js';
import { consistency } from '../solvers/consistency.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { ddim } from '../solvers/ddim.js';
import { ddimInversion } from '../solvers/ddimInversion.js';
import { type Denoiser, learningVariance } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { dpmSolverFast } from '../solvers/exponential/dpmSolver.js';
import { dpmSolverPP } from '../solvers/exponential/dpmSolverPP.js';
import { trailing } from '../grids/grid.js';
import { cfg } from '../guidance/classifierFreeGuidance.js';
import type { Solver, Stage } from '../solvers/plan.js';
import type { Noise } from './noise.js';
import { respace } from '../grids/respacing.js';
import { pSample } from '../likelihood/reverse.js';
import { sampler } from './sampler.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { linear } from '../schedules/betaSchedules.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import type { Channel } from '../channels/channel.js';
import { factorsOf, stagesOn } from '../../../properties/oracles/stages.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { ddpm } from '../paths/discreteNoising.js';
import { pathOf } from '../paths/noising.js';

const noising = right(ddpm(cosine(1000)));
/** The result of stages without noise for x = 1, with the optimal x̂₀ of Gaussian data. */
const walkedOnHost = (stages: readonly Stage[]): number => {
  let x = 1;
  let memory: readonly number[] = [];
  stages.forEach((stage) => {
    const factors = factorsOf(stage);
    const latest = [best(stage.at) * x, ...memory];
    x = factors.x0.reduce((sum, factor, k) => sum + factor * (latest[k] ?? 0), factors.x * x);
    memory = latest;
  });
  return x;
};

describe('a sampler', () => {
  it('of a consistency function gives Gaussian data the right variance in any number of steps', async () => {
    // where the flow through x_t ends: τ/√(ᾱτ² + 1 - ᾱ)·x_t
    const spread = ({ alpha, sigma }: Channel): number => Math.hypot(alpha * TAU, sigma);
    const ends: Denoiser<null, []> = {
      predicts: 'x0',
      apply: (_, x, { t }) =>
        scaleBy(x, gather(table(noising.marginals.map((c) => TAU / spread(c))), wholeTimesteps(t))),
    };
    const noises = await numbersOf(normal(2048));
    for (const steps of [1, 2, 8]) {
      const result = right(
        sampler({ noising, denoiser: ends, grid: steps, solver: consistency(), correction: uncorrected }),
      );
      const samples = await samplesOf(result, noises);
      const variance = samples.reduce((sum, x) => sum + x ** 2, 0) / samples.length;
      expect(Math.abs(variance / TAU ** 2 - 1)).toBeLessThan(4 * Math.sqrt(2 / noises.length));
    }
  });

  it('decoding inverts encoding, better with more steps', async () => {
    const flow = right(ddpm(linear(1000)));
    const parts = { noising: flow, denoiser: gaussianData(flow), correction: uncorrected };
    const errors: number[] = [];
    for (const steps of [25, 50, 100]) {
      const encode = right(sampler({ ...parts, grid: steps, solver: ddimInversion() }));
      const decode = right(sampler({ ...parts, grid: steps, solver: ddim() }));
      const image = [0.7, -0.2];
      errors.push(relativeDistance(await samplesOf(decode, await samplesOf(encode, image)), image));
    }
    expect(errors[0]! / errors[1]!).toBeGreaterThan(1.6);
    expect(errors[1]! / errors[2]!).toBeGreaterThan(1.6);
    expect(errors[2]!).toBeLessThan(0.1);
  });

  it.each(['epsilon', 'x0', 'v'] as const)('takes a denoiser of any parameterization, %s', async (predicts) => {
    const denoiser = reparameterize(noising, predicts)(gaussianData(noising));
    const result = right(sampler({ noising, denoiser, grid: 20, solver: ddim(), correction: uncorrected }));
    const expected = walkedOnHost(stagesOn(ddim(), noising, result.timesteps));
    // ε̂ near t = 999 has an error of 1/√ᾱ = 20,000 roundings
    expect(relativeDistance(await samplesOf(result, [1, -0.5]), [expected, -0.5 * expected])).toBeLessThan(1e-11);
  });

  it('of ancestral steps gives Gaussian data the right variance', async () => {
    const noises = await numbersOf(normal(4096));
    const result = right(
      sampler({
        noising,
        denoiser: gaussianData(noising),
        grid: 100,
        solver: ancestral(),
        correction: uncorrected,
      }),
    );
    const samples = await samplesOf(result, noises);
    const expected = stagesOn(ancestral(), noising, result.timesteps).reduce((variance, stage) => {
      const { x, x0, noise } = factorsOf(stage);
      return (x + x0[0]! * best(stage.at)) ** 2 * variance + noise ** 2;
    }, 1);
    const variance = samples.reduce((sum, x) => sum + x ** 2, 0) / samples.length;
    // the relative standard deviation of a variance of n samples is √(2/n)
    expect(Math.abs(variance / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / 4096));
  });

  it('keeps the memory of multistep solvers', async () => {
    const result = right(
      sampler({
        noising,
        denoiser: gaussianData(noising),
        grid: 12,
        solver: dpmSolverPP(),
        correction: uncorrected,
      }),
    );
    expect([result.memory, result.stochastic]).toEqual([1, false]);
    const expected = walkedOnHost(stagesOn(dpmSolverPP(), noising, result.timesteps));
    expect(relativeDistance(await samplesOf(result, [1]), [expected])).toBeLessThan(1e-13);
  });

  it('clips x̂₀ to the range of images by default', async () => {
    const far: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => mul(x, 100) };
    const parts = { noising, denoiser: far, grid: 3, solver: ddim() };
    expect(await samplesOf(right(sampler(parts)), [2, -2])).toEqual([1, -1]);
    const [free] = await samplesOf(right(sampler({ ...parts, correction: uncorrected })), [2, -2]);
    expect(free).toBeGreaterThan(1);
  });

  it('of ddim that keeps ε̂ corrects only x̂₀, in one evaluation', async () => {
    // DDIM, eq. 12, with the ε̂ of the network and a clipped x̂₀
    const [from, to] = [noising.marginals[999]!, noising.marginals[499]!];
    const parts = { noising, denoiser: gaussianData(noising), grid: 2, solver: ddim({ keepEpsilon: true }) };
    const result = right(sampler({ ...parts, correction: clip(-0.01, 0.01) }));
    const x0 = best(from) * 1.5;
    const epsilon = (1.5 - from.alpha * x0) / from.sigma;
    const clipped = Math.min(x0, 0.01);
    const x = await numbersOf(() => {
      const start = result.start(constantOf([1.5], 1) as Tensor<[1]>);
      return result.step(null, start, { index: scalar(0, 'int32') }).state.x;
    });
    expect(Math.abs(x[0]! - (to.alpha * clipped + to.sigma * epsilon))).toBeLessThan(1e-13);

    const network: Denoiser<Tensor<[16, 16]>, [16]> = { predicts: 'v', apply: (w, y) => tanh(matmul(y, w)) };
    const drawing = right(sampler({ ...parts, denoiser: network }));
    const step = program({ w: '16 16', x: '3 16' }, ({ w, x: y }) => ({
      x: drawing.step(w, drawing.start(y), { index: scalar(0, 'int32') }).state.x,
    }));
    const calls = right(await F.pipe(compile(step, {}), RTE.map(explain), using(wasm()))());
    expect(calls.filter(({ flops }) => flops !== null && flops >= 2 * 3 * 16 * 16)).toHaveLength(1);
  });

  it('takes the noise levels of its solver', async () => {
    const level = pathOf(noising).levelOfSigma(0.75); // between two timesteps
    const solver: Solver = { plan: ([, ...others], path) => ddim().plan([level, ...others], path) };
    const noisy: Denoiser<null, []> = { predicts: 'epsilon', apply: (_, x) => mul(x, 0.5) };
    const result = right(sampler({ noising, denoiser: noisy, grid: trailing(1), solver, correction: uncorrected }));
    expect(result.plan[0]!.from).toEqual(level);
    expect((await samplesOf(result, [1]))[0]).toBeCloseTo((1 - 0.6 * 0.5) / 0.8, 14); // α = 0.8 and σ = 0.6
  });

  it('on a grid equals the sampler on every step of the respaced process', async () => {
    // the denoiser has 1000 timesteps: the respaced process must pass these
    const denoiser = gaussianData(noising);
    const solver = ddim({ eta: 0.4 });
    const long = right(sampler({ noising, denoiser, grid: 10, solver, correction: uncorrected }));
    const short = right(
      sampler({
        noising: right(respace(trailing(10))(noising)),
        denoiser,
        grid: 10,
        solver,
        correction: uncorrected,
      }),
    );
    const noises = [1, -0.3, 0.8];
    expect(relativeDistance(await samplesOf(long, noises), await samplesOf(short, noises))).toBeLessThan(1e-11);
  });

  it.each(['range', 'logVariance'] as const)(
    'uses the learned variance, %s: on a grid like p_θ of the respaced process',
    async (as) => {
      const mean = gaussianData(noising);
      const denoiser = learningVariance<null, []>({
        ...mean,
        as,
        apply: (params, x, at) => ({ prediction: mean.apply(params, x, at), variance: mul(tanh(x), 0.3) }),
      });
      const noise: Noise = (x) => () => fullLike(x, 0.7);
      const parts = { noising, denoiser, correction: uncorrected, noise };
      const result = right(sampler({ ...parts, grid: 4, solver: ancestral() }));
      const short = right(respace(trailing(4))(noising));
      const reverse = pSample(short, denoiser, { correction: uncorrected });
      for (const index of [0, 2, 3]) {
        const x = () => constantOf([1.5, -0.5], 2) as Tensor<[2]>;
        const step = (drawn: Key) =>
          result.step(null, result.start(x()), { index: scalar(index, 'int32'), key: drawn });
        const t = () => constantOf(Int32Array.of(3 - index, 3 - index), 2) as Tensor<[2], 'int32'>;
        expect(
          relativeDistance(
            await numbersOf((drawn) => step(drawn).state.x),
            await numbersOf(() => reverse(null, x(), { t: t() }, fullLike(x(), 0.7))),
          ),
        ).toBeLessThan(1e-11);
      }
    },
  );

  it('of one step with a learned variance draws no noise and needs no key', async () => {
    const mean = gaussianData(noising);
    const denoiser = learningVariance<null, []>({
      ...mean,
      as: 'range',
      apply: (params, x, at) => ({ prediction: mean.apply(params, x, at), variance: x }),
    });
    const parts = { noising, grid: 1, solver: ancestral(), correction: uncorrected };
    const result = right(sampler({ ...parts, denoiser }));
    expect(result.stochastic).toBe(false);
    const x = constantOf([1.5, -0.5], 2) as Tensor<[2]>;
    const step = () => result.step(null, result.start(x), { index: scalar(0, 'int32') }).state.x;
    const known = best(noising.marginals[999]!);
    expect(relativeDistance(await numbersOf(step), [1.5 * known, -0.5 * known])).toBeLessThan(1e-14);
  });

  it('draws different noise at each step, and the same from the same key', async () => {
    const result = right(sampler({ noising, denoiser: gaussianData(noising), grid: 5, solver: ancestral() }));
    const [first, again, other] = await Promise.all([1, 1, 2].map((seed) => samplesOf(result, [1, -1], seed)));
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
  });

  it('guides', async () => {
    const labelled: Denoiser<null, []> = {
      predicts: 'x0',
      conditions: { label: { classes: 2 } },
      apply: (_, x, at) => scaleBy(fullLike(x, 1), gather(table([0.1, 0.2, 0]), labelOf(at)!)),
    };
    const result = right(sampler({ noising, denoiser: labelled, grid: 1, solver: ddim(), guidance: cfg(3) }));
    const x = constantOf([1, 1], 2) as Tensor<[2]>;
    const conditions = { label: constantOf(Int32Array.of(0, 1), 2) as Tensor<[2], 'int32'> };
    const samples = await numbersOf(
      () => result.step(null, result.start(x), { index: scalar(0, 'int32'), conditions }).state.x,
    );
    expect(relativeDistance(samples, [0.3, 0.6])).toBeLessThan(1e-15);
  });
});

describe('parts that do not fit together', () => {
  const denoiser = gaussianData(noising);

  it('are an error value of the sampler', () => {
    for (const [made, says] of [
      [sampler({ noising, denoiser, grid: 1001, solver: ddim() }), 'a whole number of steps from 1 to 1000'],
      [sampler({ noising, denoiser, grid: 10, solver: ddim({ eta: 2 }) }), 'η from 0 to 1'],
      [sampler({ noising, denoiser, grid: 10, solver: ddim(), guidance: cfg(2) }), 'a denoiser with conditions'],
    ] as const)
      expect(E.isLeft(made) && made.left.message).toContain(says);
  });

  it('a prediction of ε cannot start without signal; one of v can', () => {
    const erased = right(ddpm(scheduleFromBetas([0.1, 0.5, 1])));
    const ofKind = (predicts: 'epsilon' | 'v') =>
      sampler({ noising: erased, denoiser: { ...denoiser, predicts }, solver: ancestral() });
    const blind = ofKind('epsilon');
    expect(E.isLeft(blind) && blind.left.message).toContain('none at t = 2');
    expect(E.isRight(ofKind('v'))).toBe(true);
  });

  it('a stochastic step without a key is an error of compile', async () => {
    const result = right(sampler({ noising, denoiser, grid: 5, solver: ancestral() }));
    const failed = await outcomeOf(
      () => result.step(null, result.start(constantOf([1], 1) as Tensor<[1]>), { index: scalar(0, 'int32') }).state.x,
    )();
    expect(E.isLeft(failed) && failed.left.message).toContain('a key for the noise of this step');
  });

  it('images of another shape are a type error', () => {
    const images: Denoiser<null, [8, 8, 1]> = { predicts: 'v', apply: (_, x) => x };
    const result = right(sampler({ noising, denoiser: images, grid: 5, solver: ddim() }));
    expect(result.steps).toBe(5);
    program({ x: 'B 8 8 1' }, ({ x }) => result.start(x));
    // @ts-expect-error three channels instead of one
    program({ x: 'B 8 8 3' }, ({ x }) => result.start(x));
  });
});

it('solvers have their order on Gaussian data, whose flow is known', () => {
  // x_s = x_t·√((ᾱ_s·τ² + 1 - ᾱ_s)/(ᾱ_t·τ² + 1 - ᾱ_t)); the last leg, from small noise to none, is left out
  const flow = right(ddpm(linear(1000)));
  const spread = ({ alpha, sigma }: Channel): number => Math.hypot(alpha * TAU, sigma);
  const errorOf = (solver: Solver, steps: number): number => {
    const timesteps = right(trailing(steps)(flow)).filter((t) => flow.marginals[t]!.sigma ** 2 > 0.5);
    const stages = stagesOn(solver, flow, timesteps).slice(0, -1);
    return Math.abs(walkedOnHost(stages) / (spread(stages.at(-1)!.end) / spread(stages[0]!.at)) - 1);
  };
  const orderOf = (solver: Solver): number => Math.log2(errorOf(solver, 250) / errorOf(solver, 500));
  expect(Math.abs(orderOf(ddim()) - 1)).toBeLessThan(0.3);
  expect(Math.abs(orderOf(dpmSolverPP()) - 2)).toBeLessThan(0.5);
});

it('ends above the data at the last level of a grid, which must have two', () => {
  const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => x };
  const parts = { noising, denoiser: white, toData: false };
  const result = right(sampler({ ...parts, solver: ddim(), grid: trailing(4) }));
  expect([result.steps, result.plan.at(-1)!.to]).toEqual([3, { ...noising.marginals[249]!, t: 249 }]);
  // DPM-Solver-fast divides the way between both ends, whether or not the data follow
  const fast = dpmSolverFast({ evaluations: 4 });
  const [above, whole] = [false, true].map((toData) =>
    right(sampler({ ...parts, toData, solver: fast, grid: trailing(4) })),
  );
  expect(above!.plan).toEqual(whole!.plan.slice(0, -1));
  expect(above!.plan.at(-1)!.to.t).toBe(249);
  const one = sampler({ ...parts, solver: ddim(), grid: 1 });
  expect(E.isLeft(one) && one.left.message).toContain('sampler.toData: expected true, for a grid of one level');
});
