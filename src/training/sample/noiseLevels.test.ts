import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { cosine, ddim, ddpm, linear, type Model, respace, respaceAtSigmas, spaced } from '../../diffusion/index.js';
import { add, key, type Scalar, using, zerosLike } from '../../dsl/index.js';
import { E, RTE } from '../../internal/fp.js';
import { adam, allZeros, parameter } from '../../nn/index.js';
import { datasetOf } from '../../data/dataset.js';
import { fit } from '../fit/fit.js';
import { right } from '../testing.js';
import type { Trained } from '../../checkpoints/trained.js';
import { encode } from './encode.js';
import { sample } from './sample.js';

type Image = [1, 1, 1];

const model: Model<Scalar, Image> = {
  ...parameter(allZeros),
  predicts: 'x0',
  apply: (w, x) => add(zerosLike(x), w),
};
const noising = right(ddpm(cosine(100)));
const recipe = {
  ...{ model, noising, optimizer: adam({ learningRate: 0.1 }), batch: 2, steps: 1, key: key(7) },
  data: right(datasetOf({ pixels: Uint8Array.of(255, 0), image: [1, 1, 1] })),
};

/** Draws from a model that was trained with {@link process}, after a change of it. */
const draw = (change: (trained: Trained<Scalar, Image>) => Trained<Scalar, Image>, more: object = {}) =>
  using(reference())((backend) =>
    RTE.chain((trained: Trained<Scalar, Image>) => sample(change(trained), { solver: ddim(), key: key(8), ...more }))(
      fit<Scalar, Image>(recipe),
    )(backend),
  )();

const longer = right(ddpm(cosine(1000)));

describe('a sampling with another process than that of the training', () => {
  test.each([
    ['of other noise levels', right(ddpm(linear(100)))],
    ['of more timesteps', longer],
    ['respaced from one of more timesteps', right(respace(spaced(100))(longer))],
  ])('is refused: one %s', async (_, other) => {
    const refusal = await draw((trained) => ({ ...trained, noising: other }));
    expect(E.isLeft(refusal) && refusal.left).toMatchObject({
      _tag: 'ConfigError',
      where: 'sample: noising',
      expected: 'the process of the training, or one that was respaced from it',
    });
  });

  test('is drawn if it is allowed, or if nothing says what the training was', async () => {
    right(await draw((trained) => ({ ...trained, noising: longer }), { allowOtherNoising: true }));
    right(await draw(({ trainingNoising: _, ...trained }) => ({ ...trained, noising: longer })));
  });
});

test('an encoding with another process is refused, unless it is allowed', async () => {
  const images = { data: Float32Array.of(0.5), shape: [1, 1, 1, 1] as const };
  const encoded = (more: { readonly allowOtherNoising?: boolean }) =>
    using(reference())((backend) =>
      RTE.chain((trained: Trained<Scalar, Image>) =>
        encode({ ...trained, noising: longer }, { images, grid: 5, ...more }),
      )(fit<Scalar, Image>(recipe))(backend),
    )();
  expect(await encoded({})).toMatchObject(E.left({ _tag: 'ConfigError', where: 'encode: noising' }));
  right(await encoded({ allowOtherNoising: true }));
});

test.each([
  ['itself', noising],
  ['an equal one', right(ddpm(cosine(100)))],
  ['one with fewer timesteps', right(respace(spaced(10))(noising))],
  ['one at other noise levels, between its timesteps', right(respaceAtSigmas([20, 3, 0.7])(noising))],
  ['one that was respaced twice', right(respace(spaced(2))(right(respaceAtSigmas([20, 3, 0.7])(noising))))],
])('a sampling with the process of the training is drawn: %s', async (_, same) => {
  right(await draw((trained) => ({ ...trained, noising: same })));
});
