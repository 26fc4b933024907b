import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  add,
  cast,
  compile,
  constantOf,
  type Dim,
  explain,
  fullLike,
  grad,
  matmul,
  mul,
  onesLike,
  program,
  scaleBy,
  sum,
  tanh,
  type Tensor,
  using,
  zeros,
} from '../../dsl/index.js';
import { labelOf } from '../../conditions/values.js';
import { F, RTE } from '../../internal/fp.js';
import { linear } from '../schedules/betaSchedules.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { type Conditioning, type Denoiser, learningVariance } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { spaced } from '../grids/grid.js';
import { cfg } from '../guidance/classifierFreeGuidance.js';
import { qPosterior } from '../paths/posterior.js';
import { fromPrevious } from '../losses/previousX.js';
import { respace } from '../grids/respacing.js';
import { pMeanVariance, pSample, reverseOf } from './reverse.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(scheduleFromBetas([0.1, 0.2, 0.3, 0.4, 0.5])));
const xt = constantOf([0.5, -1.5, 0.25, 2, -0.75, 1], 3, 2) as Tensor<[3, 2]>;
const t = constantOf(Int32Array.of(0, 2, 4), 3) as Tensor<[3], 'int32'>;
const noise = constantOf([1, -1, 2, 0.5, -0.25, 0.125], 3, 2) as Tensor<[3, 2]>;
const guess: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => mul(tanh(x), 1.5) };

describe('p_θ(x_{t-1}|x_t)', () => {
  it.each(['epsilon', 'x0', 'v', 'score'] as const)('is the same for every parameterization, %s', async (predicts) => {
    const denoiser = reparameterize(noising, predicts)(guess);
    const { mean } = pMeanVariance(noising, denoiser, { correction: uncorrected })(null, xt, { t });
    const x0 = mul(tanh(xt), 1.5);
    const expected = await numbersOf(() => qPosterior(noising)(t)(x0, xt).mean);
    expect(relativeDistance(await numbersOf(() => mean), expected)).toBeLessThan(1e-14);
  });

  it('has the predicted mean of a network that predicts x_{t-1}', async () => {
    const means: Denoiser<null, [2]>['apply'] = (_, x) => mul(tanh(x), 0.7);
    const denoiser = fromPrevious<null, [2]>(noising, { apply: means });
    const { mean } = pMeanVariance(noising, denoiser, { correction: uncorrected })(null, xt, { t });
    const expected = await numbersOf(() => mul(tanh(xt), 0.7));
    expect(relativeDistance(await numbersOf(() => mean), expected)).toBeLessThan(1e-14);
  });

  it('has the mean and the variance of a denoiser that learns both', async () => {
    const network = learningVariance<null, [2]>({
      predicts: 'epsilon', // ignored
      as: 'logVariance',
      apply: (_, x) => ({ prediction: mul(tanh(x), 0.7), variance: mul(x, -2) }),
    });
    const reverse = pMeanVariance(noising, fromPrevious(noising, network), { correction: uncorrected });
    const { mean, logVariance } = reverse(null, xt, { t });
    const expected = await numbersOf(() => mul(tanh(xt), 0.7));
    expect(relativeDistance(await numbersOf(() => mean), expected)).toBeLessThan(1e-14);
    expect(await numbersOf(() => logVariance)).toEqual(await numbersOf(() => mul(xt, -2)));
  });

  it('uses the corrected x̂₀, clipped by default', async () => {
    const clipped = await numbersOf(() => pMeanVariance(noising, guess)(null, xt, { t }).x0);
    const own = await numbersOf(
      () => pMeanVariance(noising, guess, { correction: (x0) => mul(x0, 0.1) })(null, xt, { t }).x0,
    );
    const raw = await numbersOf(() => mul(tanh(xt), 1.5));
    expect(clipped).toEqual(raw.map((x) => Math.max(-1, Math.min(1, x))));
    expect(
      relativeDistance(
        own,
        raw.map((x) => x / 10),
      ),
    ).toBeLessThan(1e-15);
  });
});

/** log β_t and log β̃_t of three of the five timesteps, by Bayes' rule on ᾱ = 0.9, 0.504, 0.1512. */
const RESPACED = {
  beta: [0.1, 1 - 0.504 / 0.9, 1 - 0.1512 / 0.504].map(Math.log),
  posterior: [0, ((1 - 0.9) / (1 - 0.504)) * (1 - 0.504 / 0.9), ((1 - 0.504) / (1 - 0.1512)) * (1 - 0.1512 / 0.504)],
};

describe('the variance of p_θ', () => {
  const short = right(respace(spaced(3))(noising));
  const each = constantOf(Int32Array.of(0, 1, 2), 3) as Tensor<[3], 'int32'>;
  // at t = 0, where β̃ is 0, the value of t = 1
  const small = RESPACED.posterior.map((v, i) => Math.log(i === 0 ? RESPACED.posterior[1]! : v));
  const logVariances = async (denoiser: Denoiser<null, [2]>, variance?: 'beta') => {
    const result = pMeanVariance(short, denoiser, variance && { variance })(null, xt, { t: each });
    return (await numbersOf(() => result.logVariance)).filter((_, i) => i % 2 === 0);
  };
  const learning = (as: 'range' | 'logVariance', value: number) =>
    learningVariance<null, [2]>({
      predicts: 'x0',
      as,
      apply: <B extends Dim>(_: null, x: Tensor<[B, 2]>) => ({ prediction: x, variance: fullLike(x, value) }),
    });

  it('if fixed, is β̃, or β with β̃ at t = 0, of the respaced process', async () => {
    expect(relativeDistance(await logVariances(guess), small)).toBeLessThan(1e-14);
    const large = [small[0]!, RESPACED.beta[1]!, RESPACED.beta[2]!];
    expect(relativeDistance(await logVariances(guess, 'beta'), large)).toBeLessThan(1e-14);
  });

  it('if learned as a range, is between log β̃ and log β of the respaced process', async () => {
    expect(relativeDistance(await logVariances(learning('range', -1)), small)).toBeLessThan(1e-14);
    expect(relativeDistance(await logVariances(learning('range', 1)), RESPACED.beta)).toBeLessThan(1e-14);
    const halfway = small.map((s, i) => (s + RESPACED.beta[i]!) / 2);
    expect(relativeDistance(await logVariances(learning('range', 0)), halfway)).toBeLessThan(1e-14);
  });

  it('if learned as logVariance, is the output itself', async () => {
    expect(await logVariances(learning('logVariance', -2.5))).toEqual([-2.5, -2.5, -2.5]);
  });
});

it('pSample adds σ·z except at t = 0, with a t for each sample', async () => {
  const { mean, logVariance } = pMeanVariance(noising, guess)(null, xt, { t });
  const [means, logs, z] = await Promise.all([mean, logVariance, noise].map((x) => numbersOf(() => x)));
  const samples = await numbersOf(() => pSample(noising, guess)(null, xt, { t }, noise));
  const expected = means!.map((m, i) => (i < 2 ? m : m + Math.exp(logs![i]! / 2) * z![i]!));
  expect(relativeDistance(samples, expected)).toBeLessThan(1e-14);
});

describe('p_θ of a denoiser with two outputs', () => {
  const conditions = { label: constantOf(Int32Array.of(0, 1, 0), 3) as Tensor<[3], 'int32'> };
  const classOf = <B extends Dim>(at: Conditioning<B>) => cast(labelOf(at)!, 'float32');
  const both = learningVariance<null, [2]>({
    predicts: 'x0',
    as: 'logVariance',
    conditions: { label: { classes: 2 } },
    apply: (_, x, at) => ({
      prediction: scaleBy(tanh(x), mul(classOf(at), 0.3)),
      variance: scaleBy(onesLike(x), add(classOf(at), 1)),
    }),
  });

  it('guidance changes the mean and keeps the variance', async () => {
    const guided = right(cfg(3)(both));
    const { learned: _, ...plain } = both;
    const of = (denoiser: Denoiser<null, [2]>) =>
      pMeanVariance(noising, denoiser, { correction: uncorrected })(null, xt, { t, conditions });
    const steered = await numbersOf(() => of(guided).mean);
    expect(steered).toEqual(await numbersOf(() => of(right(cfg(3)(plain))).mean));
    expect(steered).not.toEqual(await numbersOf(() => of(both).mean));
    expect(await numbersOf(() => of(guided).logVariance)).toEqual([1, 1, 2, 2, 1, 1]);
  });

  it('evaluates the network once a step', async () => {
    const network = learningVariance<Tensor<[16, 16]>, [16]>({
      predicts: 'x0',
      as: 'range',
      apply: (w, x) => {
        const h = matmul(tanh(matmul(x, w)), w);
        return { prediction: h, variance: tanh(h) };
      },
    });
    const step = program({ w: '16 16', x: '3 16' }, ({ w, x }) => {
      const { mean, logVariance } = pMeanVariance(noising, network)(w, x, { t });
      return { mean, logVariance };
    });
    const calls = right(await F.pipe(compile(step, {}), RTE.map(explain), using(wasm()))());
    // counts the matrix products by their operations: two of 3 × 16 × 16
    const products = calls.filter(({ flops }) => flops !== null && flops >= 2 * 3 * 16 * 16);
    expect(products).toHaveLength(2);
  });
});

it('reparameterize keeps a learned variance', async () => {
  const learned = learningVariance<null, [2]>({
    predicts: 'x0',
    as: 'range',
    apply: (_, x) => ({ prediction: tanh(x), variance: onesLike(x) }),
  });
  const asV = reparameterize(noising, 'v')(learned);
  const { prediction, variance } = asV.learned!.apply(null, xt, { t });
  expect(await numbersOf(() => prediction)).toEqual(await numbersOf(() => asV.apply(null, xt, { t })));
  expect(await numbersOf(() => variance)).toEqual([1, 1, 1, 1, 1, 1]);
});

it('a learned range keeps its digits in float32 for nearly equal log β and log β̃', async () => {
  const longer = right(ddpm(linear(1000)));
  const late = constantOf(Int32Array.of(700, 999), 2);
  const two = zeros(2, 1);
  const reverse = reverseOf<null, [1]>(
    longer,
    learningVariance({ predicts: 'x0', as: 'range', apply: (_, x) => ({ prediction: x, variance: x }) }),
  );
  const slopes = grad((variance: Tensor<[2, 1]>) => sum(reverse(late, two)({ prediction: two, variance }).logVariance));
  const actual = await numbersOf(() => slopes(two), wasm());
  const { betas } = longer.schedule;
  const expected = [700, 999].map((at) => Math.log(betas[at]!) / 2 - Math.log(longer.posteriors[at]!.sigma));
  expect(relativeDistance(actual, expected)).toBeLessThan(2 ** -22);
});
