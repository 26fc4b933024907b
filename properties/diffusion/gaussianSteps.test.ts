import { describe, expect, it } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import { cpu } from '../../src/backends/tfjs/cpu.js';
import { wasm } from '../../src/backends/tfjs/wasm.js';
import {
  ancestral,
  cosine,
  ddim,
  ddpm,
  type Denoiser,
  learningVariance,
  linear,
  type Noise,
  pMeanVariance,
  pSample,
  qMeanVariance,
  qPosterior,
  qSample,
  sampler,
  type Solver,
} from '../../src/diffusion/index.js';
import {
  add,
  ascribeLike,
  cast,
  constantOf,
  mul,
  onesLike,
  scalar,
  scaleBy,
  sin,
  tanh,
} from '../../src/dsl/index.js';
import { detNoise, goldenSteps } from '../golden/gaussianDiffusion.js';
import { numbersOf, relativeDistance, right } from './run.js';

const SIZE = 96;
const processes = { linear: right(ddpm(linear(1000))), cosine: right(ddpm(cosine(1000))) };
/** The tolerance of the golden numbers: float32, against the norm of the result. */
const TOLERANCE = 1e-5;

const image = (numbers: readonly number[]) => constantOf(numbers, 2, 3, 4, 4);
const x0 = image(goldenSteps.x0);
const noise = image(goldenSteps['noise(k=100)']);
const timesteps = (t: readonly number[]) => constantOf(Int32Array.from(t), 2);

type Image = [3, 4, 4];

/** ε = 0.9·tanh(0.8·x + 0.3·sin(t/100)) */
const fakeEpsilon: Denoiser<null, Image> = {
  predicts: 'epsilon',
  apply: (_, x, { t }) => {
    const ofTime = mul(0.3)(sin(mul(0.01)(cast('float32')(t))));
    return mul(0.9)(tanh(add(scaleBy(ofTime)(onesLike(x)))(mul(0.8)(x))));
  },
};

/** The same, and 0.5·sin(3·x + t/50) for its variance. */
const fakeRange = learningVariance<null, Image>({
  predicts: 'epsilon',
  as: 'range',
  apply: (params, x, at) => {
    const ofTime = mul(0.02)(cast('float32')(at.t));
    return {
      prediction: fakeEpsilon.apply(params, x, at),
      variance: mul(0.5)(sin(add(scaleBy(ofTime)(onesLike(x)))(mul(3)(x)))),
    };
  },
});
const denoisers = { FIXED_SMALL: fakeEpsilon, LEARNED_RANGE: fakeRange };

describe.each([
  ['reference', reference],
  ['cpu', cpu],
  ['wasm', wasm],
])('guided-diffusion’s steps on %s', (_, backend) => {
  const distance = async (
    build: Parameters<typeof numbersOf>[0],
    golden: readonly number[],
  ): Promise<number> => relativeDistance(await numbersOf(build, backend()), golden);

  describe.each(goldenSteps.cases.q.items)('forward, at t = $t', (golden) => {
    const process = processes.linear;
    const t = timesteps(golden.t);

    it('q_sample', async () => {
      expect(await distance(() => qSample(process)(t, noise)(x0), golden.q_sample)).toBeLessThan(TOLERANCE);
    });

    it('q_mean_variance', async () => {
      const { mean, variance, logVariance } = qMeanVariance(process)(t)(x0);
      expect(await distance(() => mean, golden.q_mean)).toBeLessThan(TOLERANCE);
      expect(await distance(() => variance, golden.q_variance_per_batch)).toBeLessThan(TOLERANCE);
      expect(await distance(() => logVariance, golden.q_log_variance_per_batch)).toBeLessThan(TOLERANCE);
    });

    it('q_posterior_mean_variance', async () => {
      const { mean, variance, logVariance } = qPosterior(process)(t)(x0, qSample(process)(t, noise)(x0));
      expect(await distance(() => mean, golden.posterior_mean)).toBeLessThan(TOLERANCE);
      expect(await numbersOf(() => variance, backend())).toEqual(golden.posterior_variance_per_batch);
      expect(await distance(() => logVariance, golden.posterior_log_variance_clipped_per_batch)).toBeLessThan(
        TOLERANCE,
      );
    });
  });

  describe.each(goldenSteps.cases.p.items)('reverse, $schedule, $var_type', (golden) => {
    const process = processes[golden.schedule];
    const denoiser = denoisers[golden.var_type];
    const t = timesteps(golden.t);
    const xt = qSample(process)(t, noise)(x0);
    const z: Noise = (x) => () => ascribeLike(x)(image(detNoise(SIZE, 0)));

    /** Both samples of the batch go through the step of each timestep; from each we take the one it is for. */
    const step = async (solver: Solver): Promise<readonly number[]> => {
      const made = right(sampler({ process, denoiser, solver, noise: z }));
      const each = golden.t.map((timestep) =>
        numbersOf((key) => {
          const index = scalar(made.timesteps.indexOf(timestep), 'int32');
          return made.step(null, made.start(xt), { index, key }).state.x;
        }, backend()),
      );
      const [first, second] = await Promise.all(each);
      return [...first!.slice(0, SIZE / 2), ...second!.slice(SIZE / 2)];
    };

    it('p_mean_variance', async () => {
      const { mean, logVariance, x0: predicted } = pMeanVariance(process, denoiser)(null, xt, { t });
      expect(await distance(() => predicted, golden.pred_xstart)).toBeLessThan(TOLERANCE);
      expect(await distance(() => mean, golden.mean)).toBeLessThan(TOLERANCE);
      const logVariances =
        golden.log_variance ??
        golden.log_variance_per_batch!.flatMap((l) => Array.from({ length: SIZE / 2 }, () => l));
      expect(await distance(() => logVariance, logVariances)).toBeLessThan(TOLERANCE);
    });

    it('p_sample', async () => {
      const sample = pSample(process, denoiser)(null, xt, { t }, image(detNoise(SIZE, 0)));
      expect(await distance(() => sample, golden['p_sample(noise k=0)'])).toBeLessThan(TOLERANCE);
    });

    it('p_sample, by the ancestral sampler', async () => {
      expect(relativeDistance(await step(ancestral()), golden['p_sample(noise k=0)'])).toBeLessThan(
        TOLERANCE,
      );
    });

    it.each([
      [0, golden['ddim_sample(eta=0.0,noise k=0)']],
      [0.5, golden['ddim_sample(eta=0.5,noise k=0)']],
      [1, golden['ddim_sample(eta=1.0,noise k=0)']],
    ])('ddim_sample, η = %d', async (eta, expected) => {
      expect(relativeDistance(await step(ddim({ eta })), expected)).toBeLessThan(TOLERANCE);
    });
  });
});
