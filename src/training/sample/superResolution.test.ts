/** Training and sampling of models that are conditioned on an image. */
import { pathOf } from '../../diffusion/paths/noising.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { wasm } from '../../backends/wasm/backend.js';
import { reference } from '../../backends/reference/index.js';
import {
  conditioningAugmentation,
  ddim,
  type Denoiser,
  type ImageConditioner,
  imageOf,
  type Model,
  superResolution,
  uncorrected,
} from '../../diffusion/index.js';
import {
  ascribeLike,
  type Backend,
  cast,
  type Dim,
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
  conditions: { small: { image: 1, required: true } },
  apply: (_, x, at) => ascribeLike(upsample(imageOf(at, 'small')!.image), x),
};
/** A model that predicts the noise level of its condition, in hundredths. */
const listening: Denoiser<object, Square>['apply'] = (_, x, at) =>
  scaleBy(onesLike(x), mul(cast(imageOf(at, 'small')!.t!, 'float32'), 0.01));
const noisy = { small: { image: 1, noiseLevel: true, required: true } } as const;
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
      const { data, shape } = await draw({ conditions: { small: images }, batch });
      expect(shape).toEqual([5, 2, 2, 1]);
      expect(Array.from(data)).toEqual(levels.flatMap((level) => [level, level, level, level]));
    }
  });

  test('may share one condition, whose noise is that of each sample', async () => {
    const one = greys(-0.25);
    for (const batch of [3, 2]) {
      const { data, shape } = await draw({ conditions: { small: one }, count: 3, batch });
      expect(shape).toEqual([3, 2, 2, 1]);
      expect(Array.from(data)).toEqual(Array<number>(12).fill(-0.25));
    }
    const model = { ...faithful, conditions: noisy };
    const each = await draw({ conditions: { small: { ...greys(-0.25, -0.25, -0.25), t: 30 } } }, model);
    expect(await draw({ conditions: { small: { ...one, t: 30 } }, count: 3 }, model)).toEqual(each);
  });

  test('of a model that takes the noise level get the noise level of the images', async () => {
    const { data } = await draw({ conditions: { small: { ...images, t: 40 } } }, { ...faithful, conditions: noisy, apply: listening });
    for (const said of data) expect(said).toBeCloseTo(0.4, 6);
  }); // oxfmt-ignore

  test('have noise added to the images once for all steps, that of q(x_t|x_0)', async () => {
    const model: typeof faithful = { ...faithful, conditions: noisy };
    const many = greys(...Array<number>(1000).fill(0.5));
    const at = (t: number, grid: number) =>
      draw({ conditions: { small: { ...many, t } }, grid, correction: uncorrected }, model);
    const { data } = await at(50, 1);
    expect((await at(50, 3)).data).toEqual(data);
    const { alpha, sigma } = pathOf(noising).levelAt(50);
    const pixels = Array.from({ length: 1000 }, (_, i) => data[4 * i]!);
    const spread = pixels.reduce((sum, pixel) => sum + (pixel - 0.5 * alpha) ** 2, 0) / 1000;
    // the standard error of the variance of N numbers is σ²·√(2/N); 6 of these
    expect(Math.abs(spread / sigma ** 2 - 1)).toBeLessThan(6 * Math.sqrt(2 / 1000));
  });

  const classes: Model<object, Square> = { ...faithful, conditions: { ...faithful.conditions, label: { classes: 2 } } };
  const unconditional: Model<object, Square> = {
    ...layer({}, () => null),
    predicts: 'x0',
    apply: (_, x) => x,
  };
  const told = { ...faithful, conditions: noisy };
  test.each([
    ['none', faithful, {}, 'conditions.small: expected a value of each sample: the model needs small, got none; give conditions: { small: … }'],
    ['images that the model does not take', unconditional, { conditions: { small: images } }, 'conditions.small: expected no conditions, got a condition that the model does not take'],
    ['other channels', faithful, { conditions: { small: { data: new Float32Array(6), shape: [2, 1, 1, 3] } } }, 'expected images [n, height, width, 1], got 6 numbers of [2, 1, 1, 3]'],
    ['too few numbers', faithful, { conditions: { small: { data: new Float32Array(3), shape: [2, 2, 1, 1] } } }, 'got 3 numbers of [2, 2, 1, 1]'],
    ['a number that differs from that of the labels', classes, { conditions: { small: images }, labels: [0, 1] }, 'conditions.label: expected a value for each of 5 samples, or for one, got 2; small has 5 values'],
    ['a t that the model does not take', faithful, { conditions: { small: { ...images, t: 3 } } }, 'expected no t'],
    ['no t', told, { conditions: { small: images } }, 'conditions.small.t: expected t, the timestep of the noise to add: 0 adds almost none, got nothing'],
    ['a t out of range', told, { conditions: { small: { ...images, t: 100 } } }, 'got 100'],
    ['no images', faithful, { conditions: { small: { ...images, shape: 5 as never } } }, 'conditions.small: expected a list with a value of each sample, or { data, shape }, got an object'],
    ['no images', faithful, { conditions: { small: greys() } }, 'expected at least one sample, got 0'],
    ['a byte', faithful, { conditions: { small: greys(200) } }, 'expected finite numbers in [-1, 1], got 200'],
  ] satisfies readonly (readonly [string, Model<object, Square>, Partial<Sampling>, string])[])(
    'refuse %s',
    async (_, model, change: Partial<Sampling>, message) => {
      const error = await on(reference(), (backend) =>
        leftOf(sample({ ...walk, ...change })(trained(model))(backend)),
      );
      expect(error._tag).toBe('ConfigError');
      expect(error.message).toContain(message);
    },
  ); // oxfmt-ignore

  test('refuse a NaN with NonFinite', async () => {
    const conditions = { small: greys(Number.NaN) };
    const error = await on(reference(), (backend) =>
      leftOf(sample({ ...walk, conditions })(trained(faithful))(backend)),
    );
    expect(error._tag).toBe('NonFinite');
  });

  test('free all memory when they are stopped', () =>
    on(reference(), async (backend) => {
      const stop = new AbortController();
      const conditions = { small: { ...images, t: 10 } };
      const change = { conditions, batch: 2, signal: stop.signal, onStep: () => stop.abort() };
      const model = trained({ ...faithful, conditions: noisy });
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
      conditions: { small: { image: 1, noiseLevel, required: true } },
    }),
  ),
  conditions: {
    small: noiseLevel
      ? conditioningAugmentation(noising, { levels: 20 })(superResolution({ factor: 2 }))
      : superResolution({ factor: 2 }),
  },
  conditionDropout: 0,
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
          conditions: { small: superResolution({ factor: 2 }) },
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
    ['lacks conditions that its model takes', { conditions: undefined }, 'ConfigError', 'conditions.small: expected a value of each image: the model is conditioned on small, got none: the data has label; make it from the images, conditions: { small: superResolution({ factor: 2 }) }'],
    ['has conditions that its model does not take', { model: smallTraining(0).model }, 'ConfigError', 'conditions.small: expected the condition label, got a condition that the model does not take'],
    ['makes conditions of a wrong size', { conditions: { small: superResolution({ factor: 3 }) } }, 'ShapeError', 'expected a height and width that 3 divides'],
    ['passes the noise level to a model that does not take it', { conditions: conditional(0, true).conditions }, 'ConfigError', 'expected an image without t: the model takes no noise level'],
    ['has a condition that is not a conditioner', { conditions: { small: 2 as never } }, 'ConfigError', 'training.conditions.small: expected a function that makes a condition'],
  ])('is refused before it begins if it %s', (_, change, tag, message) =>
    on(wasm(), async (backend) => {
      const { conditions, ...training } = { ...conditional(1), ...change };
      const error = await leftOf(startTraining({ ...training, ...(conditions && { conditions }) })(backend));
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
      conditions: noisy,
      apply: (w, x, at) => {
        const { image, t } = imageOf(at, 'small')!;
        return mul(scaleBy(ascribeLike(upsample(image), x), mul(cast(t!, 'float32'), 0.01)), w);
      },
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
    const said = (small?: ImageConditioner<[Dim, Dim, Dim]>): unknown =>
      recipeConfig({ ...smallTraining(0), ...(small && { conditions: { small } }) });
    const half = superResolution({ factor: 2 });
    expect(said()).not.toHaveProperty('made');
    expect(said(half)).toMatchObject({ made: { small: 'superResolution by 2' } });
    expect(said(conditioningAugmentation(noising, { levels: 20 })(half))).toMatchObject({
      made: { small: 'superResolution by 2, with noise of 20 levels' },
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
        const conditions = { small: { data: expected, shape: [COUNT, 4, 4, 1] } } as const;
        samples = right(await sample({ solver: ddim(), grid: 10, conditions, key: key(4) })(model)(backend)());
      }),
    60_000,
  );

  test('draws samples with the given means', () => {
    const means = small(samples.data);
    const others = Float32Array.from(expected, (_, i) => expected[(i + 16) % expected.length]!);
    expect(distance(means, expected)).toBeLessThan(0.2 * distance(means, others));
  });
});
