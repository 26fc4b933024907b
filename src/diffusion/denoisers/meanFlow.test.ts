import { expect, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { add, ascribeLike, constantOf, type Dim, scalar, scaleBy, type Tensor, zeros } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import type { Conditioning } from './denoiser.js';
import { meanFlow } from './meanFlow.js';
import { overNoising } from './overNoising.js';

/** Returns t, the time of the network, plus t - r at each pixel. */
const network = {
  apply: <B extends Dim>(_: null, x: Tensor<[B, 2, 2, 1]>, at: Conditioning<B, 'float32'>): Tensor<[B, 2, 2, 1]> =>
    add(ascribeLike(at.condition!.image, x), scaleBy(add(x, 1), at.t)),
};
const result = overNoising(rectifiedFlow())(meanFlow<null, [2, 2, 1], typeof network>(network));
const x = zeros(2, 2, 2, 1);
const t = constantOf([0.75, 0.5], 2) as Tensor<[2]>;

test('the network gets t, and t - r as an image', async () => {
  const end = constantOf([0.25, 0], 2) as Tensor<[2]>;
  const actual = await numbersOf(() => result.apply(null, x, { t, end }));
  expect(actual).toEqual([1.25, 1.25, 1.25, 1.25, 1, 1, 1, 1]);
});

test('r is the end of the step of a solver, if it is left out', async () => {
  const at = (sigma: number) => ({ alpha: scalar(1 - sigma), sigma: scalar(sigma) });
  const step = { index: scalar(0, 'int32'), from: at(1), to: at(0.25) };
  const actual = await numbersOf(() => result.apply(null, x, { t, step }));
  expect(actual).toEqual([1.25, 1.25, 1.25, 1.25, 0.75, 0.75, 0.75, 0.75]);
});

test('without both it is an error', async () => {
  const actual = await outcomeOf(() => result.apply(null, x, { t }))();
  expect(E.isLeft(actual) && actual.left).toMatchObject({ where: 'meanFlow: end', expected: 'the end of the step' });
});
