/**
 * Classifier guidance over respaced processes with a learned range of the variance: `SpacedDiffusion`, `p_mean_variance`,
 * `condition_mean` and `condition_score` of openai/guided-diffusion, written out for one number in float64.
 */
import { describe, expect, it } from 'vitest';
import {
  ancestral,
  type Classifier,
  classifierGuided,
  cosine,
  ddim,
  ddpm,
  type Denoiser,
  type Guidance,
  learningVariance,
  linear,
  meanGuided,
  overParams,
  pMeanVariance,
  type DiscreteNoising,
  respace,
  sampler,
  type Solver,
  atTimes,
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
  sumPerSample,
  tanh,
  type Tensor,
} from '../../src/dsl/index.js';
import { numbersOf, relativeDistance, right } from './run.js';

const SCALE = 3;
const CLASSES = [-0.5, 0.2, 1.5];
const xs = [0.3, -0.8, 1.7, -2.2];
const labels = [0, 2, 1, 2];
const COUNT = xs.length;

const denoiser = learningVariance<null, [1]>({
  predicts: 'epsilon',
  as: 'range',
  apply: (_, x, { t }) => {
    const ofTime = (factor: number) => scaleBy(onesLike(x), mul(cast(t, 'float32'), factor));
    return {
      prediction: mul(tanh(add(mul(x, 0.8), mul(sin(ofTime(0.01)), 0.3))), 0.9),
      variance: mul(sin(add(mul(x, 3), ofTime(0.02))), 0.5),
    };
  },
});
/** Logits c·x·(1 + t/1000), whose softmax is p(y|x_t). */
const classifier: Classifier<null, [1]> = {
  classes: CLASSES.length,
  apply: (_, x, t) =>
    matmul(expandDims(sumPerSample(scaleBy(x, add(mul(cast(t, 'float32'), 1e-3), 1))), 1), constantOf(CLASSES, 1, 3)),
};

/** p_θ(x_{t-1}|x_t) of the published code, for one sample. */
const published = (
  { schedule, timesteps }: DiscreteNoising,
  longer: DiscreteNoising,
  place: number,
  sample: number,
) => {
  const bars = Array.from(timesteps, (t) => longer.schedule.alphaBars[t]!);
  // SpacedDiffusion.__init__, and GaussianDiffusion.__init__ of its betas
  const betas = bars.map((bar, i) => 1 - bar / (bars[i - 1] ?? 1));
  const before = (i: number): number => bars[i - 1] ?? 1;
  const posteriorVariance = (i: number): number => (betas[i]! * (1 - before(i))) / (1 - bars[i]!);
  const clipped = (i: number): number => Math.log(posteriorVariance(i === 0 ? 1 : i));
  expect(schedule.T).toBe(bars.length);

  const [t, x, bar] = [timesteps[place]!, xs[sample]!, bars[place]!];
  const epsilon = 0.9 * Math.tanh(0.8 * x + 0.3 * Math.sin(t * 0.01));
  const frac = (0.5 * Math.sin(3 * x + t * 0.02) + 1) / 2;
  const variance = Math.exp(frac * Math.log(betas[place]!) + (1 - frac) * clipped(place));
  const predXstart = Math.min(1, Math.max(-1, x / Math.sqrt(bar) - Math.sqrt(1 / bar - 1) * epsilon));
  const meanOf = (x0: number): number =>
    ((betas[place]! * Math.sqrt(before(place))) / (1 - bar)) * x0 +
    (((1 - before(place)) * Math.sqrt(1 - betas[place]!)) / (1 - bar)) * x;

  // cond_fn: the gradient of log_softmax(logits)[y].sum(), times the scale
  const slope = 1 + t / 1000;
  const weights = CLASSES.map((c) => Math.exp(c * x * slope));
  const total = weights.reduce((a, b) => a + b, 0);
  const average = CLASSES.reduce((sum, c, i) => sum + (c * weights[i]!) / total, 0);
  const gradient = SCALE * slope * (CLASSES[labels[sample]!]! - average);

  const eps = (x / Math.sqrt(bar) - predXstart) / Math.sqrt(1 / bar - 1) - Math.sqrt(1 - bar) * gradient;
  const guidedXstart = x / Math.sqrt(bar) - Math.sqrt(1 / bar - 1) * eps;
  return {
    conditionMean: meanOf(predXstart) + variance * gradient,
    conditionScoreMean: meanOf(guidedXstart),
    conditionScoreXstart: guidedXstart,
    variance,
    ddim: Math.sqrt(before(place)) * guidedXstart + Math.sqrt(1 - before(place)) * eps,
  };
};

const longers = { linear: right(ddpm(linear(1000))), cosine: right(ddpm(cosine(1000))) };
const grids = { everyTimestep: null, short: [999, 700, 250, 40, 3], few: [998, 500] } as const;
const beside: Denoiser<{ readonly guide: null }, [1]> = overParams((_: { readonly guide: null }) => null)(denoiser);
type Guide = Guidance<{ readonly guide: null }, [1]>;
const params = { guide: null };
const x = constantOf(xs, COUNT, 1);
const conditions = { label: constantOf(Int32Array.from(labels), COUNT) };

describe.each(Object.entries(longers))('the guidance of guided-diffusion, %s', (_, longer) => {
  it.each(Object.entries(grids))('over %s', async (__, grid) => {
    const noising = grid === null ? longer : right(respace(atTimes(grid))(longer));
    const { T } = noising.schedule;
    const places = [0, 1, Math.floor(T / 2), T - 1];
    const at = { t: constantOf(Int32Array.from(places), COUNT), conditions };
    const expected = places.map((place, sample) => published(noising, longer, place, sample));
    const by = (guidance: Guide) => pMeanVariance(noising, right(guidance(beside)))(params, x, at);

    type One = (typeof expected)[number];
    const close = async (actual: Tensor<[Dim, 1]>, target: (one: One) => number) =>
      expect(relativeDistance(await numbersOf(() => actual), expected.map(target))).toBeLessThan(1e-11);
    const onMean = by(meanGuided(classifier, SCALE));
    await close(onMean.mean, ({ conditionMean }) => conditionMean);
    await close(onMean.logVariance, ({ variance }) => Math.log(variance));
    const onScore = by(classifierGuided(classifier, SCALE));
    await close(onScore.mean, ({ conditionScoreMean }) => conditionScoreMean);
    await close(onScore.x0, ({ conditionScoreXstart }) => conditionScoreXstart);

    // the samplers, on the longer process with the same grid as well
    const walks = grid === null ? [{ noising }] : [{ noising }, { noising: longer, grid: atTimes(grid) }];
    for (const walk of walks) {
      for (const [sample, place] of places.entries()) {
        const step = async (solver: Solver, guidance: Guide) => {
          const result = right(
            sampler({ ...walk, denoiser: beside, noise: (z) => () => onesLike(z), solver, guidance }),
          );
          const index = scalar(T - 1 - place, 'int32');
          const actual = await numbersOf(
            (key) => result.step(params, result.start(x), { index, key, conditions }).state.x,
          );
          return actual[sample]!;
        };
        const { conditionMean, variance, ddim: next } = expected[sample]!;
        const noise = place === 0 ? 0 : Math.sqrt(variance);
        const samples = await step(ancestral(), meanGuided(classifier, SCALE));
        expect(Math.abs(samples - conditionMean - noise)).toBeLessThan(1e-10 * (1 + Math.abs(samples)));
        const actual = await step(ddim(), classifierGuided(classifier, SCALE));
        expect(Math.abs(actual - next)).toBeLessThan(1e-10 * (1 + Math.abs(next)));
      }
    }
  });
});
