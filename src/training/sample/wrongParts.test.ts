/** Wrong parts, as JavaScript callers may pass them: each is a `Left` that describes it, and no promise rejects. */
import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import {
  cfg,
  cosine,
  ddim,
  ddpm,
  dynamicThreshold,
  labelOf,
  logitNormalTimes,
  type Model,
  trailing,
  uncorrected,
} from '../../diffusion/index.js';
import {
  add,
  type Backend,
  cast,
  concat,
  type Dim,
  fullLike,
  key,
  log,
  mul,
  type NoisefoldError,
  onesLike,
  scaleBy,
  squeeze,
  type Tensor,
  using,
  zerosLike,
} from '../../dsl/index.js';
import { E, TE, type readerTaskEither } from '../../internal/fp.js';
import { adam, layer } from '../../nn/index.js';
import { encode } from './encode.js';
import { fit } from '../fit/fit.js';
import { datasetOfImages } from '../../data/imageData.js';
import { logLikelihoods } from '../measure/logLikelihoods.js';
import { sample } from './sample.js';
import { startTraining } from '../fit/run.js';
import { right } from '../testing.js';
import type { Trained } from '../../checkpoints/trained.js';
import { variationalBound } from '../measure/variationalBound.js';

const noising = right(ddpm(cosine(100)));
const grey: Model<object, [2, 2, 1]> = {
  ...layer({}, () => null),
  predicts: 'x0',
  conditions: { label: { classes: 3 } },
  apply: (_, x) => fullLike(x, 0.5),
};
const trained = (change: Partial<Model<object, [2, 2, 1]>> = {}): Trained<object, [2, 2, 1]> => ({
  model: { ...grey, ...change },
  noising,
  image: [2, 2, 1],
  params: {},
});
/** Removes types, as in JavaScript. */
const any = (given: unknown): never => given as never;
const images = { data: new Float32Array(4), shape: [1, 2, 2, 1] } as const;
const dataOf = (data = new Float32Array(4)) =>
  right(datasetOfImages({ data, shape: [1, 2, 2, 1] }, { image: [2, 2, 1], labels: [0] }));

const said = async <A>(effects: readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, A>): Promise<string> =>
  E.match(
    ({ _tag, message }: NoisefoldError) => `${_tag}: ${message}`,
    (value: A) => `made ${JSON.stringify(value)}`,
  )(await using(reference())(effects)());
const sampled = (change: object, of = trained()) =>
  said(sample({ solver: ddim(), grid: 5, key: key(1), ...change })(of));

const thrower = (): never => {
  throw new Error('mine');
};

describe('an invalid part', () => {
  test.each<[object, string]>([
    [{ solver: ddim }, `sample.solver: expected a solver, such as ddim(): call the function that makes it, got a function; change solver`],
    [{ solver: {} }, `sample.solver: expected a solver, such as ddim(), with its plan, got an object; change solver`],
    [{ solver: undefined }, `sample.solver: expected a solver, such as ddim(), got nothing; give solver`],
    [{ grid: {} }, `sample.grid: expected a number of timesteps, or a grid such as trailing(50), got an object; write grid: 25`],
    [{ grid: trailing }, 'grid: expected a grid, which returns an Either of timesteps, got one that returns a function; call the function that makes it, such as trailing(50); your own must return the same'],
    [{ grid: () => [3, 1] }, 'grid: expected a grid, which returns an Either of timesteps, got one that returns an array of 2; call the function that makes it, such as trailing(50); your own must return the same'],
    [{ guidance: {} }, `sample.guidance: expected a guidance, such as cfg(2), got an object; change guidance`],
    [{ guidance: cfg, labels: [0] }, 'sample.guidance: expected a guidance, which returns an Either of a denoiser, got one that returns a function; call the function that makes it, such as cfg(2); your own must return the same'],
    [{ guidance: () => undefined, labels: [0] }, 'sample.guidance: expected a guidance, which returns an Either of a denoiser, got one that returns nothing; call the function that makes it, such as cfg(2); your own must return the same'],
    [{ correction: 5 }, `sample.correction: expected a correction, such as clipToImage, got 5; change correction`],
    [{ correction: dynamicThreshold }, 'dynamicThreshold: expected a percentile between 0 and 1, got an object; write dynamicThreshold() for the usual 0.995'],
    [{ correction: () => 5 }, 'correction: expected a correction, which returns x̂₀ of the shape that it takes, [1, 2, 2, 1], got one that returns 5; call the function that makes it, such as dynamicThreshold(); your own must return the same'],
    [{ onStep: 3 }, `sample.onStep: expected a function, got 3; change onStep`],
    [{ signal: {} }, `sample.signal: expected a signal, such as that of an AbortController, with its aborted, got an object; give controller.signal`],
    [{ guidance: cfg(2, any({ reskale: 0.7 })), labels: [0] }, 'cfg.reskale: expected one of the fields rescale, interval, sigmas, got an unknown field; did you mean rescale?'],
    [{ guidance: cfg(2, { interval: [200, 500] }), labels: [0] }, 'cfg.interval: expected an interval that begins at a timestep of the denoiser, 0 to 99, got [200, 500]; no step would be guided'],
    [{ known: { images: { ...images, data: Uint8Array.of(0, 1, 1, 0) }, mask: images } }, 'sample.known.images.data: expected numbers in a Float32Array, got a Uint8Array; scale the numbers to [-1, 1]; bytes by byte/127.5 - 1'],
    [{ from: { images: { ...images, data: Uint8Array.of(0, 1, 1, 0) }, strength: 0.5 } }, 'sample.from.images.data: expected numbers in a Float32Array, got a Uint8Array; scale the numbers to [-1, 1]; bytes by byte/127.5 - 1'],
    [{ labels: 'cat' }, 'sample.labels: expected an array of the numbers or names of classes, or null, got "cat"; give [0, 1]'],
    [{ conditions: { label: 0 } }, 'sample.conditions.label: expected a list with a value of each sample, or { data, shape }, got 0; give [0, null], with null for none'],
    [{ known: { images, mask: { ...images, data: [true, false, true, false] } } }, 'sample.known.mask.data.0: expected a number, got true; give 1 where the image is kept and 0 elsewhere: Float32Array.from(mask, Number)'],
    ...['images', 'mask'].map((field): [object, string] => [{ known: { images, mask: images, [field]: dataOf() } }, `sample.known.${field}: expected images { data, shape }, got a data set; take some of it: unwrap(await imagesAt(data, [0, 1])())`]),
    [{ model: grey, solver: undefined }, 'sample.model: expected one of the fields solver, key, grid, guidance, guide, correction, batch, allowOtherNoising, labels, conditions, from, known, noise, brownian, count, first, onStep, previews, signal, toData, storage, got an unknown field; give it to sample as its first argument: sample(trained, { … })'],
    [{ known: { images, mask: images, resample: 3 } }, `sample.known.resample: expected one of the fields images, mask, resamples, jump, got an unknown field; did you mean resamples?`],
  ])('%#: %o', async (change, message) => expect(await sampled(change)).toBe(`ConfigError: ${message}`)); // oxfmt-ignore

  test('of an encoding, a bound, likelihoods and a fit is an error too', async () => {
    const settings = { data: dataOf(), batch: 1, key: key(1) };
    const training = { ...settings, model: grey, noising, optimizer: adam({ learningRate: 1 }), steps: 1 };
    const all: readonly (readonly [readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, unknown>, string])[] = [
      [encode({ images, grid: any(trailing) })(trained()), 'grid: expected a grid, which returns an Either of timesteps, got one that returns a function'],
      [logLikelihoods({ ...settings, grid: any(trailing) })(trained()), 'grid: expected a grid, which returns an Either of timesteps, got one that returns a function'],
      [variationalBound({ ...settings, data: dataOf(new Float32Array(4).fill(1)), correction: any(() => 5) })(trained()), 'correction: expected a correction, which returns x̂₀ of the shape that it takes, [1, 2, 2, 1], got one that returns 5'],
      [fit(any({ ...training, optimizer: adam })), 'fit.optimizer: expected an optimizer, such as adam({ learningRate: 1e-3 }): call the function that makes it, got a function'],
      [fit(any({ ...training, model: {} })), 'fit.model: expected a model, with its predicts, apply, params, init, got an object'],
      [fit(any({ ...training, data: { size: 1 } })), 'fit.data: expected a data set, with its image, batch, got an object'],
      [fit(any({ ...training, onEvent: 3 })), 'fit.onEvent: expected a function, got 3'],
      [fit(any({ ...training, data: { ...settings.data, names: { label: ['a', 'a'] } } })), 'fit.data.names.label: expected names of classes that differ, got "a" twice'],
      [fit(any({ ...training, times: 3 })), 'fit.times: expected a draw of times, such as uniformTimes, got 3'],
      [fit(any({ ...training, times: logitNormalTimes })), 'times: expected a draw of times, got logitNormalTimes without its call; write logitNormalTimes()'],
    ]; // oxfmt-ignore
    for (const [effects, message] of all) expect(await said(effects)).toMatch(`ConfigError: ${message}`);
  });
});

describe('a network of a prediction that has not the shape of its images', () => {
  const settings = { data: dataOf(new Float32Array(4).fill(1)), batch: 1, key: key(1) };
  const training = { ...settings, noising, optimizer: adam({ learningRate: 1 }), steps: 1 };
  const results: readonly (readonly [string, (x: Tensor<[Dim, 2, 2, 1]>) => unknown])[] = [
    ['[1, 2, 2]', (x) => squeeze(x, 3)],
    ['[1, 2, 2, 2]', (x) => concat(x, x)],
    ['nothing', () => undefined],
    ['0.5', () => 0.5],
  ];
  const message = (result: string) =>
    `ShapeError: denoiser: expected a network whose \`apply\` returns a prediction of the shape of its images, [1, 2, 2, 1], got one that returns ${result}; correct the shape in \`apply\`, for example by squeeze or reshape`;

  test.each(results)('but %s is refused in its own name by fit, sample, encode and likelihoods', async (result, of) => {
    for (const predicts of ['x0', 'v'] as const) {
      const model = { ...grey, predicts, apply: (_: object, x: Tensor<[Dim, 2, 2, 1]>) => any(of(x)) };
      const other = trained(model);
      for (const effects of [
        fit({ ...training, model }),
        sample({ solver: ddim(), grid: 5, key: key(1) })(other),
        encode({ images, grid: 5 })(other),
        logLikelihoods({ ...settings, grid: 5 })(other),
        variationalBound(settings)(other),
      ])
        expect(await said<unknown>(effects)).toBe(message(result));
    }
  });
});

describe('an exception, or a result that is not a tensor,', () => {
  const settings = { data: dataOf(new Float32Array(4).fill(1)), batch: 1, key: key(1) };
  const training = { ...settings, model: grey, noising, optimizer: adam({ learningRate: 1 }), steps: 1 };
  const broken = trained({ apply: thrower });
  const lost = { ...settings, data: { ...settings.data, batch: thrower, inMemory: false } };
  test.each<[string, () => readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, unknown>, where: string]>([
    ['a listener of a sampling', () => sample({ solver: ddim(), grid: 5, key: key(1), onStep: thrower })(trained()), 'sample.onStep'],
    ['previews', () => sample({ solver: ddim(), grid: 5, key: key(1), previews: { every: 1, show: thrower } })(trained()), 'sample.previews.show'],
    ['a model in sample', () => sample({ solver: ddim(), grid: 5, key: key(1) })(broken), 'sample'],
    ['a solver', () => sample({ solver: { plan: thrower }, grid: 5, key: key(1) })(trained()), 'sample'],
    ['a guidance', () => sample({ solver: ddim(), grid: 5, guidance: thrower, key: key(1) })(trained()), 'sample'],
    ['a model in encode', () => encode({ images, grid: 5 })(broken), 'encode'],
    ['a model in variationalBound', () => variationalBound(settings)(broken), 'variationalBound'],
    ['a model in logLikelihoods', () => logLikelihoods({ ...settings, grid: 5 })(broken), 'logLikelihoods'],
    ['data in a measurement', () => logLikelihoods({ ...lost, grid: 5 })(trained()), 'data set: batch'],
    ['a loss', () => fit({ ...training, loss: () => thrower }), 'training'],
    ['a listener of a fit', () => fit({ ...training, onEvent: thrower }), 'fit.onEvent'],
    ['data in fit', () => fit({ ...training, ...lost }), 'data set: batch'],
    ['a model in fit', () => startTraining({ ...training, model: { ...grey, apply: thrower } }), 'training'],
  ])('%s, is a ConfigError that names the exception and its place', async (_, effects, where) => {
    const message = await said(effects());
    expect(message.startsWith(`ConfigError: ${where}: expected `)).toBe(true);
    expect(message).toMatch(/: expected (a function that does|functions that do) not throw.*, got Error: mine \(at /);
    expect(message).toContain('wrongParts.test.ts');
  }); // oxfmt-ignore
});

describe('non-finite numbers', () => {
  const HINT = 'check the parameters, or use less guidance or a correction that keeps x̂₀ in its range';
  /** NaN for samples of class 2. */
  const two = trained({ apply: (_, x, at) => scaleBy(onesLike(x), log(add(mul(cast(labelOf(at)!, 'float32'), -1), 1.5))) }); // oxfmt-ignore

  test('in a sample are a NonFinite error that names the sample, also beyond the first batch', async () => {
    expect(await sampled({ labels: [0, 1, 0, 2, 2], batch: 2 }, two)).toBe(
      `NonFinite: sample: sample 3: expected finite numbers, got NaN at number 0; ${HINT}`,
    );
    expect(await sampled({ correction: (x: never) => mul(x, NaN) })).toMatch('NonFinite: sample: sample 0: ');
    expect(await sampled({ correction: uncorrected }, trained({ apply: (_, x) => add(x, Infinity) }))).toMatch(
      'NonFinite: sample: sample 0: expected finite numbers, got ',
    );
  });

  test('are checked only in the requested samples, not in those that fill up a batch', async () => {
    // the last batch of two has one sample, and is filled with its label
    expect(await sampled({ labels: [0, 1, 0], batch: 2 }, two)).toMatch('made');
  });

  test('in a preview end the sampling at that step', async () => {
    let shown = 0;
    const show = () => TE.fromIO(() => void shown++);
    expect(await sampled({ labels: [0, 2], previews: { every: 2, show } }, two)).toBe(
      `NonFinite: sample: step 1, sample 1: expected finite numbers, got NaN at number 0; ${HINT}`,
    );
    expect(shown).toBe(0);
  });

  test('in noise that is encoded are NonFinite too', async () => {
    const nothing = trained({ predicts: 'v', apply: (_, x) => mul(zerosLike(x), NaN) });
    expect(await said(encode({ images, grid: 5 })(nothing))).toBe(
      `NonFinite: encode: sample 0: expected finite numbers, got NaN at number 0; ${HINT}`,
    );
  });
});

test('images that are refused are named', async () => {
  const bytes = { data: new Float32Array(4).fill(255), shape: [1, 2, 2, 1] };
  const none = { data: new Float32Array(4).fill(NaN), shape: [1, 2, 2, 1] };
  const all: readonly (readonly [object, string])[] = [
    [{ from: { images: bytes, strength: 0.5 } }, 'ConfigError: sample: from.images: expected finite numbers in [-1, 1], got 255 at number 0; scale the numbers to [-1, 1]; bytes by byte/127.5 - 1'],
    [{ known: { images: bytes, mask: images } }, 'ConfigError: sample: known.images: expected finite numbers in [-1, 1], got 255 at number 0; scale the numbers to [-1, 1]; bytes by byte/127.5 - 1'],
    [{ known: { images: none, mask: images } }, 'NonFinite: sample: known.images: expected finite numbers in [-1, 1], got NaN at number 0; scale the numbers to [-1, 1]; bytes by byte/127.5 - 1'],
    [{ known: { images, mask: none } }, 'ConfigError: sample: known.mask: expected numbers in [0, 1], got NaN; 1 keeps an element of the image, 0 generates it'],
  ]; // oxfmt-ignore
  for (const [change, message] of all) expect(await sampled(change)).toBe(message);
  expect(await said(encode({ images: any(none), grid: 5 })(trained()))).toMatch('NonFinite: encode: images: ');
});
