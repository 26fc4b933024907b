/** Labels outside the range of the model, and guides that a solver does not support, are errors before any step. */
import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import {
  ancestral,
  classifierGuided,
  cosine,
  ddim,
  ddpm,
  dpmSolverPP,
  heun,
  labelOf,
  meanGuided,
  type GuideGradient,
  type Model,
} from '../../diffusion/index.js';
import { type Backend, key, mul, type NoisefoldError, onesLike, scaleBy, tanh, cast, using } from '../../dsl/index.js';
import { E, type taskEither } from '../../internal/fp.js';
import { adam, allZeros, layer, parameter } from '../../nn/index.js';
import { datasetOfImages } from '../../data/imageData.js';
import { fit } from '../fit/fit.js';
import { logLikelihoods } from '../measure/logLikelihoods.js';
import { variationalBound } from '../measure/variationalBound.js';
import { right } from '../testing.js';
import type { Trained } from '../../checkpoints/trained.js';
import { encode } from './encode.js';
import { prepareSampling } from './prepareSampling.js';
import { sample } from './sample.js';

const noising = right(ddpm(cosine(20)));
let evaluations = 0;
const model: Model<object, [1, 1, 1]> = {
  ...layer({}, () => null),
  predicts: 'x0',
  conditions: { label: { classes: 3 } },
  apply: (_, x, at) => {
    evaluations++;
    const label = labelOf(at);
    return label === undefined ? tanh(x) : scaleBy(tanh(x), cast(label, 'float32'));
  },
};
const trained: Trained<object, [1, 1, 1]> = { model, noising, image: [1, 1, 1], params: {} };
const images = { data: Float32Array.of(1, -1), shape: [2, 1, 1, 1] } as const;
const measuring = {
  data: right(datasetOfImages(images, { image: [1, 1, 1], labels: [1, 7] })),
  batch: 2,
  key: key(7),
};

type Effect = (backend: Backend) => taskEither.TaskEither<NoisefoldError, unknown>;

/** Returns the error of an effect, and checks that the model is not evaluated. */
const errorOf = async (effect: Effect): Promise<string> => {
  evaluations = 0;
  const result = await using(reference())(effect)();
  expect(evaluations).toBe(0);
  return E.isLeft(result) ? `${result.left._tag}: ${result.left.where}: ${result.left.actual}` : 'right';
};

describe('an invalid label is named, with its position', () => {
  const drawing = { solver: ddim(), grid: 2, key: key(8) };
  const recipe = {
    model: { ...model, ...parameter(allZeros), apply: (_: unknown, x: never) => x },
    noising,
    optimizer: adam({ learningRate: 1 }),
    steps: 1,
    ...measuring,
  } as never;
  const prepared: Effect = (backend) => async () => {
    const sampling = await prepareSampling(trained, { solver: ddim(), grid: 2 })(backend)();
    evaluations = 0; // the compilation has evaluated the model
    return right(sampling).sample({ labels: [1, 7], key: key(8) })();
  };

  test.each<[string, Effect, string]>([
    ['sample', sample(trained, { ...drawing, labels: [1, 7] }), 'ConfigError: sample: label of sample 1: 7'],
    ['sample, negative', sample(trained, { ...drawing, labels: [-1] }), 'ConfigError: sample: label of sample 0: -1'],
    ['encode', encode(trained, { images, grid: 2, labels: [0, 5] }), 'ConfigError: encode: label of sample 1: 5'],
    ['prepareSampling', prepared, 'ConfigError: sample: label of sample 1: 7'],
    ['fit', fit(recipe) as Effect, 'ConfigError: data set: label at 1: 7'],
    ['logLikelihoods', logLikelihoods(trained, measuring), 'ConfigError: data set: label at 1: 7'],
    ['variationalBound', variationalBound(trained, measuring), 'ConfigError: data set: label at 1: 7'],
  ])('by %s', async (_, effect, error) => expect(await errorOf(effect)).toBe(error)); // oxfmt-ignore
});

describe('a guide on the mean', () => {
  const uphill: GuideGradient<unknown, [1, 1, 1]> = { gradient: (_, x) => mul(onesLike(x), 2) };
  const guidance = meanGuided(uphill, 1);
  const parts = { grid: 4, labels: [1], key: key(8), guidance };

  test.each<[string, Effect]>([
    ['ddim', sample(trained, { ...parts, solver: ddim() })],
    ['dpmSolverPP', sample(trained, { ...parts, solver: dpmSolverPP() })],
    ['heun', sample(trained, { ...parts, solver: heun() })],
    ['the inversion of encode', encode(trained, { images, labels: [1, 1], grid: 4, guidance })],
    ['prepareSampling', prepareSampling(trained, { grid: 4, guidance, solver: ddim() })],
  ])('is refused for the steps of %s', async (_, effect) =>
    expect(await errorOf(effect)).toBe('ConfigError: sampler: another solver'),
  );

  test('moves ancestral steps, as a guide on the score moves any steps', async () => {
    const draw = async (change: object) =>
      right(await using(reference())(sample(trained, { ...parts, solver: ancestral(), ...change }))()).data[0]!;
    const plain = await draw({ guidance: undefined });
    expect(await draw({})).toBeGreaterThan(plain);
    expect(await draw({ guidance: classifierGuided(uphill, 0.1), solver: ddim() })).toBeGreaterThan(
      await draw({ guidance: undefined, solver: ddim() }),
    );
  });
});

describe('a classifier in place of a model, or an Either of options, is an error', () => {
  const { predicts: _, conditions: __, ...judge } = model;
  const classifier = { ...trained, model: { ...judge, classes: 3 } } as never;
  const drawing = { solver: ddim(), key: key(8) };
  test.each<[string, Effect]>([
    ['sample', sample(classifier, drawing)],
    ['encode', encode(classifier, { images })],
    ['prepareSampling', prepareSampling(classifier, { solver: ddim() })],
    ['logLikelihoods', logLikelihoods(classifier, measuring as never)],
    ['variationalBound', variationalBound(classifier, measuring as never)],
  ])('by %s', async (name, effect) =>
    expect(await errorOf(effect)).toBe(`ConfigError: ${name}: trained: a classifier`),
  );
  test('options', async () => {
    expect(await errorOf(sample(trained, E.right(drawing) as never))).toBe('ConfigError: sample: an Either');
  });

  test.each([
    [{ ...drawing, steps: 3 }, /did you mean grid\?/],
    [{ solver: ddim(), seed: 3 }, /did you mean key\?/],
    [
      { ...drawing, from: { images: { size: 2, image: [1, 1, 1], batch: () => null }, strength: 0.5 } },
      /got a data set; take some of it: unwrap\(await imagesAt\(data, \[0, 1\]\)\(\)\)/,
    ],
  ])('and a field of another name is suggested: %o', async (given, message) => {
    const result = await using(reference())(sample(trained, given as never))();
    expect(E.isLeft(result) && result.left.message).toMatch(message);
  });
});
