import { describe, expect, it } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import { tfjs } from '../../src/backends/tfjs/index.js';
import { wasm } from '../../src/backends/wasm/backend.js';
import {
  ancestral,
  classifierGuided,
  cosine,
  ddim,
  ddimInversion,
  ddpm,
  type Denoiser,
  type GuideGradient,
  learningVariance,
  linear,
  meanGuided,
  type Noise,
  overParams,
  pMeanVariance,
  priorTerm,
  pSample,
  qMeanVariance,
  qPosterior,
  qSample,
  sampler,
  type SamplerParts,
  type Solver,
  atTimes,
} from '../../src/diffusion/index.js';
import {
  add,
  ascribeLike,
  cast,
  cos,
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
const noisings = { linear: right(ddpm(linear(1000))), cosine: right(ddpm(cosine(1000))) };
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
    const ofTime = mul(sin(mul(cast(t, 'float32'), 0.01)), 0.3);
    return mul(tanh(add(mul(x, 0.8), scaleBy(onesLike(x), ofTime))), 0.9);
  },
};

/** The same, and 0.5·sin(3·x + t/50) for its variance. */
const fakeRange = learningVariance<null, Image>({
  predicts: 'epsilon',
  as: 'range',
  apply: (params, x, at) => {
    const ofTime = mul(cast(at.t, 'float32'), 0.02);
    return {
      prediction: fakeEpsilon.apply(params, x, at),
      variance: mul(sin(add(mul(x, 3), scaleBy(onesLike(x), ofTime))), 0.5),
    };
  },
});
/** ∇ log p(y|x_t) = -0.5·x + 0.1·cos(t/200) */
const towards: GuideGradient<null, Image> = {
  gradient: (_, x, { t }) => {
    const ofTime = mul(cos(mul(cast(t, 'float32'), 1 / 200)), 0.1);
    return add(mul(x, -0.5), scaleBy(onesLike(x), ofTime));
  },
};
const beside = overParams((_: { readonly guide: null }) => null);
const params = { guide: null };
const denoisers = { FIXED_SMALL: fakeEpsilon, LEARNED_RANGE: fakeRange };

describe.each([
  ['reference', reference],
  ['tfjs-cpu', () => tfjs('cpu')],
  ['wasm', wasm],
])('guided-diffusion’s steps on %s', (_, backend) => {
  const distance = async (build: Parameters<typeof numbersOf>[0], golden: readonly number[]): Promise<number> =>
    relativeDistance(await numbersOf(build, backend()), golden);

  describe.each(goldenSteps.cases.q.items)('forward, at t = $t', (golden) => {
    const noising = noisings.linear;
    const t = timesteps(golden.t);

    it('q_sample', async () => {
      expect(await distance(() => qSample(noising)(t, noise)(x0), golden.q_sample)).toBeLessThan(TOLERANCE);
    });

    it('q_mean_variance', async () => {
      const { mean, variance, logVariance } = qMeanVariance(noising)(t)(x0);
      expect(await distance(() => mean, golden.q_mean)).toBeLessThan(TOLERANCE);
      expect(await distance(() => variance, golden.q_variance_per_batch)).toBeLessThan(TOLERANCE);
      expect(await distance(() => logVariance, golden.q_log_variance_per_batch)).toBeLessThan(TOLERANCE);
    });

    it('q_posterior_mean_variance', async () => {
      const { mean, variance, logVariance } = qPosterior(noising)(t)(x0, qSample(noising)(t, noise)(x0));
      expect(await distance(() => mean, golden.posterior_mean)).toBeLessThan(TOLERANCE);
      expect(await numbersOf(() => variance, backend())).toEqual(golden.posterior_variance_per_batch);
      expect(await distance(() => logVariance, golden.posterior_log_variance_clipped_per_batch)).toBeLessThan(
        TOLERANCE,
      );
    });

    it('_prior_bpd', async () => {
      expect(await distance(() => priorTerm(noising)(x0), golden.prior_bpd)).toBeLessThan(TOLERANCE);
    });
  });

  describe.each(goldenSteps.cases.p.items)('reverse, $schedule, $var_type', (golden) => {
    const noising = noisings[golden.schedule];
    const denoiser = denoisers[golden.var_type];
    const t = timesteps(golden.t);
    const xt = qSample(noising)(t, noise)(x0);
    const z: Noise = (x) => () => ascribeLike(image(detNoise(SIZE, 0)), x);

    /**
     * Both samples of the batch go through the step of each timestep; of each result we take the sample with that
     * timestep.
     */
    const step = async (
      solver: Solver,
      guidance?: SamplerParts<typeof params, Image>['guidance'],
    ): Promise<readonly number[]> => {
      const result = right(
        sampler({ noising, denoiser: beside(denoiser), solver, noise: z, ...(guidance && { guidance }) }),
      );
      const each = golden.t.map((timestep) =>
        numbersOf((key) => {
          const index = scalar(result.timesteps.indexOf(timestep), 'int32');
          return result.step(params, result.start(xt), { index, key }).state.x;
        }, backend()),
      );
      const [first, second] = await Promise.all(each);
      return [...first!.slice(0, SIZE / 2), ...second!.slice(SIZE / 2)];
    };

    it('p_mean_variance', async () => {
      const { mean, logVariance, x0: predicted } = pMeanVariance(noising, denoiser)(null, xt, { t });
      expect(await distance(() => predicted, golden.pred_xstart)).toBeLessThan(TOLERANCE);
      expect(await distance(() => mean, golden.mean)).toBeLessThan(TOLERANCE);
      const logVariances =
        golden.log_variance ?? golden.log_variance_per_batch!.flatMap((l) => Array.from({ length: SIZE / 2 }, () => l));
      expect(await distance(() => logVariance, logVariances)).toBeLessThan(TOLERANCE);
    });

    it('p_sample', async () => {
      const sample = pSample(noising, denoiser)(null, xt, { t }, image(detNoise(SIZE, 0)));
      expect(await distance(() => sample, golden['p_sample(noise k=0)'])).toBeLessThan(TOLERANCE);
    });

    it('p_sample, by the ancestral sampler', async () => {
      expect(relativeDistance(await step(ancestral()), golden['p_sample(noise k=0)'])).toBeLessThan(TOLERANCE);
    });

    it.each([
      [0, golden['ddim_sample(eta=0.0,noise k=0)']],
      [0.5, golden['ddim_sample(eta=0.5,noise k=0)']],
      [1, golden['ddim_sample(eta=1.0,noise k=0)']],
    ])('ddim_sample, η = %d', async (eta, expected) => {
      expect(relativeDistance(await step(ddim({ eta })), expected)).toBeLessThan(TOLERANCE);
    });

    it('ddim_reverse_sample, where t+1 is a timestep', async () => {
      // the inversion's second step is that from t to t+1
      const each = golden.t.map((timestep) =>
        timestep + 1 === noising.schedule.T
          ? null
          : numbersOf(() => {
              const parts = { noising, denoiser, solver: ddimInversion(), grid: atTimes([timestep + 1, timestep]) }; // oxfmt-ignore
              const inversion = right(sampler(parts));
              return inversion.step(null, inversion.start(xt), { index: scalar(1, 'int32') }).state.x;
            }, backend()),
      );
      const of = (sample: number, numbers: readonly number[]) =>
        numbers.slice((sample * SIZE) / 2, ((sample + 1) * SIZE) / 2);
      expect(each.filter((one) => one !== null)).not.toEqual([]);
      for (const [sample, one] of each.entries())
        if (one !== null)
          expect(relativeDistance(of(sample, await one), of(sample, golden.ddim_reverse_sample))).toBeLessThan(TOLERANCE); // oxfmt-ignore
    });

    const onMean = meanGuided(towards, 1);
    const onScore = classifierGuided(towards, 1);
    const reverseBy = (guidance: typeof onMean) =>
      pMeanVariance(noising, right(guidance(beside(denoiser))))(params, xt, { t });

    it('condition_mean: x̂₀ is clipped before it is guided', async () => {
      expect(await distance(() => reverseBy(onMean).mean, golden.condition_mean)).toBeLessThan(TOLERANCE);
    });

    it('p_sample_cond', async () => {
      const drawn = pSample(noising, right(onMean(beside(denoiser))))(params, xt, { t }, image(detNoise(SIZE, 0)));
      const expected = golden['p_sample_cond(noise k=0)'];
      expect(await distance(() => drawn, expected)).toBeLessThan(TOLERANCE);
      expect(relativeDistance(await step(ancestral(), onMean), expected)).toBeLessThan(TOLERANCE);
    });

    it('condition_score', async () => {
      const { mean, x0: predicted } = reverseBy(onScore);
      expect(await distance(() => mean, golden['condition_score.mean'])).toBeLessThan(TOLERANCE);
      expect(await distance(() => predicted, golden['condition_score.pred_xstart'])).toBeLessThan(TOLERANCE);
    });

    it('ddim_sample_cond', async () => {
      const expected = golden['ddim_sample_cond(eta=0)'];
      expect(relativeDistance(await step(ddim(), onScore), expected)).toBeLessThan(TOLERANCE);
    });
  });
});
