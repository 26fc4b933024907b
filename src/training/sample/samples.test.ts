import { describe, expect, test } from 'vitest';
import { ancestral, cfg, ddim, heun } from '../../diffusion/index.js';
import { type Backend, key } from '../../dsl/index.js';
import { fit } from '../fit/fit.js';
import type { Images } from '../../data/images.js';
import { sample } from './sample.js';
import type { Sampling } from './sampling.js';
import { right, plainTraining } from '../testing.js';
import { onWasm } from '../../../properties/training/onWasm.js';

describe('samples', () => {
  const drawing = (backend: Backend) => async () => {
    const model = right(await fit(plainTraining(2))(backend)());
    return async (labels: readonly number[], change: Partial<Sampling> = {}): Promise<Images> =>
      right(
        await sample({ grid: 4, solver: ddim(), guidance: cfg(2), labels, batch: 2, key: key(1), ...change })(model)(
          backend,
        )(),
      );
  };
  const imageOf = ({ data }: Images, i: number): Float32Array => data.subarray(i * 64, (i + 1) * 64);

  test('are one for each label, and the same for the same key', () =>
    onWasm(async (backend) => {
      const draw = await drawing(backend)();
      const images = await draw([0, 1, 2, 0, 1]);
      expect(images.shape).toEqual([5, 8, 8, 1]);
      expect(await draw([0, 1, 2, 0, 1])).toEqual(images);
      expect(await draw([0, 1, 2, 0, 1], { key: key(2) })).not.toEqual(images);
    }));

  test('depend on their position and label, not on the number of samples after them', () =>
    onWasm(async (backend) => {
      const draw = await drawing(backend)();
      const [images, fewer] = [await draw([0, 1, 2, 0, 1]), await draw([0, 1, 1])];
      for (const i of [0, 1]) expect(imageOf(fewer, i)).toEqual(imageOf(images, i));
      expect(imageOf(fewer, 2)).not.toEqual(imageOf(images, 2));
      expect(imageOf(images, 3)).not.toEqual(imageOf(images, 0));
    }));

  test.each([
    ['ddim', ddim()],
    ['ancestral', ancestral()],
    ['heun with churn', heun({ churn: 2 })],
  ])('are equal to the bit for any batch, and as ranges: %s', (_, solver) =>
    onWasm(async (backend) => {
      const draw = await drawing(backend)();
      const labels = Array.from({ length: 50 }, (__, i) => i % 3);
      const whole = await draw(labels, { solver, batch: 50 });
      for (const batch of [1, 7]) expect(await draw(labels, { solver, batch })).toEqual(whole);
      const ranges = [0, 20, 41].map((first, i, all) => [first, all[i + 1] ?? 50] as const);
      for (const [first, end] of ranges) {
        const part = await draw(labels.slice(first, end), { solver, batch: 8, first });
        expect(part.data).toEqual(whole.data.subarray(first * 64, end * 64));
      }
    }),
  );

  test('are drawn in equal parts of at most 256 by default', () =>
    onWasm(async (backend) => {
      const model = right(await fit(plainTraining(2))(backend)());
      const labels = Array.from({ length: 301 }, (_, i) => i % 3);
      const finished: number[] = [];
      const how: Sampling = { grid: 1, solver: ddim(), key: key(1) };
      const onStep: Sampling['onStep'] = (_, __, samples) => void finished.push(samples);
      const images = right(await sample({ ...how, labels, onStep })(model)(backend)());
      expect(finished).toEqual([151, 301]);
      const last = right(await sample({ ...how, labels: [0], first: 300 })(model)(backend)());
      expect(imageOf(images, 300)).toEqual(last.data);
    }));
});
