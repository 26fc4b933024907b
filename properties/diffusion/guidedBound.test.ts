/** The bound, classifier guidance and reversed DDIM of guided-diffusion, in float64 on the reference. */
import { describe, expect, it } from 'vitest';
import {
  boundTerm,
  type Classifier,
  classifierGuided,
  clipToImage,
  ddimInversion,
  ddpm,
  type Denoiser,
  fromPrevious,
  learningVariance,
  linear,
  meanGuided,
  overParams,
  pMeanVariance,
  priorTerm,
  qSample,
  sampler,
  atTimes,
  uncorrected,
} from '../../src/diffusion/index.js';
import {
  add,
  cast,
  constantOf,
  type Dim,
  expandDims,
  matmul,
  mul,
  onesLike,
  scalar,
  scaleBy,
  sin,
  square,
  sumPerSample,
  tanh,
  type Tensor,
} from '../../src/dsl/index.js';
import { goldenBound } from '../golden/guidedBound.js';
import { detNoise } from '../golden/gaussianDiffusion.js';
import { numbersOf, relativeDistance, right } from './run.js';
import { wholeTimesteps } from '../../src/diffusion/paths/discretePath.js';

/** The published numbers have 14 digits; 1/√ᾱ is at most 158. */
const TOLERANCE = 1e-12;

/** A KL divergence is a difference of terms of size 1. */
const within = (bits: number): number => TOLERANCE * bits + 2 ** -50;

type Image = [1, 2, 2];
const SIZE = 8;
const noising = right(ddpm(linear(1000)));
const image = (numbers: readonly number[]): Tensor<[2, ...Image]> => constantOf(numbers, 2, 1, 2, 2);
const bytes = Array.from({ length: SIZE }, (_, i) => (i === 1 ? 255 : i === 0 ? 0 : (37 * i + 11) % 256));
const x0 = image(bytes.map((level) => level / 127.5 - 1));
const at = (t: readonly number[]): Tensor<[2], 'int32'> => constantOf(Int32Array.from(t), 2);
const noisy = (t: readonly number[]): Tensor<[2, ...Image]> => qSample(noising)(at(t), image(detNoise(SIZE, 100)))(x0);

const ofTime = <B extends Dim>(factor: number, x: Tensor<[B, ...Image]>, t: Tensor<[B], 'int32'>) =>
  scaleBy(onesLike(x), mul(cast(t, 'float32'), factor) as Tensor<[B]>) as Tensor<[B, ...Image]>;

const fake: Denoiser<null, Image> = {
  predicts: 'epsilon',
  apply: (_, x, { t }) => mul(tanh(add(mul(x, 0.8), mul(sin(ofTime(0.01, x, wholeTimesteps(t))), 0.3))), 0.9),
};
const learning = (as: 'range' | 'logVariance'): Denoiser<null, Image> =>
  learningVariance<null, Image>({
    predicts: 'epsilon',
    as,
    apply: (params, x, where) => ({
      prediction: fake.apply(params, x, where),
      variance: mul(sin(add(mul(x, 3), ofTime(0.02, x, wholeTimesteps(where.t)))), 0.5),
    }),
  });
const denoisers = {
  FIXED_SMALL: fake,
  FIXED_LARGE: fake,
  LEARNED_RANGE: learning('range'),
  LEARNED: learning('logVariance'),
};

/** Logits 0 and Σ(0.5·sin x + 0.1·x²). */
const classifier: Classifier<null, Image> = {
  classes: 2,
  apply: <B extends Dim>(_: null, x: Tensor<[B, ...Image]>) =>
    matmul(
      expandDims(sumPerSample(add(mul(sin(x), 0.5), mul(square(x), 0.1))), 1) as Tensor<[B, 1]>,
      constantOf([0, 1], 1, 2),
    ) as Tensor<[B, Dim]>,
};
const params = { guide: null };
const conditions = { label: at([1, 1]) };

it('_prior_bpd', async () => {
  const ours = await numbersOf(() => priorTerm(noising)(x0));
  goldenBound._prior_bpd.forEach((bits, i) => expect(Math.abs(ours[i]! - bits)).toBeLessThan(within(bits)));
});

describe.each(goldenBound._vb_terms_bpd)('_vb_terms_bpd, $var_type, clip_denoised $clip_denoised', (golden) => {
  const variance = golden.var_type === 'FIXED_LARGE' ? 'beta' : 'posterior';
  const correction = golden.clip_denoised ? clipToImage : uncorrected;
  const terms = (t: readonly number[], cdf: 'erf' | 'tanh' = 'erf') =>
    numbersOf(() => {
      const xt = noisy(t);
      const reverse = pMeanVariance(noising, denoisers[golden.var_type], { variance, correction });
      return boundTerm(noising, { cdf })(at(t), x0, xt)(reverse(null, xt, { t: at(t) }));
    });

  it.each(golden.t.map((t, i) => [t, golden.vb[i]!] as const))('t = %j', async (t, theirs) => {
    const ours = await terms(t);
    const theirCdf = await terms(t, 'tanh');
    t.forEach((timestep, i) => {
      const off = Math.abs(ours[i]! - theirs[i]!);
      if (timestep > 0) expect(off).toBeLessThan(within(theirs[i]!));
      else {
        // the roundings of the mean are divided by σ, about 0.01, and a bin is a difference of two cdfs
        expect(Math.abs(theirCdf[i]! / theirs[i]! - 1)).toBeLessThan(1e-11);
        // L_0 is of a tanh there, in place of the normal distribution: see discretizedGaussian.test.ts
        expect(off / theirs[i]!).toBeLessThan(0.02);
        expect(off).toBeGreaterThan(1e-8);
      }
    });
  });
});

const beside = overParams((_: typeof params) => null);

describe.each(goldenBound.guided)('classifier guidance at t = $t', (golden) => {
  const { t } = golden;
  const guided = (denoiser: Denoiser<typeof params, Image>) =>
    pMeanVariance(noising, denoiser, { correction: uncorrected })(params, noisy(t), { t: at(t), conditions });

  it('condition_mean takes the gradient at x_t', async () => {
    const result = right(meanGuided(classifier, 2)(beside(fake)));
    const ours = await numbersOf(() => guided(result).mean);
    expect(relativeDistance(ours, golden.condition_mean)).toBeLessThan(TOLERANCE);
    const paper = right(meanGuided(classifier, 2, { gradientAt: 'mean' })(beside(fake)));
    const derived = await numbersOf(() => guided(paper).mean);
    expect(relativeDistance(derived, golden.condition_mean)).toBeGreaterThan(1e-8);
  });

  it('condition_score', async () => {
    const result = right(classifierGuided(classifier, 2)(beside(fake)));
    const mean = await numbersOf(() => guided(result).mean);
    expect(relativeDistance(mean, golden['condition_score.mean'])).toBeLessThan(TOLERANCE);
    const predicted = await numbersOf(() => guided(result).x0);
    expect(relativeDistance(predicted, golden['condition_score.pred_xstart'])).toBeLessThan(TOLERANCE);
  });
});

it.each(goldenBound.reversed)('ddim_reverse_sample from t = $t is a step of the inversion', async (golden) => {
  const each = await Promise.all(
    golden.t.map((t) => {
      const result = right(
        sampler({
          noising,
          denoiser: fake,
          grid: atTimes([t + 1, t]),
          solver: ddimInversion(),
          correction: uncorrected,
        }),
      );
      // its first step is that from the data to t
      return numbersOf(
        () => result.step(null, { x: image(golden.x), memory: [] }, { index: scalar(1, 'int32') }).state.x,
      );
    }),
  );
  const ours = [...each[0]!.slice(0, SIZE / 2), ...each[1]!.slice(SIZE / 2)];
  expect(relativeDistance(ours, golden.ddim_reverse_sample)).toBeLessThan(TOLERANCE);
});

it.each(goldenBound.previous)('_predict_xstart_from_xprev at t = $t', async ({ t, pred_xstart }) => {
  const denoiser = fromPrevious<null, Image>(noising, { apply: fake.apply });
  const ours = await numbersOf(() => denoiser.apply(null, noisy(t), { t: at(t) }));
  expect(relativeDistance(ours, pred_xstart)).toBeLessThan(TOLERANCE);
});
