import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { wasm } from '../backends/wasm/backend.js';
import { attempt, type Backend, key, type NoisefoldError, using } from '../dsl/index.js';
import { E, TE } from '../internal/fp.js';
import { encodeCheckpoint } from '../checkpoints/checkpoint.js';
import type { Snapshot } from '../checkpoints/snapshot.js';
import { fit } from '../training/fit/fit.js';
import { startTraining } from '../training/fit/run.js';
import { bars, leftOf, right, type PlainTraining, plainTraining } from '../training/testing.js';
import { augmented, type Augmentation, hostUniform, type ImagePixels, randomCrop, randomFlip } from './augmented.js';
import { type Dataset, datasetOf } from './dataset.js';

const numbered = (height: number, width: number, channels: number): ImagePixels => ({
  data: Float32Array.from({ length: height * width * channels }, (_, i) => i / 100),
  shape: [height, width, channels],
});
const keys = fc.integer().map((seed) => key(seed));

describe('randomFlip', () => {
  test('exchanges left and right, or top and bottom, of whole pixels', () => {
    const image: ImagePixels = { data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), shape: [2, 2, 2] };
    const flipped = (direction: 'horizontal' | 'vertical') => randomFlip({ probability: 1, direction })(image, key(1));
    expect([...flipped('horizontal').data]).toEqual([3, 4, 1, 2, 7, 8, 5, 6]);
    expect([...flipped('vertical').data]).toEqual([5, 6, 7, 8, 1, 2, 3, 4]);
  });

  test('flips half of all images', () => {
    const image = numbered(1, 2, 1);
    const flips = Array.from({ length: 1000 }, (_, seed) => randomFlip()(image, key(seed)).data[0] !== 0);
    const count = flips.filter(Boolean).length;
    expect(Math.abs(count - 500)).toBeLessThan(4 * Math.sqrt(250)); // four standard deviations
  });

  test.prop([keys])('twice with one key gives the original image', (k) => {
    const [image, flip] = [numbered(3, 4, 3), randomFlip()];
    expect(flip(flip(image, k), k).data).toEqual(image.data);
  });
});

describe('randomCrop', () => {
  test.prop([keys])('moves an image by at most its padding, and shows black beside it', (k) => {
    const image = numbered(5, 6, 2);
    const { data, shape } = randomCrop({ padding: 2 })(image, k);
    expect(shape).toEqual(image.shape);
    const at = (pixels: Float32Array, y: number, x: number): number => (y < 0 || x < 0 || y > 4 || x > 5 ? -1 : pixels[(y * 6 + x) * 2 + 1]!);
    const shifts = [-2, -1, 0, 1, 2].flatMap((dy) => [-2, -1, 0, 1, 2].map((dx) => [dy, dx] as const));
    const fits = shifts.filter(([dy, dx]) => Array.from({ length: 30 }, (_, i) => [Math.floor(i / 6), i % 6] as const).every(([y, x]) => at(data, y, x) === at(image.data, y + dy, x + dx)));
    expect(fits).toHaveLength(1);
  });

  test('reaches every offset', () => {
    const crops = Array.from({ length: 400 }, (_, seed) => randomCrop({ padding: 1 })(numbered(3, 3, 1), key(seed)).data.join());
    expect(new Set(crops).size).toBe(9);
  });

  test('fills with the outermost pixels, or with the mirrored image', () => {
    const row: ImagePixels = { data: Float32Array.of(1, 2, 3), shape: [1, 3, 1] };
    const found = (fill: 'edge' | 'reflect') => new Set(Array.from({ length: 200 }, (_, seed) => randomCrop({ padding: 2, fill })(row, key(seed)).data.join()));
    expect([...found('edge')].sort()).toEqual(['1,1,1', '1,1,2', '1,2,3', '2,3,3', '3,3,3']);
    expect([...found('reflect')].sort()).toEqual(['1,2,3', '2,1,2', '2,3,2', '3,2,1']);
    // an image of one pixel has nothing to mirror
    expect([...randomCrop({ padding: 3, fill: 'reflect' })({ data: Float32Array.of(1), shape: [1, 1, 1] }, key(1)).data]).toEqual([1]);
  });
}); // oxfmt-ignore

describe('augmented data', () => {
  const batchOf = async (data: Dataset, ...args: Parameters<Dataset['batch']>) => right(await data.batch(...args)());
  const dim: Augmentation = ({ data, shape }, k) => ({ data: data.map((x) => x * hostUniform(k, 1)[0]!), shape });

  test.prop([keys])('depend only on the key and the position in the batch', async (k) => {
    const data = augmented(bars(9), [randomCrop({ padding: 2 }), randomFlip(), dim]);
    const first = await batchOf(data, Int32Array.of(4, 4, 7), k);
    expect(await batchOf(data, Int32Array.of(4, 4, 7), k)).toEqual(first);
    expect(first.images.subarray(0, 64)).not.toEqual(first.images.subarray(64, 128)); // one image, twice in a batch
    expect(first.labels).toEqual((await batchOf(bars(9), Int32Array.of(4, 4, 7))).labels);
  });

  test('keep the conditions and the names of their images', async () => {
    const conditions = { hair: ['long', null] };
    const data = augmented(right(datasetOf({ pixels: Uint8Array.of(0, 255), image: [1, 1, 1], conditions })), [dim]);
    expect(data.names).toEqual({ hair: ['long'] });
    expect((await batchOf(data, Int32Array.of(1, 0), key(1))).conditions).toEqual({ hair: [null, 'long'] });
  });

  test('do nothing without a key', async () => {
    const data = augmented(bars(9), [dim]);
    expect(await batchOf(data, Int32Array.of(3, 5))).toEqual(await batchOf(bars(9), Int32Array.of(3, 5)));
  });

  test('of augmented data draw independently', async () => {
    const flip = randomFlip();
    const twice = augmented(augmented(bars(9), [flip]), [flip]);
    const images = await Promise.all(Array.from({ length: 20 }, (_, seed) => batchOf(twice, Int32Array.of(1), key(seed))));
    expect(new Set(images.map((batch) => batch.images.join())).size).toBe(2); // with the same key for both, each flip would undo the other
  });

  test('do not change the original data', async () => {
    const source = bars(3);
    const spoils: Augmentation = (image) => ({ ...image, data: image.data.fill(0) });
    await batchOf(augmented({ ...source, batch: () => TE.right(shared) }, [spoils]), Int32Array.of(0), key(1));
    expect(shared.images[0]).toBe(1);
  });
  const shared = { images: new Float32Array(64).fill(1), labels: Int32Array.of(0) };

  test('that return another shape are a ConfigError', async () => {
    const cut: Augmentation = ({ data }) => ({ data: data.subarray(0, 7 * 8), shape: [7, 8, 1] });
    const error = await leftOf(augmented(bars(3), [cut]).batch(Int32Array.of(0), key(1)));
    expect(error).toMatchObject({ _tag: 'ConfigError', where: 'augmented', actual: 'one [7, 8, 1] of 56 numbers' });
  });

  test('of anything but a data set and functions raise a ConfigError at the argument', () => {
    for (const wrong of [undefined, randomFlip, ['flip']])
      expect(() => augmented(bars(3), wrong as never)).toThrow(/augmented.augmentations: .*an array of functions/);
    for (const wrong of [undefined, E.right(bars(3)), []])
      expect(() => augmented(wrong as never, [])).toThrow(/augmented.data: expected a data set/);
    expect(() => randomFlip({ probability: 2 })).toThrow(/randomFlip.probability/);
    expect(() => randomCrop({ padding: -1 })).toThrow(/randomCrop.padding/);
  });
}); // oxfmt-ignore

describe('a training on augmented data', () => {
  const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
    right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());
  const training = (steps: number): PlainTraining => ({
    ...plainTraining(steps),
    batch: 7, // an epoch of 60 images ends within a batch
    data: augmented(bars(60), [randomCrop({ padding: 2 }), randomFlip()]),
  });
  const run = async (backend: Backend, given: PlainTraining): Promise<Snapshot> => {
    const running = right(await startTraining(given)(backend)());
    for await (const event of running.events) right(event);
    const snapshot = right(await running.snapshot());
    right(await running.release());
    return snapshot;
  };
  const bytesOf = (snapshot: Snapshot): Uint8Array => right(encodeCheckpoint(snapshot));

  test('that is resumed at any step, also within an epoch, ends with the bits of one that was not interrupted', () =>
    onWasm(async (backend) => {
      const whole = await run(backend, training(10));
      for (const at of [0, 1, 5, 8, 9]) {
        const from = await run(backend, training(at));
        const resumed = await run(backend, { ...training(10), from });
        expect(Buffer.compare(bytesOf(resumed), bytesOf(whole))).toBe(0);
      }
      const plain = await run(backend, { ...training(10), data: bars(60) });
      expect(Buffer.compare(bytesOf(plain), bytesOf(whole))).not.toBe(0);
    }));

  test('measures held-out images unchanged', () =>
    onWasm(async (backend) => {
      const asked: boolean[] = [];
      const data: Dataset<[8, 8, 1]> = {
        ...bars(6),
        batch: (positions, k) => {
          asked.push(k !== undefined);
          return bars(6).batch(positions, k);
        },
      };
      await run(backend, { ...training(1), heldOut: { data, every: 1 } });
      expect(asked.length).toBeGreaterThan(1);
      expect(asked).not.toContain(true);
    }));

  test('names a function that was not called', () => {
    const messageOf = (value: unknown): string =>
      E.match(
        ({ message }: NoisefoldError) => message,
        String,
      )(attempt(() => augmented(bars(6), [randomFlip(), value as Augmentation])));
    const rest = 'expected functions that change an image, got one that makes such a function; call it:';
    expect(messageOf(randomFlip)).toBe(`augmented: ${rest} randomFlip()`);
    expect(messageOf(randomCrop)).toBe(`augmented: ${rest} randomCrop({ padding: 4 })`);
  });

  test('ends with a typed error if a function throws, or returns numbers outside [-1, 1]', () =>
    onWasm(async (backend) => {
      const endOf = (change: Augmentation) =>
        leftOf(fit({ ...training(1), data: augmented(bars(60), [change]) })(backend));
      const thrown = (): never => {
        throw new TypeError('no pixels');
      };
      expect(await endOf(thrown)).toMatchObject({
        _tag: 'ConfigError',
        actual: expect.stringContaining('TypeError: no pixels'),
      });
      const bright = await endOf((image) => ({ ...image, data: image.data.fill(2) }));
      expect(bright.message).toContain('expected finite numbers in [-1, 1], got 2 at number 0');
    }));
});
