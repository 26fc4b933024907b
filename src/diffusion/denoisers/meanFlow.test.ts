import { expect, test } from 'vitest';
import { numbersOf, outcomeOf, right } from '../../../properties/diffusion/run.js';
import {
  add,
  ascribeLike,
  concatAll,
  constantOf,
  type Dim,
  onesLike,
  scalar,
  scaleBy,
  type Tensor,
  zeros,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { imageOf } from '../../conditions/values.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { sampler } from '../sampling/sampler.js';
import { euler } from '../solvers/edm.js';
import type { Conditioning } from './denoiser.js';
import { meanFlow, meanFlowStep } from './meanFlow.js';
import { overNoising } from './overNoising.js';

/** Returns t, the time of the network, plus t - r at each pixel. */
const network = {
  conditions: { label: { classes: 3 }, interval: { image: 1 } },
  apply: <B extends Dim>(_: null, x: Tensor<[B, 2, 2, 1]>, at: Conditioning<B, 'float32'>): Tensor<[B, 2, 2, 1]> =>
    add(ascribeLike(imageOf(at, 'interval')!.image, x), scaleBy(add(x, 1), at.t)),
};
const result = overNoising(rectifiedFlow())(meanFlow<null, [2, 2, 1], typeof network>(network));
const x = zeros(2, 2, 2, 1);
const t = constantOf([0.75, 0.5], 2) as Tensor<[2]>;

test('the network gets t, and the time t - r to the end of the step as an image of each sample', async () => {
  const step = meanFlowStep(t, constantOf([0.25, 0], 2) as Tensor<[2]>);
  const actual = await numbersOf(() => result.apply(null, x, { t, step }));
  expect(actual).toEqual([1.25, 1.25, 1.25, 1.25, 1, 1, 1, 1]);
});

test('a step has the levels (1 - t, t) at which it begins and (1 - r, r) at which it ends', async () => {
  const { index, from, to } = meanFlowStep(t, constantOf([0.25, 0], 2) as Tensor<[2]>);
  const levels = concatAll([from.alpha, from.sigma, to.alpha, to.sigma], 0);
  expect(await numbersOf(() => levels)).toEqual([0.25, 0.5, 0.75, 0.5, 0.75, 1, 0.25, 0]);
  expect(await numbersOf(() => index)).toEqual([0]);
});

test('one step of a sampler from t to r follows the flow: x - (t - r)·u', async () => {
  // u is t at each pixel of a network that ignores its interval
  const still = { ...network, apply: <B extends Dim>(_: null, z: Tensor<[B, 2, 2, 1]>, at: Conditioning<B, 'float32'>) => scaleBy(onesLike(z), at.t) }; // oxfmt-ignore
  const denoiser = meanFlow<null, [2, 2, 1], typeof still>(still);
  const { start, step } = right(
    sampler({ noising: rectifiedFlow(), denoiser, solver: euler(), grid: 2, correction: uncorrected }),
  );
  const actual = await numbersOf(() => step(null, start(zeros(1, 2, 2, 1)), { index: scalar(0, 'int32') }).state.x);
  expect(actual).toEqual([-0.5, -0.5, -0.5, -0.5]); // from t = 1 to r = 0.5
});

test('a caller gives the other conditions of the network, and not its interval', async () => {
  expect(meanFlow<null, [2, 2, 1], typeof network>(network).conditions).toEqual({ label: { classes: 3 } });
  const step = meanFlowStep(t, t);
  const interval = { image: x };
  const refused = await outcomeOf(() => result.apply(null, x, { t, step, conditions: { interval } }))();
  expect(E.isLeft(refused) && refused.left.message).toContain(
    'conditions.interval: expected the condition label, got a condition that the model does not take',
  );
});

test('without a step it is an error', async () => {
  const actual = await outcomeOf(() => result.apply(null, x, { t }))();
  expect(E.isLeft(actual) && actual.left).toMatchObject({
    where: 'meanFlow: step',
    expected: 'the step that ends at r',
  });
});
