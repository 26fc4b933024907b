/** Samples without labels, and guidance, for a model that was trained only with labels. */
import { expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { type Backend, key, using, zerosLike } from '../../dsl/index.js';
import { cfg, cosine, ddim, ddpm, guidanceMonoid, type Model, unguided } from '../../diffusion/index.js';
import { E, F, type readerTaskEither, RTE } from '../../internal/fp.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { adam, layer } from '../../nn/index.js';
import { datasetOf } from '../../data/dataset.js';
import { fit } from '../fit/fit.js';
import { leftOf, right } from '../testing.js';
import type { Trained } from '../../checkpoints/trained.js';
import { encode } from './encode.js';
import { sample } from './sample.js';

type Size = [1, 1, 1];
const model: Model<object, Size> = {
  ...layer({}, () => null),
  predicts: 'x0',
  conditions: { label: { classes: 3 } },
  apply: (_, x) => zerosLike(x),
};
const data = right(datasetOf({ pixels: Uint8Array.of(0), labels: Uint8Array.of(0), image: [1, 1, 1] }));
const recipe = { model, noising: right(ddpm(cosine(10))), optimizer: adam({ learningRate: 1 }) };
const training = { ...recipe, data, batch: 1, steps: 1, key: key(1) };
const images = { data: Float32Array.of(0), shape: [1, 1, 1, 1] as const };
const drawing = { solver: ddim(), grid: 2, key: key(2) };

type Outcome = readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, unknown>;
/** The uses of a model that `fit` trained. */
const after = (change: { readonly conditionDropout?: number }, work: (trained: Trained<object, Size>) => Outcome) =>
  F.pipe(fit({ ...training, ...change }), RTE.flatMap(work), using(reference()));

const refusals: readonly (readonly [string, string, (trained: Trained<object, Size>) => Outcome])[] = [
  ['cfg', 'cfg', sample({ ...drawing, guidance: cfg(3), labels: [0] })],
  [
    'cfg beside another guide',
    'cfg',
    sample({ ...drawing, guidance: guidanceMonoid.concat(unguided, cfg(3)), labels: [0] }),
  ],
  ['samples without labels', 'sample: conditions.label', sample({ ...drawing, count: 2 })],
  ['the label that is no class', 'sample: label of sample 1', sample({ ...drawing, labels: [0, null] })],
  ['an encoding without labels', 'encode: conditions.label', encode({ images, grid: 2 })],
  ['an encoding with cfg', 'cfg', encode({ images, grid: 2, guidance: cfg(3), labels: [0] })],
];

test.each(refusals)('%s is an error after training without dropout of labels', async (_, where, work) => {
  expect(await leftOf(after({}, work))).toMatchObject({
    _tag: 'ConfigError',
    where,
    hint: expect.stringContaining('conditionDropout: 0.1'),
  });
});

test.each(refusals)('%s works after training with dropout of labels', async (_, __, work) => {
  expect(await after({ conditionDropout: 0.1 }, work)()).toMatchObject({ _tag: 'Right' });
});

test.each(refusals)('%s works if the dropout is unknown', async (_, __, work) => {
  const own = { model, noising: recipe.noising, image: data.image, params: {} };
  expect(await using(reference())(work(own))()).toMatchObject({ _tag: 'Right' });
});

test('samples with labels work after training without dropout of labels, and so does a model without label', async () => {
  const labelled = after({}, sample({ ...drawing, labels: [0, 2] }));
  expect(E.isRight(await labelled())).toBe(true);
  const { conditions: _, ...plain } = model;
  const unlabelled = F.pipe(fit({ ...training, model: plain }), RTE.flatMap(sample(drawing)), using(reference()));
  expect(E.isRight(await unlabelled())).toBe(true);
});
