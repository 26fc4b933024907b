import { describe, expect, test } from 'vitest';
import { wasm } from '../backends/wasm/backend.js';
import { cosine, ddpm, type Model, preconditioned } from '../diffusion/index.js';
import { add, ascribeLike, averagePool, failure, key, type Scalar, upsample, using, zerosLike } from '../dsl/index.js';
import { E } from '../internal/fp.js';
import { adam, allZeros, encoderClassifier, parameter, unet, type UNetParams } from '../nn/index.js';
import { augmented, randomFlip } from './augmented.js';
import type { Conditions } from '../conditions/conditions.js';
import { type Dataset, datasetOf } from './dataset.js';
import { loaded } from './examples.js';
import { leftOf, right, plainTraining } from '../training/testing.js';
import { fit } from '../training/fit/fit.js';

const model: Model<Scalar, [8, 8, 1]> = {
  ...parameter(allZeros),
  predicts: 'x0',
  apply: (w, x) => add(zerosLike(x), w),
};
const noising = right(ddpm(cosine(10)));
const how = { batch: 2, steps: 3, optimizer: adam({ learningRate: 0.1 }), key: key(7) };
const plain = { ...how, model, noising };

/** A data set as in JavaScript, with anything as `batch`. */
const own = (batch: unknown, more: object = {}): Dataset<[8, 8, 1]> => ({
  ...{ size: 10, image: [8, 8, 1] as const, ...more },
  batch: batch as Dataset<[8, 8, 1]>['batch'],
});
const black = (positions: Int32Array) => ({ images: new Float32Array(positions.length * 64).fill(-1) });

describe('a custom data set', () => {
  test.each([
    ['loaded in pieces', {}],
    ['in memory', { inMemory: true }],
  ])('needs no labels for a model without classes, %s, augmented too', async (_, more) => {
    const data = own((positions: Int32Array) => async () => E.right(black(positions)), more);
    right(await using(wasm())(fit({ ...plain, data: augmented(data, [randomFlip()]), heldOut: { data, every: 2 } }))());
  });

  const given = (change: object) => (positions: Int32Array) => async () => E.right({ ...black(positions), ...change });
  const REST = 'write batch: (positions) => async () => right({ images, labels }), a Float32Array and an Int32Array';
  test.each<[string, unknown, string]>([
    ['a plain record', black, 'an object in place of a task'],
    ['a promise', async (at: Int32Array) => E.right(black(at)), 'a promise in place of a task'],
    ['a task of a record', (at: Int32Array) => async () => black(at), 'an object in place of a Left or a Right'],
    ['nothing', () => async () => undefined, 'nothing in place of a Left or a Right'],
    ['a Left of a text', () => async () => E.left('no'), 'a Left of "no", which is not an error: left(failure(…))'],
    [
      'a Left of nothing',
      () => async () => E.left(undefined),
      'a Left of nothing, which is not an error: left(failure(…))',
    ],
    [
      'a Left of an Error',
      () => async () => E.left(new Error('plain')),
      'a Left of an object, which is not an error: left(failure(…))',
    ],
    ['a Right of nothing', () => async () => E.right(null), 'images as nothing'],
    ['bytes', given({ images: new Uint8Array(128) }), 'images as a Uint8Array'],
    ['an array', given({ images: [0, 1] }), 'images as an array of 2'],
    ['labels in an array', given({ labels: [0, 1] }), 'labels as an array of 2'],
  ])('that returns %s is refused, with a hint', async (_, batch, got) => {
    const expected = `data set: batch: expected { images, labels }, got ${got}; ${REST}`;
    for (const more of [{}, { inMemory: true }]) {
      const error = await leftOf(using(wasm())(fit({ ...plain, data: own(batch, more) })));
      expect([error._tag, error.message]).toEqual(['ConfigError', expected]);
    }
  });

  test('fails with a Left, whose error becomes that of the run', async () => {
    const about = { where: 'my disk', expected: 'a disk', actual: 'none', hint: 'insert it' };
    const error = failure('FileError', about);
    const data = own(() => async () => E.left(error));
    expect(await leftOf(using(wasm())(fit({ ...plain, data })))).toEqual(error);
  });

  test.each([0, 2])('that never answers after %i batches is left by an abort', async (most) => {
    const stop = new AbortController();
    let calls = 0;
    const data = own((positions: Int32Array) => () => {
      if (calls++ < most) return Promise.resolve(E.right(black(positions)));
      stop.abort();
      return new Promise(() => {});
    });
    const error = await leftOf(using(wasm())(fit({ ...plain, data, signal: stop.signal })));
    expect(error).toMatchObject({ _tag: 'Cancelled', where: most === 0 ? 'data set: batch' : 'training, step 2' });
  });

  test('that rejects while a step runs ends the run, but not the process', async () => {
    let calls = 0;
    const data = own((positions: Int32Array) => async () => {
      if (calls++ > 0) throw new Error('gone');
      return E.right(black(positions));
    });
    const error = await leftOf(using(wasm())(fit({ ...plain, data })));
    expect(error).toMatchObject({ _tag: 'ConfigError', where: 'data set: batch' });
    expect(error.message).toContain('Error: gone');
  });
});

describe('classes', () => {
  const recipe = plainTraining(2); // three classes
  const pixels = new Uint8Array(4 * 64);
  const image = [8, 8, 1] as const;
  const none = right(datasetOf({ pixels, image }));
  const four = right(datasetOf({ pixels, image, labels: [0, 1, 2, 3] }));
  const messageOf = async (change: object) => (await leftOf(using(wasm())(fit({ ...recipe, ...change })))).message;

  test('of a model need labels in the data: the error names the data without labels', async () => {
    const rest = 'conditions.label: expected a value of each image: the model is conditioned on label, got none: the data has no conditions; give `labels` to the data, or make the model without label'; // oxfmt-ignore
    expect(await messageOf({ data: none })).toBe(`data set: ${rest}`);
    expect(await messageOf({ heldOut: { data: none, every: 1 } })).toBe(`heldOut: data set: ${rest}`);
    const lazy = { ...none, inMemory: false };
    expect(await messageOf({ heldOut: { data: lazy, every: 1 } })).toBe(`heldOut: data set: ${rest}`);
  });

  test('the error names the first image of a class that the model does not have', async () => {
    expect(await messageOf({ data: four })).toBe(
      'data set: label at 3: expected a class of the model, 0 to 2, got 3; classes are numbered from 0; null means no class',
    );
  });

  test.each([
    ['a', 'b'],
    ['a', 'b', 'c', 'd'],
  ])('with other names than the model has classes are an error', async (...label) => {
    expect(await messageOf({ data: { ...four, names: { label } } })).toBe(
      `training.data.names.label: expected 3 names, as the model has 3 classes, got ${label.length}; make the model with conditions: { label: data.names.label }, or give data without names`,
    );
  });

  describe('of held-out data', () => {
    const three = right(datasetOf({ pixels, image, labels: [0, 1, 2, 0] }));
    const names = (...label: string[]) => ({ ...three, names: { label } });
    const heldOut = (data: Dataset) => ({ batch: 2, data: names('a', 'b', 'c'), heldOut: { data, every: 1 } });

    test.each([
      [['b', 'a', 'c'], '"b" for the class 0'],
      [['a', 'c'], '"c" for the class 1'],
    ])('have the names of the training data in their order, not %j', async (classes, actual) => {
      expect(await messageOf(heldOut(names(...classes)))).toBe(
        `training: heldOut.data.names.label: expected the classes of the training in their order: a, b, c, got ${actual}; give the data the names of the training: names: data.names`,
      );
    });

    test.each([
      ['the same names', names('a', 'b', 'c'), {}],
      ['the first of them', names('a', 'b'), {}],
      ['one more', names('a', 'b', 'c', 'd'), {}],
      ['no names', three, {}],
      ['other names, for a model without classes', names('b', 'a'), { ...plain, conditionDropout: 0 }],
    ])('may have %s', async (_, data, change) => {
      right(await using(wasm())(fit({ ...recipe, ...heldOut(data), ...change } as typeof recipe))());
    });
  });
});

test('a data set in place of `{ data, every }` is refused with the form to write', async () => {
  const { data } = plainTraining(2);
  const error = await leftOf(using(wasm())(fit({ ...plainTraining(2), heldOut: data as never })));
  expect(error.message).toBe(
    'fit.heldOut: expected { data, every }, got a data set; write heldOut: { data, every: 100 }, with the number of steps between measurements',
  );
});

test('held-out images of other extents are refused, even with as many numbers', async () => {
  const image = [4, 16, 1] as const;
  const wide: Dataset = right(datasetOf({ pixels: new Uint8Array(4 * 64), image, labels: [0, 1, 2, 0] }));
  const error = await leftOf(using(wasm())(fit({ ...plainTraining(2), heldOut: { data: wide as never, every: 1 } })));
  expect(error.message).toBe(
    'training: heldOut.data: expected images [8, 8, 1], as the model takes them, got [4, 16, 1]; measure images of the size that it was trained on',
  );
});

describe('conditions of the data', () => {
  const image = [1, 1, 1] as const;
  const data = right(datasetOf({ pixels: Uint8Array.of(0, 255, 51), image, labels: [0, 1, -1], conditions: {
    hair: ['short', null, 'long'],
    palette: [[1, 2], [3, 4], null],
  } })); // oxfmt-ignore
  const positions = Int32Array.of(2, 0);
  const columns = async (conditions: Conditions, of: Dataset = data) =>
    right(await loaded(conditions, of, undefined)(positions)()).columns;
  const messageOf = async (conditions: Conditions, of: Dataset = data) =>
    (await leftOf(loaded(conditions, of, undefined)(positions))).message;

  test('are those that the model takes, by the names of the data; labels are the condition label', async () => {
    expect(await columns({ label: { classes: 2 }, hair: { classes: 2 }, palette: { vector: 2 } })).toEqual({
      label: { count: 2, value: { data: Int32Array.of(2, 0), shape: [2] } },
      hair: { count: 2, value: { data: Int32Array.of(0, 1), shape: [2] } },
      palette: { count: 2, value: { data: Float32Array.of(0, 0, 1, 2), shape: [2, 2] } },
    });
    expect(await columns({})).toEqual({});
  });

  test('that a model takes and the data lack are refused with those that there are', async () => {
    expect(await messageOf({ hiar: { classes: 2 } })).toBe(
      'data set: conditions.hiar: expected a value of each image: the model is conditioned on hiar, got none: the data has hair, palette, label; give `conditions` to the data, or make the model without hiar',
    );
  });

  test('that the model cannot take are refused with the position of the image', async () => {
    expect(await messageOf({ palette: { vector: 3 } })).toContain('data set: palette at 0: expected 3 numbers, or null for none');
    expect(await messageOf({ hair: { classes: 2, names: ['long', 'shor'] } })).toContain('data set: hair at 0: expected a class: long, shor, got "short"; did you mean shor?');
    expect(await messageOf({ label: { classes: 2, required: true } })).toContain('data set: label at 2: expected a value: the model needs label, got null');
  }); // oxfmt-ignore

  const batch = (conditions: object, labels?: Int32Array): Dataset => ({
    ...data,
    batch: () => async () => E.right({ images: Float32Array.of(0, 1), conditions, labels } as never),
  });
  test('of a batch are as many as its images, and name the class once', async () => {
    expect(await messageOf({ palette: { vector: 1 } }, batch({ palette: [[1]] }))).toContain(
      'expected a value of palette for each of 2 images, got 1 of palette; give null for none',
    );
    expect(await messageOf({ label: { classes: 2 } }, batch({ label: [0, 1] }, Int32Array.of(1, 0)))).toContain(
      'expected labels, or conditions.label, got both; leave one of them out',
    );
  });

  test('that are images have no noise level, and the size of the images, which a step takes', async () => {
    const noisy = batch({ lowRes: { data: [0, 1], shape: [2, 1, 1, 1], t: 3 } });
    expect(await messageOf({ lowRes: { image: 1, noiseLevel: true } }, noisy)).toContain(
      'data set: conditions.lowRes: expected images without a noise level, which differs from step to step, got t = 3; make them from the samples',
    );
    const small = batch({ lowRes: { data: [0, 1, 0, 1], shape: [2, 1, 2, 1] } });
    expect(await messageOf({ lowRes: { image: 1 } }, small)).toContain(
      'data set: conditions.lowRes: expected images of [1, 1], the height and the width of the data, got [1, 2]; resize them first',
    );
  });
});

describe('training images of another size than the network takes', () => {
  const small = { image: [4, 4, 1], base: 4, multipliers: [1], blocks: 1, groups: 2 } as const;
  const network = right(unet({ ...small, conditions: { label: 3 } }));
  const raw = right(unet({ ...small, timesteps: 'continuous' }));
  const trained = (model: object) => fit({ ...plainTraining(1), conditionDropout: 0, model } as never);
  const refused = async (model: object): Promise<string> => (await leftOf(using(wasm())(trained(model)))).message;

  test.each([
    ['unet', network],
    ['preconditioned', right(preconditioned(raw, { as: 'edm' }))],
    ['encoderClassifier', right(encoderClassifier({ ...small, classes: 3 }))],
  ])('are refused in the name of the data: %s', async (_, model) => {
    expect(await refused(model)).toBe(
      'training: data: expected images [4, 4, 1], as the model takes them, got [8, 8, 1]; make the model with `image: data.image`, or give images of its size',
    );
  });

  test('are refused with the place of the channels if these are first', async () => {
    const channelsLast = right(unet({ ...small, image: [8, 8, 3] }));
    const data = right(datasetOf({ pixels: new Uint8Array(4 * 192), image: [3, 8, 8] }));
    const error = await leftOf(using(wasm())(fit({ ...plainTraining(1), conditionDropout: 0, model: channelsLast, data } as never))); // oxfmt-ignore
    expect(error.message).toBe(
      'training: data: expected images [8, 8, 3], as the model takes them, got [3, 8, 8]; the channels of the data are first: move them last, and give image: [8, 8, 3]',
    );
  });

  test.each([[{ image: 32 }], [{ image: '2x2' }], [{ image: null }], [{ image: [2, 2] }], [{ image: ['H', 'W', 1] }], [null]])(
    'are not compared with the configuration of a user’s own function: %j', async (config) => {
      const model = plainTraining(1).model;
      const apply = Object.assign(model.apply.bind(null), { config });
      const effect = await using(wasm())(trained({ ...model, apply }))();
      expect(E.isRight(effect)).toBe(true);
    }); // oxfmt-ignore

  test('may be those that a function around the network takes', async () => {
    const apply: Model<UNetParams, [8, 8, 1]>['apply'] = (params, x, at) =>
      ascribeLike(upsample(network.apply(params, averagePool(x), at)), x);
    right(await using(wasm())(trained({ ...network, apply }))());
  });
});
