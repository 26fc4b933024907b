/** Training and sampling of models that are conditioned on an image. */
import { pathOf } from '../../diffusion/paths/noising.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { wasm } from '../../backends/wasm/backend.js';
import { reference } from '../../backends/reference/index.js';
import {
  conditioningAugmentation,
  ddim,
  type Denoiser,
  type Model,
  superResolution,
  uncorrected,
} from '../../diffusion/index.js';
import {
  ascribeLike,
  type Backend,
  cast,
  key,
  mul,
  type NoisefoldError,
  onesLike,
  type Scalar,
  scaleBy,
  upsample,
  using,
} from '../../dsl/index.js';
import { TE, type taskEither } from '../../internal/fp.js';
import { adam, allOnes, layer, parameter, unet } from '../../nn/index.js';
import { decodeCheckpoint } from '../../checkpoints/checkpoint.js';
import { datasetOf, pixelOf } from '../../data/dataset.js';
import { fit } from '../fit/fit.js';
import type { Images } from '../../data/images.js';
import { recipeConfig } from '../fit/recipeConfig.js';
import { startTraining } from '../fit/run.js';
import { sample } from './sample.js';
import type { Trained } from '../../checkpoints/trained.js';
import type { Sampling } from './sampling.js';
import { bytesAfter } from '../../../properties/training/onWasm.js';
import { bars, leftOf, right, type SmallTraining, smallTraining } from '../testing.js';

const on = async <A>(
  backend: taskEither.TaskEither<NoisefoldError, Backend>,
  effects: (given: Backend) => Promise<A>,
): Promise<A> => right(await using(backend)((given) => TE.fromTask(() => effects(given)))());

type Square = [2, 2, 1];
const { noising, optimizer } = smallTraining(0);
/** A model without parameters that predicts its condition in each square. */
const faithful: Model<object, Square> = {
  ...layer({}, () => null),
  predicts: 'x0',
  condition: { channels: 1 },
  apply: (_, x, { condition }) => ascribeLike(upsample(condition!.image), x),
};
/** A model that predicts the noise level of its condition, in hundredths. */
const listening: Denoiser<object, Square>['apply'] = (_, x, { condition }) =>
  scaleBy(onesLike(x), mul(cast(condition!.t!, 'float32'), 0.01));
const noisy = { channels: 1, noiseLevel: true } as const;
const trained = (model: Model<object, Square>): Trained<object, Square> => ({ model, noising, image: [2, 2, 1], params: {} }); // oxfmt-ignore
const greys = (...levels: readonly number[]): Images => ({
  data: Float32Array.from(levels),
  shape: [levels.length, 1, 1, 1],
});
const walk = { solver: ddim(), grid: 4, key: key(3) } as const;
const draw = (change: Partial<Sampling>, model: Model<object, Square> = faithful) =>
  on(reference(), async (backend) => {
    const images = right(await sample({ ...walk, ...change })(trained(model))(backend)());
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    return images;
  });

describe('samples conditioned on images', () => {
  const levels = [0.5, -0.25, 1, 0, -1];
  const images = greys(...levels);

  test('are one for each image, each with its own condition, for any batch size', async () => {
    for (const batch of [5, 2, 1]) {
      const { data, shape } = await draw({ condition: { images }, batch });
      expect(shape).toEqual([5, 2, 2, 1]);
      expect(Array.from(data)).toEqual(levels.flatMap((level) => [level, level, level, level]));
    }
  });

  test('may share one condition, whose noise is that of each sample', async () => {
    const one = greys(-0.25);
    for (const batch of [3, 2]) {
      const { data, shape } = await draw({ condition: { images: one }, count: 3, batch });
      expect(shape).toEqual([3, 2, 2, 1]);
      expect(Array.from(data)).toEqual(Array<number>(12).fill(-0.25));
    }
    const model = { ...faithful, condition: noisy };
    const each = await draw({ condition: { images: greys(-0.25, -0.25, -0.25), t: 30 } }, model);
    expect(await draw({ condition: { images: one, t: 30 }, count: 3 }, model)).toEqual(each);
  });

  test('of a model that takes the noise level get the noise level of the images', async () => {
    const { data } = await draw({ condition: { images, t: 40 } }, { ...faithful, condition: noisy, apply: listening });
    for (const said of data) expect(said).toBeCloseTo(0.4, 6);
  }); // oxfmt-ignore

  test('have noise added to the images once for all steps, that of q(x_t|x_0)', async () => {
    const model: typeof faithful = { ...faithful, condition: noisy };
    const many = greys(...Array<number>(1000).fill(0.5));
    const at = (t: number, grid: number) =>
      draw({ condition: { images: many, t }, grid, correction: uncorrected }, model);
    const { data } = await at(50, 1);
    expect((await at(50, 3)).data).toEqual(data);
    const { alpha, sigma } = pathOf(noising).levelAt(50);
    const pixels = Array.from({ length: 1000 }, (_, i) => data[4 * i]!);
    const spread = pixels.reduce((sum, pixel) => sum + (pixel - 0.5 * alpha) ** 2, 0) / 1000;
    // the standard error of the variance of N numbers is σ²·√(2/N); 6 of these
    expect(Math.abs(spread / sigma ** 2 - 1)).toBeLessThan(6 * Math.sqrt(2 / 1000));
  });

  const classes: Model<object, Square> = { ...faithful, classes: 2 };
  const unconditional: Model<object, Square> = {
    ...layer({}, () => null),
    predicts: 'x0',
    apply: (_, x) => x,
  };
  const told = { ...faithful, condition: noisy };
  test.each([
    ['none', faithful, {}, 'expected images: the model is conditioned on images, got nothing'],
    ['images that the model does not take', unconditional, { condition: { images } }, 'expected no condition: the model takes none'],
    ['other channels', faithful, { condition: { images: { data: new Float32Array(6), shape: [2, 1, 1, 3] } } }, 'expected all numbers of images [count, height, width, 1], got 6 of [2, 1, 1, 3]'],
    ['too few numbers', faithful, { condition: { images: { data: new Float32Array(3), shape: [2, 2, 1, 1] } } }, 'got 3 of [2, 2, 1, 1]'],
    ['a number that differs from that of the labels', classes, { condition: { images }, labels: [0, 1] }, 'expected an image for each of 2 samples, got 5; give one image for each sample, or one for all'],
    ['a t that the model does not take', faithful, { condition: { images, t: 3 } }, 'expected no t'],
    ['no t', told, { condition: { images } }, 'expected t from 0 to 99: the model takes the noise level, got nothing'],
    ['a t out of range', told, { condition: { images, t: 100 } }, 'got 100'],
    ['no images', faithful, { condition: { images: { ...images, shape: 5 as never } } }, 'condition.images.shape'],
    ['no images', faithful, { condition: { images: greys() } }, 'expected at least one sample, got 0'],
    ['a byte', faithful, { condition: { images: greys(200) } }, 'expected finite numbers in [-1, 1], got 200'],
  ] satisfies readonly (readonly [string, Model<object, Square>, Partial<Sampling>, string])[])(
    'refuse %s',
    async (_, model, change, message) => {
      const error = await on(reference(), (backend) =>
        leftOf(sample({ ...walk, ...change })(trained(model))(backend)),
      );
      expect(error._tag).toBe('ConfigError');
      expect(error.message).toContain(message);
    },
  ); // oxfmt-ignore

  test('refuse a NaN with NonFinite', async () => {
    const condition = { images: greys(Number.NaN) };
    const error = await on(reference(), (backend) =>
      leftOf(sample({ ...walk, condition })(trained(faithful))(backend)),
    );
    expect(error._tag).toBe('NonFinite');
  });

  test('free all memory when they are stopped', () =>
    on(reference(), async (backend) => {
      const stop = new AbortController();
      const told = { images, t: 10 };
      const change = { condition: told, batch: 2, signal: stop.signal, onStep: () => stop.abort() };
      const model = trained({ ...faithful, condition: noisy });
      expect(await leftOf(sample({ ...walk, ...change })(model)(backend))).toMatchObject({ _tag: 'Cancelled' });
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    })); // oxfmt-ignore
});

const conditional = (steps: number, noiseLevel = false): SmallTraining => ({
  ...smallTraining(steps),
  model: right(
    unet({
      image: [8, 8, 1],
      base: 8,
      multipliers: [1],
      blocks: 1,
      groups: 4,
      heads: 2,
      predicts: 'v',
      condition: { channels: 1, noiseLevel },
    }),
  ),
  condition: noiseLevel
    ? conditioningAugmentation(noising, { levels: 20 })(superResolution({ factor: 2 }))
    : superResolution({ factor: 2 }),
  labelDropout: 0,
});

describe('a training with conditions', () => {
  test('makes them from the images, also for held-out ones', () =>
    on(reference(), async (backend) => {
      // the loss of predicting the mean of a square is the variance within it
      const pixels = Uint8Array.of(255, 0, 0, 255, 191, 64, 191, 191);
      const data = right(datasetOf({ pixels, labels: Uint8Array.of(0, 0), image: [2, 2, 1] }));
      const run = right(
        await startTraining({
          model: faithful,
          noising,
          optimizer,
          condition: superResolution({ factor: 2 }),
          data,
          heldOut: { data, every: 1 },
          batch: 2,
          steps: 1,
          key: key(5),
        })(backend)(),
      );
      const losses: number[] = [];
      for await (const event of run.events) {
        const told = right(event);
        if (told._tag === 'Step' || told._tag === 'HeldOut') losses.push(told.loss);
      }
      right(await run.release());
      const varianceOf = (some: readonly number[]): number => {
        const mean = some.reduce((a, b) => a + b, 0) / 4;
        return some.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4;
      };
      const levels = Array.from(pixels, (byte) => Math.fround(pixelOf(byte)));
      const expected = (varianceOf(levels.slice(0, 4)) + varianceOf(levels.slice(4))) / 2;
      expect(losses).toHaveLength(3);
      for (const loss of losses) expect(loss).toBeCloseTo(expected, 14);
    }));

  test.each([
    ['lacks conditions that its model takes', { condition: undefined }, 'ConfigError', 'expected an image as the condition of each sample, [B, height, width, 1], got none'],
    ['has conditions that its model does not take', { model: smallTraining(0).model }, 'ConfigError', 'expected no condition'],
    ['makes conditions of a wrong size', { condition: superResolution({ factor: 3 }) }, 'ShapeError', 'expected a height and width that 3 divides'],
    ['passes the noise level to a model that does not take it', { condition: conditional(0, true).condition }, 'ConfigError', 'expected a condition without t'],
    ['has a condition that is not a conditioner', { condition: 2 as never }, 'ConfigError', 'condition'],
  ])('is refused before it begins if it %s', (_, change, tag, message) =>
    on(wasm(), async (backend) => {
      const { condition, ...training } = { ...conditional(1), ...change };
      const error = await leftOf(startTraining({ ...training, ...(condition && { condition }) })(backend));
      expect(error._tag).toBe(tag);
      expect(error.message).toContain(message);
      expect(backend.stats().buffers).toBe(0);
    }),
  ); // oxfmt-ignore

  test('with noisy conditions, resumed from a checkpoint, ends with the same bytes', async () => {
    /** One parameter, times the condition and its noise level. */
    const model: Model<Scalar, [8, 8, 1]> = {
      ...parameter(allOnes),
      predicts: 'x0',
      condition: noisy,
      apply: (w, x, { condition }) =>
        mul(scaleBy(ascribeLike(upsample(condition!.image), x), mul(cast(condition!.t!, 'float32'), 0.01)), w),
    };
    const training = (steps: number) => ({
      ...conditional(steps, true),
      model,
      optimizer: adam({ learningRate: 3e-3 }),
      config: {},
    });
    const from = right(decodeCheckpoint('part')(await bytesAfter<Scalar, [8, 8, 1]>(training(2))));
    expect(from.step).toBe(2);
    const whole = await bytesAfter<Scalar, [8, 8, 1]>(training(4));
    expect(Buffer.compare(await bytesAfter<Scalar, [8, 8, 1]>({ ...training(4), from }), whole)).toBe(0);
  });

  test('states the kind of its conditions', () => {
    const said = (condition?: SmallTraining['condition']): unknown =>
      recipeConfig({ ...smallTraining(0), ...(condition && { condition }) });
    const half = superResolution({ factor: 2 });
    expect(said()).not.toHaveProperty('condition');
    expect(said(half)).toMatchObject({ condition: 'superResolution by 2' });
    expect(said(conditioningAugmentation(noising, { levels: 20 })(half))).toMatchObject({
      condition: 'superResolution by 2, with noise of 20 levels',
    });
  });
});

describe('a U-Net that was trained to make bars of 8×8 from their means', () => {
  const small = (images: Float32Array): Float32Array =>
    Float32Array.from({ length: images.length / 4 }, (_, i) => {
      const [image, y, x] = [Math.floor(i / 16), Math.floor(i / 4) % 4, i % 4];
      const corner = image * 64 + 16 * y + 2 * x;
      return (images[corner]! + images[corner + 1]! + images[corner + 8]! + images[corner + 9]!) / 4;
    });
  const distance = (a: Float32Array, b: Float32Array): number =>
    Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0) / a.length);
  const COUNT = 16;
  let expected: Float32Array;
  let samples: Images;
  beforeAll(
    () =>
      on(wasm(), async (backend) => {
        const { images } = right(await bars(COUNT).batch(Int32Array.from({ length: COUNT }, (_, i) => i))());
        expected = small(images);
        const model = right(await fit({ ...conditional(200), averageDecay: 0.95 })(backend)());
        const condition = { images: { data: expected, shape: [COUNT, 4, 4, 1] } } as const;
        samples = right(await sample({ solver: ddim(), grid: 10, condition, key: key(4) })(model)(backend)());
      }),
    60_000,
  );

  test('draws samples with the given means', () => {
    const means = small(samples.data);
    const others = Float32Array.from(expected, (_, i) => expected[(i + 16) % expected.length]!);
    expect(distance(means, expected)).toBeLessThan(0.2 * distance(means, others));
  });
});
