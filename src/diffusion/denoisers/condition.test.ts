/** Denoisers that are conditioned on an image: losses, samplers and guidance pass the image to them, and only to them. */
import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import {
  add,
  cast,
  constantOf,
  type Dim,
  type Key,
  mul,
  onesLike,
  reshape,
  scalar,
  scaleBy,
  type Shape,
  sumPerSample,
  tanh,
  type Tensor,
} from '../../dsl/index.js';
import { boundLosses, hybridLosses, rescaledBoundLosses } from '../losses/boundLoss.js';
import type { Condition } from './condition.js';
import { ddim } from '../solvers/ddim.js';
import { type Conditioning, type Denoiser, learningVariance } from './denoiser.js';
import { boundAt } from '../likelihood/boundEvaluation.js';
import { cfg } from '../guidance/classifierFreeGuidance.js';
import { likelihood } from '../likelihood/odeLikelihood.js';
import { type Losses, meanLoss } from '../losses/objective.js';
import { predictionErrors, simpleLosses } from '../losses/loss.js';
import { pMeanVariance, pSample } from '../likelihood/reverse.js';
import { sampler } from '../sampling/sampler.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { snrWeight, weightedBy } from '../losses/weighting.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(scheduleFromBetas([0.1, 0.2, 0.3])));
const x0 = constantOf([0.5, -1, 0.25, 1, -0.75, 0.2], 3, 2) as Tensor<[3, 2]>;
const t = constantOf(Int32Array.of(0, 2, 1), 3) as Tensor<[3], 'int32'>;
const label = constantOf(Int32Array.of(1, 0, 1), 3) as Tensor<[3], 'int32'>;
const condition: Condition<3> = { image: constantOf([0.3, -0.4, 0.7], 3, 1, 1, 1), t };

/** tanh(x + 0.3·label + image + 0.1·t of the image), samples independent of each other. */
const shifted = <B extends Dim>(x: Tensor<[B, 2]>, at: Conditioning<B>): Tensor<[B, 2]> => {
  const ofLabel = mul(cast(at.label!, 'float32'), 0.3);
  const ofNoise = mul(cast(at.condition!.t!, 'float32'), 0.1);
  const shift = add(add(sumPerSample(at.condition!.image), ofLabel), ofNoise);
  return tanh(add(x, scaleBy(onesLike(x), shift)));
};
const conditional = learningVariance<null, [2]>({
  predicts: 'epsilon',
  as: 'range',
  classes: 2,
  condition: { channels: 1 },
  apply: (_, x, at) => ({ prediction: shifted(x, at), variance: mul(shifted(x, at), 0.5) }),
});
/** The same denoiser with the condition built in. */
const closed: Denoiser<null, [2]> = learningVariance<null, [2]>({
  predicts: 'epsilon',
  as: 'range',
  classes: 2,
  apply: <B extends Dim>(_: null, x: Tensor<[B, 2]>, at: Conditioning<NoInfer<B>>) =>
    conditional.learned!.apply(null, x, { ...at, condition: condition as unknown as Condition<B> }), // of 3 samples
});

type Told = { readonly label: typeof label; readonly condition?: Condition<3> };
type Use = (denoiser: Denoiser<null, [2]>, told: Told, key: Key) => Tensor<Shape>;

const losses =
  (make: (denoiser: Denoiser<null, [2]>) => Losses<null, [2]>): Use =>
  (denoiser, told, key) =>
    make(denoiser)(null, { x0, key, label: told.label, condition: told.condition }).losses;
const index = scalar(1, 'int32');

const uses: Readonly<Record<string, Use>> = {
  simpleLosses: losses((denoiser) => simpleLosses(noising, denoiser)),
  boundLosses: losses((denoiser) => boundLosses(noising, denoiser)),
  rescaledBoundLosses: losses((denoiser) => rescaledBoundLosses(noising, denoiser)),
  hybridLosses: losses((denoiser) => hybridLosses(noising, denoiser)),
  weightedBy: losses((denoiser) => weightedBy(snrWeight)(simpleLosses)(noising, denoiser)),
  predictionErrors: (denoiser, told, key) =>
    predictionErrors(noising, denoiser)(null, { x0, key, label: told.label, condition: told.condition }).error,
  meanLoss: (denoiser, told, key) =>
    meanLoss(simpleLosses(noising, denoiser))(null, { x0, key, label: told.label, condition: told.condition }),
  boundAt: (denoiser, told, key) => boundAt(noising, denoiser)(null, x0, { ...told, t: index, key }).bits,
  'the mean of pMeanVariance': (denoiser, told) => pMeanVariance(noising, denoiser)(null, x0, { ...told, t }).mean,
  'the variance of pMeanVariance': (denoiser, told) =>
    pMeanVariance(noising, denoiser)(null, x0, { ...told, t }).logVariance,
  pSample: (denoiser, told) => pSample(noising, denoiser)(null, x0, { ...told, t }, x0),
  'a step of a sampler': (denoiser, told) => {
    const { start, step } = right(sampler({ noising, denoiser, solver: ddim() }));
    return step(null, start(x0), { ...told, index }).state.x;
  },
  'a step of a likelihood': (denoiser, told, key) => {
    const { start, step } = right(likelihood({ noising, denoiser }));
    return step(null, start(x0), { ...told, index, key }).x;
  },
};

describe.each(Object.entries(uses))('%s', (_, use) => {
  it('passes the condition on', async () => {
    const passed = await numbersOf((key) => use(conditional, { label, condition }, key));
    expect(passed).toEqual(await numbersOf((key) => use(closed, { label }, key)));
    expect(passed.every(Number.isFinite)).toBe(true);
  });

  it('refuses a missing condition and an unexpected one', async () => {
    expect(await outcomeOf((key) => use(conditional, { label }, key))()).toMatchObject({
      left: {
        _tag: 'ConfigError',
        message: expect.stringContaining(
          'expected an image as the condition of each sample, [B, height, width, 1], got none',
        ),
      },
    });
    expect(await outcomeOf((key) => use(closed, { label, condition }, key))()).toMatchObject({
      left: { _tag: 'ConfigError', message: expect.stringContaining('denoiser: expected no condition') },
    });
  });
});

describe('classifier-free guidance', () => {
  it('gives both predictions the same condition', async () => {
    const nobody = constantOf(Int32Array.of(2, 2, 2), 3) as typeof label;
    const inputs = { t, condition };
    const guided = await numbersOf(() => right(cfg(3)(conditional)).apply(null, x0, { ...inputs, label }));
    const cond = await numbersOf(() => conditional.apply(null, x0, { ...inputs, label }));
    const uncond = await numbersOf(() => conditional.apply(null, x0, { ...inputs, label: nobody }));
    const expected = cond.map((c, i) => uncond[i]! + 3 * (c - uncond[i]!));
    expect(relativeDistance(guided, expected)).toBeLessThan(1e-15);
  });

  it('passes a condition without a noise level', async () => {
    const { image } = condition;
    const silent: Denoiser<null, [2]> = {
      ...conditional,
      apply: (_, x, at) => shifted(x, { ...at, condition: { image: at.condition!.image, t: wholeTimesteps(at.t) } }),
    };
    const guided = right(cfg(1)(silent));
    const told = { t, label, condition: { image } };
    expect(
      relativeDistance(
        await numbersOf(() => reshape(guided.apply(null, x0, told), -1)),
        await numbersOf(() => silent.apply(null, x0, told)),
      ),
    ).toBeLessThan(1e-15);
  });
});
