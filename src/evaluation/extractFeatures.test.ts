import { describe, expect, test } from 'vitest';
import { reference } from '../backends/reference/index.js';
import { wasm } from '../backends/wasm/index.js';
import { add, concat, div, failure, mean, type NoisefoldError, raise, reshape, sub, using } from '../dsl/index.js';
import type { Effect } from '../dsl/run/effect.js';
import { open } from '../entry/open.js';
import { unwrap } from '../entry/unwrap.js';
import { E, TE, type either } from '../internal/fp.js';
import { datasetOf, type Images } from '../training/index.js';
import {
  compareFeatures,
  digitClassifier,
  evaluateSamples,
  extractFeatures,
  type Extracted,
  type FeatureModel,
  featuresOf,
  inceptionScore,
} from './index.js';

const onReference = <A>(effect: Effect<A>): Promise<either.Either<NoisefoldError, A>> => using(reference())(effect)();

/** Numbers in [-1, 1] that differ from image to image. */
const images = (count: number, phase = 0): Images => ({
  data: Float32Array.from({ length: count * 4 }, (_, i) => Math.sin(i * i + phase)),
  shape: [count, 2, 2, 1],
});

/** The pixels are the features. */
const pixels = featuresOf([2, 2, 1], (x) => reshape(x, -1, 4));

describe('features of images', () => {
  test('are those of the network, in the order of the images, for any batch size', async () => {
    for (const batch of [1, 3, 7, 100]) {
      const { features, probabilities } = unwrap(await onReference(extractFeatures(pixels, images(7), { batch })));
      expect(features.shape).toEqual([7, 4]);
      expect(Array.from(features.data, Math.fround)).toEqual([...images(7).data]);
      expect(probabilities).toBeUndefined();
    }
  });

  test('each batch waits for the work of onBatch, whose exceptions name it', async () => {
    const log: string[] = [];
    const onBatch = async () => {
      log.push('begin');
      await new Promise((resolve) => setTimeout(resolve, 2));
      log.push('end');
    };
    unwrap(await onReference(extractFeatures(pixels, images(7), { batch: 3, onBatch })));
    expect(log.join()).toBe('begin,end,begin,end,begin,end');
    const failing = () => Promise.reject(new Error('mine'));
    expect(await onReference(extractFeatures(pixels, images(7), { onBatch: failing }))).toMatchObject({
      left: { _tag: 'ConfigError', where: 'extractFeatures.onBatch', actual: expect.stringMatching(/^Error: mine/) },
    });
  });

  test('of samples that overshoot [-1, 1] are those of the samples', async () => {
    const data = images(7).data.map((x) => 1.9 * x);
    const { features } = unwrap(await onReference(extractFeatures(pixels, { data, shape: [7, 2, 2, 1] })));
    expect(Array.from(features.data, Math.fround)).toEqual([...data]);
  });

  test('of samples that diverged are those of the samples, and infinity is an error', async () => {
    const data = Float32Array.of(1, 1, 1, 0.5, 400, 9, 1e30, -7);
    const { features } = unwrap(await onReference(extractFeatures(pixels, { data, shape: [2, 2, 2, 1] })));
    expect(Array.from(features.data, Math.fround)).toEqual([...data]);
    const endless = { ...images(2), data: Float32Array.of(1, 1, 1, 0.5, 0, Infinity, 0, 0) };
    expect(await onReference(extractFeatures(pixels, endless))).toMatchObject({
      left: { _tag: 'NonFinite', actual: 'Infinity at number 1' },
    });
  });

  test('up to 2 are those of the images, also without a negative number', async () => {
    const data = Float32Array.of(0, 2, 1, 0.5);
    const { features } = unwrap(await onReference(extractFeatures(pixels, { data, shape: [1, 2, 2, 1] })));
    expect([...features.data]).toEqual([...data]);
  });

  test('of the first images of a data set', async () => {
    const data = unwrap(datasetOf({ pixels: Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255), image: [2, 2, 1] }));
    const { features } = unwrap(await onReference(extractFeatures(pixels, data, { images: 1 })));
    expect(features).toEqual({ data: Float64Array.of(-1, -1, -1, -1), shape: [1, 4] });
  });

  test('progress is reported after each batch, and a signal ends the extraction', async () => {
    const seen: (readonly [number, number])[] = [];
    const stop = new AbortController();
    const onBatch = (done: number, of: number) => {
      seen.push([done, of]);
      if (done >= 4) stop.abort();
    };
    const how = { batch: 2, onBatch, signal: stop.signal };
    const result = await onReference(extractFeatures(pixels, images(7), how));
    expect(seen).toEqual([[2, 7], [4, 7]]); // oxfmt-ignore
    expect(result).toMatchObject(E.left({ _tag: 'Cancelled', where: 'extractFeatures, image 4' }));
  });

  test('leave nothing on the backend', async () => {
    const nf = await open(wasm());
    const bytes = () => nf.backend.stats().bytes;
    const before = bytes();
    await nf.run(extractFeatures(pixels, images(7), { batch: 2 }));
    expect(bytes()).toBe(before);
    await nf.close();
  });

  test.each<[string, Effect<unknown>, object]>([
    ['images of another size', extractFeatures(pixels, { data: new Float32Array(9), shape: [1, 3, 3, 1] }), { _tag: 'ConfigError', expected: 'images [2, 2, 1], as the network takes them', actual: '[3, 3, 1]' }],
    ['NaN in an image', extractFeatures(pixels, { data: Float32Array.of(0, 0, 0, 0, 0, NaN, 0, 0), shape: [2, 2, 2, 1] }), { _tag: 'NonFinite', where: 'extractFeatures: image 1', actual: 'NaN at number 1' }],
    ['dark bytes as floats', extractFeatures(pixels, { data: Float32Array.of(0, 0, 0, 0, 0, 3, 0, 0), shape: [2, 2, 2, 1] }), { _tag: 'ConfigError', where: 'extractFeatures: image at 1', expected: 'images in [-1, 1]', actual: '3 at number 1 and no negative number in the batch, so it seems to be bytes', hint: 'scale the numbers to [-1, 1]; bytes by byte/127.5 - 1' }],
    ['a batch of too few images', extractFeatures(pixels, { ...unwrap(datasetOf({ pixels: new Uint8Array(4), image: [2, 2, 1] })), batch: () => TE.right({ images: new Float32Array(3) }) }), { _tag: 'ConfigError', where: 'extractFeatures: batch', actual: '3' }],
    ['a data set whose batch is no task', extractFeatures(pixels, { ...unwrap(datasetOf({ pixels: new Uint8Array(4), image: [2, 2, 1] })), batch: () => 3 as never }), { _tag: 'ConfigError', where: 'extractFeatures: batch', actual: '3 in place of a task' }],
    ['numbers that do not match their shape', extractFeatures(pixels, { data: new Float32Array(9), shape: [2, 2, 2, 1] }), { _tag: 'DecodeError' }],
    ['a data set without images', extractFeatures(pixels, { ...unwrap(datasetOf({ pixels: new Uint8Array(4), image: [2, 2, 1] })), size: 0 }), { _tag: 'ConfigError', expected: 'at least 1 image', actual: '0' }],
    ['no images', extractFeatures(pixels, { data: new Float32Array(0), shape: [0, 2, 2, 1] }), { _tag: 'DecodeError' }],
    ['a function in place of a network', extractFeatures(digitClassifier as never, images(2)), { _tag: 'ConfigError', where: 'extractFeatures: network', expected: expect.stringContaining('a feature network') }],
    ['an option that is misspelt', extractFeatures(pixels, images(2), { batchSize: 2 } as never), { _tag: 'ConfigError', where: 'extractFeatures.batchSize' }],
    ['features of another rank', extractFeatures({ ...pixels, model: { ...pixels.model, apply: () => (x) => ({ features: x as never }) } }, images(2)), { _tag: 'ShapeError', actual: '[2, 2, 2, 1]' }],
    ['a network that raises an error', extractFeatures({ ...pixels, model: { ...pixels.model, apply: () => () => raise('ConfigError', { where: 'me', expected: 'a', actual: 'b', hint: 'c' }) } }, images(2)), { _tag: 'ConfigError', where: 'me' }],
    ['data that cannot be read', extractFeatures(pixels, { ...unwrap(datasetOf({ pixels: new Uint8Array(4), image: [2, 2, 1] })), batch: () => TE.left(failure('FileError', { where: 'disk', expected: 'a', actual: 'b', hint: 'c' })) }), { _tag: 'FileError', where: 'disk' }],
  ])('%s', async (_, effect, expected) => expect(await onReference(effect)).toMatchObject(E.left(expected))); // oxfmt-ignore
});

describe('evaluateSamples', () => {
  test('returns each metric; for a network without classes neither score nor accuracy', async () => {
    const [real, generated] = [images(20), images(9, 1)];
    const actual = unwrap(await onReference(evaluateSamples({ network: pixels, real, generated, batch: 4 })));
    const table = ({ data, shape }: Images): Extracted => ({ features: { data, shape: [shape[0], 4] } });
    expect(actual).toEqual(unwrap(compareFeatures(table(real), table(generated))));
    expect(Object.keys(actual)).toEqual(['images', 'fid', 'kid', 'precision', 'recall']);
    expect(actual.images).toEqual({ real: 20, generated: 9 });
  });

  test('for a classifier, returns the score of the generated images and their accuracy', async () => {
    // two classes, dark and bright images
    const model: FeatureModel<object, [2, 2, 1]> = {
      ...pixels.model,
      apply: (params) => (x) => {
        const bright = div(add(1, reshape(mean(x, [1, 2, 3]), -1, 1)), 2);
        return { ...pixels.model.apply(params)(x), probabilities: concat(sub(1, bright), bright) as never };
      },
    };
    const generated = images(9);
    const brightness = Array.from({ length: 9 }, (_, i) => generated.data.subarray(4 * i, 4 * i + 4)).map(
      (pixels) => (1 + pixels.reduce((sum, x) => sum + x, 0) / 4) / 2,
    );
    const labels = new Uint8Array(9).fill(1);
    const network = { model, params: {} };
    const actual = unwrap(await onReference(evaluateSamples({ network, real: images(20), generated, labels })));
    expect(actual.accuracy).toBe(brightness.filter((share) => share > 0.5).length / 9);
    const probabilities = { data: Float64Array.from(brightness.flatMap((p) => [1 - p, p])), shape: [9, 2] } as const;
    expect(actual.inceptionScore?.mean).toBeCloseTo(unwrap(inceptionScore(probabilities)).mean, 12);
  });

  test.each<[string, object, object]>([
    ['labels without probabilities', { labels: [0, 1] }, { _tag: 'ConfigError', where: 'compareFeatures: labels', actual: 'features alone' }],
    ['too few images', { generated: images(1) }, { _tag: 'ConfigError', where: 'frechetDistance: generated', actual: '1' }],
    ['real images of another size', { real: { data: new Float32Array(9), shape: [1, 3, 3, 1] } }, { _tag: 'ConfigError', where: 'evaluateSamples: real', actual: '[3, 3, 1]' }],
    ['generated images of bytes', { generated: { data: new Float32Array(36).fill(128), shape: [9, 2, 2, 1] } }, { _tag: 'ConfigError', where: 'evaluateSamples: generated: image at 0' }],
    ['an option that is misspelt', { fake: images(2) }, { _tag: 'ConfigError', where: 'evaluateSamples.fake' }],
    ['no network', { network: undefined }, { _tag: 'ConfigError', where: 'evaluateSamples.network' }],
    ['an option of a metric that is wrong', { kid: { size: 0 } }, { _tag: 'ConfigError', where: 'evaluateSamples.kid.size' }],
  ])('%s', async (_, change, expected) => {
    const settings = { network: pixels, real: images(20), generated: images(9), ...change };
    expect(await onReference(evaluateSamples(settings as never))).toMatchObject(E.left(expected));
  }); // oxfmt-ignore
});
