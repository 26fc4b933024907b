import { describe, expect, test } from 'vitest';
import { cosine, ddim, ddpm, type DiscreteNoising } from '../diffusion/index.js';
import { key } from '../dsl/index.js';
import { TE } from '../internal/fp.js';
import { adam, chain, clipByGlobalNorm } from '../nn/index.js';
import { readNpzDataset } from '../data/arrayFiles.js';
import type { Batch, Dataset } from '../data/dataset.js';
import { fit } from '../training/fit/fit.js';
import { sample } from '../training/sample/sample.js';
import { leftOf, right, plainTraining } from '../training/testing.js';
import { onWasm } from '../../properties/training/onWasm.js';

describe('a configuration that cannot work is a ConfigError', () => {
  const { data } = plainTraining(1);
  const labelled = (label: number): Dataset => ({
    ...data,
    batch: (positions) =>
      TE.map(({ images }: Batch) => ({ images, labels: Int32Array.from(positions, () => label) }))(
        data.batch(positions),
      ),
  });
  /** Replaces one number of every image. */
  const bright = (number: number): Dataset => ({
    ...data,
    batch: (positions) =>
      TE.map(({ images, labels }: Batch) => ({ images: images.map((x, i) => (i % 64 === 3 ? number : x)), labels }))(
        data.batch(positions),
      ),
  });
  const misspelt: object = { conditionDropuot: 0.1 };
  const wrapped: object = { noising: ddpm(cosine(10)) };
  const failed: object = { model: ddpm(cosine(0)) };

  test.each([
    [{ batch: 0 }, 'fit.batch: expected an integer ≥ 1, got 0'],
    [{ batch: 1.5 }, 'fit.batch: expected an integer ≥ 1, got 1.5'],
    [{ steps: Number.NaN }, 'fit.steps: expected an integer ≥ 0, got NaN'],
    [{ heldOut: { data, every: 0 } }, 'fit.heldOut.every: expected an integer ≥ 1, got 0'],
    [{ heldOut: { data, every: 1, images: 0 } }, 'fit.heldOut.images: expected an integer ≥ 1, got 0'],
    [{ data: bright(255) }, 'expected finite numbers in [-1, 1], got 255 at number 3'],
    [{ heldOut: { data: bright(-2), every: 1 } }, 'expected finite numbers in [-1, 1], got -2 at number 3'],
    [{ conditionDropout: 2 }, 'fit.conditionDropout: expected a number from 0 to 1, or { together, each }, got 2'],
    [{ averageDecay: Number.NaN }, 'fit.averageDecay: expected a number in [0, 1), or an average such as emaPower(0.1), got NaN'],
    [wrapped, 'fit.noising: expected a noising process, got an Either; take the value out of it by unwrap or E.flatMap'],
    [failed, 'fit.model: expected a model, got an Either; take the value out of it by unwrap or E.flatMap'],
    [{ noising: {} as DiscreteNoising }, 'fit.noising: expected a noising process, with its schedule, timesteps, marginals, posteriors, got an object'],
    [misspelt, 'expected one of the fields conditionDropout, model, noising,'],
    [{ data: labelled(3) }, 'expected a class of the model, 0 to 2, got 3'],
    [{ heldOut: { data: labelled(200), every: 1 } }, 'expected a class of the model, 0 to 2, got 200'],
    [{ noising: right(ddpm(cosine(1001))) }, 'expected a process of at most 1000 timesteps, which it knows, got one of 1001'],
    [{ optimizer: chain(clipByGlobalNorm(0), adam({ learningRate: 0.1 })) }, 'clipByGlobalNorm: expected a finite norm above 0, got 0'],
  ])('of a fit: %o', (change, message) =>
    onWasm(async (backend) => {
      const error = await leftOf(fit({ ...plainTraining(1), ...change })(backend));
      expect(error._tag).toBe('ConfigError');
      expect(error.message).toContain(message);
    }),
  );

  test('and images that are not finite are a NonFinite error, which names the image', () =>
    onWasm(async (backend) => {
      const error = await leftOf(fit({ ...plainTraining(1), data: bright(Number.NaN) })(backend));
      expect(error._tag).toBe('NonFinite');
      expect(error.where).toMatch(/^data set: image at \d+$/);
    }));

  test.each<[string, () => unknown, unknown, string]>([
    ['a training that has not run', () => fit(plainTraining(0)), ddim(), 'sample: trained: expected a trained model, as fit or loadTrained returns it, got work that has not run; write await nf.run(…)'],
    ['a solver that was not called', () => ({}), ddim, 'sample.solver: expected a solver, such as ddim(): call the function that makes it, got a function'],
  ])('of a sampling of %s', (_, trained, solver, message) =>
    onWasm(async (backend) => {
      const error = await leftOf(sample(trained() as never, { solver: solver as never, key: key(1) })(backend));
      expect(error.message).toContain(message);
    }),
  );

  test('of a sampling of a promise, and of data that are not read', () =>
    onWasm(async (backend) => {
      const later = Promise.resolve({}) as never;
      expect((await leftOf(sample(later, { solver: ddim(), key: key(1) })(backend))).message).toBe(
        'sample: trained: expected a trained model, as fit or loadTrained returns it, got a promise; await it',
      );
      const unread = readNpzDataset('x.npz', { images: 'x' }) as never;
      expect((await leftOf(fit({ ...plainTraining(1), data: unread })(backend))).message).toBe(
        'fit.data: expected a data set, got work that has not run; write await nf.run(…)',
      );
    }));

  test.each([
    [{ step: 10, steps: undefined }, 'did you mean steps?'],
    [{ step: 10 }, 'did you mean steps, which is given too?'],
  ])('of a fit: %o suggests the nearest name', (change: object, message) =>
    onWasm(async (backend) => {
      const given: object = Object.fromEntries(
        Object.entries({ ...plainTraining(1), ...change }).filter(([, value]) => value !== undefined),
      );
      expect((await leftOf(fit(given as never)(backend))).message.endsWith(message)).toBe(true);
    }),
  );

  test.each([
    [{ batch: 0 }, 'sample.batch: expected an integer ≥ 1, got 0'],
    [{ count: 1.5 }, 'sample.count: expected an integer ≥ 1, got 1.5'],
    [{ lables: [1] }, 'sample.lables: expected one of the fields labels, solver, key,'],
    [{ labels: [0, 7] }, 'sample: label of sample 1: expected a class of the model, 0 to 2, got 7'],
    [{ labels: [1, 2], count: 5 }, 'sample: conditions.label: expected a value for each of 5 samples, or for one, got 2'],
    [{ labels: [] }, 'sample: expected at least one sample, got 0'],
  ])('of a sampling: %o', (change, message) =>
    onWasm(async (backend) => {
      const model = right(await fit(plainTraining(0))(backend)());
      const error = await leftOf(sample({ grid: 4, solver: ddim(), key: key(1), ...(change as object) })(model)(backend));
      expect(error._tag).toBe('ConfigError');
      expect(error.message).toContain(message);
    }),
  );
}); // oxfmt-ignore
