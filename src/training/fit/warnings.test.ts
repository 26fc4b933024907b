import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { continuousLinear, cosine, ddpm, type Model, rectifiedFlow } from '../../diffusion/index.js';
import { add, key, type Scalar, type Shape, type Tensor, zerosLike } from '../../dsl/index.js';
import { adam, allZeros, parameter } from '../../nn/index.js';
import { onWasm, takeAll } from '../../../properties/training/onWasm.js';
import { E, TE } from '../../internal/fp.js';
import { type Dataset, datasetOf } from '../../data/dataset.js';
import { datasetOfImages } from '../../data/imageData.js';
import { fit } from './fit.js';
import { right } from '../testing.js';
import { startTraining } from './run.js';
import type { Training } from './training.js';

type Image = [1, 1, 1];

const model: Model<Scalar, Image> = {
  ...parameter(allZeros),
  predicts: 'x0',
  apply: (w, x) => add(zerosLike(x), w),
};
const noising = right(ddpm(cosine(10)));
const recipe = { model, noising, optimizer: adam({ learningRate: 0.1 }), batch: 2, steps: 12, key: key(7) };

/** A data set of numbers that is loaded batch by batch. */
const dataOf = (numbers: readonly number[]): Dataset<Image> => ({
  size: numbers.length,
  image: [1, 1, 1],
  batch: (positions) => TE.right({ images: Float32Array.from(positions, (i) => numbers[i]!) }),
});

const outcomeOf = (training: Training<Scalar, Image>) =>
  onWasm(async (backend) => {
    const started = await startTraining(training)(backend)();
    if (E.isLeft(started)) return { events: [], error: started.left };
    const taken = await takeAll(started.right);
    right(await started.right.release());
    return taken;
  });

const warningsAbout = async (data: Dataset<Image>, more: Partial<Training<Scalar, Image>> = {}) => {
  const { events } = await outcomeOf({ ...recipe, data, ...more });
  return events.flatMap((event) => (event._tag === 'Warning' ? [event] : []));
};

describe('pixels that are never negative', () => {
  test('are reported once, after as many images as there are', async () => {
    const warnings = await warningsAbout(dataOf([0, 0.2, 0.4, 0.6, 0.8, 1]));
    expect(warnings).toEqual([
      {
        _tag: 'Warning',
        step: 2, // six images in batches of two
        about: 'data',
        message: 'no pixel of 6 images is negative: images are in [-1, 1], so map a number x of [0, 1] to 2x - 1',
      },
    ]);
  });

  test('are reported after 1,000 images of a large data set', async () => {
    const large = dataOf(Array.from({ length: 5000 }, (_, i) => i / 5000));
    expect(await warningsAbout(large, { batch: 300 })).toMatchObject([{ step: 3 }]);
  });

  test('are reported at the end of a run of few images', async () => {
    const large = dataOf(Array.from({ length: 5000 }, (_, i) => i / 5000));
    expect(await warningsAbout(large)).toMatchObject([{ step: 11 }]);
  });

  test('are reported before the first step if all images are in memory', async () => {
    const data = Float32Array.from({ length: 5000 }, (_, i) => i / 5000);
    const large = right(datasetOfImages({ data, shape: [5000, 1, 1, 1] }, { image: [1, 1, 1] }));
    expect(await warningsAbout(large)).toMatchObject([{ step: 0, message: expect.stringContaining('of 5000 images') }]);
  });

  test('are printed once on the console if the training has no listener', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const data = dataOf([0, 0.2, 0.4, 0.6, 0.8, 1]);
    await onWasm(async (backend) => right(await fit({ ...recipe, data })(backend)()));
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^training, step 3: no pixel of 6 images is negative/)]]);
    warn.mockClear();
    await onWasm(async (backend) => right(await fit({ ...recipe, data, onEvent: () => {} })(backend)()));
    expect(warn).not.toHaveBeenCalled();
  });

  test.each([
    ['one pixel of the last batch is negative', dataOf([0, 0.2, 0.4, 0.6, 0.8, -0.01])],
    ['bytes are mapped to [-1, 1]', right(datasetOf({ pixels: Uint8Array.of(0, 100, 255), image: [1, 1, 1] }))],
  ])('are not reported if %s', async (_, data) => expect(await warningsAbout(data)).toEqual([]));
});

describe('images with the channels first', () => {
  const warningFor = async (image: readonly [number, number, number]) => {
    const ofAnySize = { ...model, apply: (w: Scalar, x: Tensor<Shape>) => add(zerosLike(x), w) };
    const data = right(datasetOf({ pixels: new Uint8Array(4 * image[0] * image[1] * image[2]), image }));
    return warningsAbout(data as never, { model: ofAnySize as never, steps: 1 }); // of another image shape than the other tests
  };

  test.each([[[3, 8, 8]], [[3, 8, 6]], [[1, 8, 8]]] as const)('%j are reported before the first step', async (image) =>
    expect(await warningFor(image)).toMatchObject([
      {
        step: 0,
        about: 'data',
        message: expect.stringContaining(`give image: [${image[1]}, ${image[2]}, ${image[0]}]`),
      },
    ]),
  );

  test.each([[[8, 8, 3]], [[1, 1, 64]], [[3, 3, 1]], [[1, 64, 8]], [[16, 16, 16]]] as const)(
    '%j are not reported',
    async (image) => expect(await warningFor(image)).toEqual([]),
  );
});

describe('classes that most images lack', () => {
  const warningFor = (hair: readonly (string | null)[]) => {
    const pixels = Uint8Array.from(hair, () => 0);
    const conditions = { hair, hat: hair.map(() => 'cap') };
    const data = right(datasetOf({ pixels, image: [1, 1, 1], conditions }));
    return warningsAbout(data, { model: { ...model, conditions: { hair: { classes: 1 }, hat: { classes: 1 } } } });
  };

  test('are reported once, before the first step', async () =>
    expect(await warningFor(['long', null, null, null, 'long'])).toEqual([
      {
        _tag: 'Warning',
        step: 0,
        about: 'data',
        message:
          '3 of 5 images have no hair: if that is a mistake, look at the values that the data set was made with, such as the rows of a table',
      },
    ]));

  test('are not reported if half have one', async () => expect(await warningFor(['long', null])).toEqual([]));
});

describe('a denoiser that is not defined at the end of its path', () => {
  const data = dataOf([-1, 1]);
  const ofNoise = { model: { ...model, predicts: 'epsilon' as const } };

  test('is reported at the start: of ε on rectified flow', async () => {
    const warnings = await warningsAbout(data, { ...ofNoise, noising: rectifiedFlow() });
    expect(warnings).toMatchObject([{ step: 0, about: 'settings' }]);
    expect(warnings[0]!.message).toBe(
      "the denoiser predicts ε or the score, and the path has no signal at its end, t = 1: draw samples with a grid that begins below it, such as karrasGrid(25), or train with predicts: 'v' or 'velocity'",
    );
  });

  test.each([
    ['there is some signal', { ...ofNoise, noising: continuousLinear() }],
    ['the path is that of a schedule', ofNoise],
    ['it predicts x₀', { noising: rectifiedFlow() }],
  ])('is not reported if %s', async (_, more) => expect(await warningsAbout(data, more)).toEqual([]));
});

describe('a batch that is larger than the data set', () => {
  test('is an error', async () => {
    expect((await outcomeOf({ ...recipe, data: dataOf([-1, 1]), batch: 3 })).error).toMatchObject({
      _tag: 'ConfigError',
      where: 'training.batch',
      expected: 'at most the 2 images of the data set',
      actual: '3',
    });
  });

  test('is none if images may be several times in a batch, or if it is as large', async () => {
    for (const more of [{ batch: 3, allowRepeats: true }, { batch: 2 }])
      expect((await outcomeOf({ ...recipe, data: dataOf([-1, 1]), ...more })).error).toBeNull();
  });
});
