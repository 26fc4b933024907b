import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { cosine, ddpm, type Model } from '../../diffusion/index.js';
import { add, key, type Scalar, using, zerosLike } from '../../dsl/index.js';
import { allZeros, parameter, sgd } from '../../nn/index.js';
import { onWasm, takeAll } from '../../../properties/training/onWasm.js';
import { loadCheckpoint } from '../../checkpoints/checkpoint.js';
import { fitInFolder } from '../fit/fitInFolder.js';
import { datasetOf } from '../../data/dataset.js';
import { E } from '../../internal/fp.js';
import { right } from '../testing.js';
import { explosionError, explosions, noLosses, withLoss, type Explosion } from './lossSpike.js';
import { startTraining } from '../fit/run.js';
import type { Training } from '../fit/training.js';

/** The step that ends a run with some losses; null for a run that does not end. */
const endOf = (losses: readonly number[], options?: Explosion): number | null => {
  const explosion = explosions.demand(options);
  let sofar = noLosses;
  for (const [step, loss] of losses.entries()) {
    sofar = withLoss(sofar, loss, explosion);
    if (explosionError(step, sofar, loss, explosion) !== null) return step;
  }
  return null;
};

const times = (n: number, loss: number): readonly number[] => Array.from({ length: n }, () => loss);

describe('losses', () => {
  test.each<[string, readonly number[], Explosion | undefined, number | null]>([
    ['above 100 times the mean of the first 100, ten in a row', [...times(100, 2), ...times(10, 201)], {}, 109],
    ['that are 100 times the mean', [...times(100, 2), ...times(50, 200)], {}, null],
    ['above it in nine of ten steps', [...times(100, 2), ...[1, 2, 3].flatMap(() => [...times(9, 1e9), 2])], {}, null],
    ['that explode at the first update', [1, ...times(10, 8e13)], {}, 10],
    ['that rise 1,000-fold within the first 100', [0.001, ...times(98, 1)], {}, null],
    ['above another factor', [...times(100, 2), ...times(10, 21)], { factor: 10 }, 109],
    ['for another number of steps', [...times(100, 2), ...times(3, 201)], { steps: 3 }, 102],
    ['that are only reported', [...times(100, 2), ...times(50, 1e9)], { ends: false }, null],
    ['that are not finite are not counted', [...times(100, 2), ...times(9, 201), Number.NaN, 201], {}, 110],
    ['whose mean is negative', [...times(100, -2), ...times(50, 1e9)], {}, null],
  ])('%s', (_, losses, explosion, end) => expect(endOf(losses, explosion)).toBe(end));

  test('after the first 100 do not change the mean', () => {
    const after = [...times(100, 1), ...times(300, 50)].reduce(
      (sofar, loss) => withLoss(sofar, loss, explosions.demand({})),
      noLosses,
    );
    expect(after.first).toEqual({ count: 100, mean: 1 });
  });
});

type Image = [1, 1, 1];

/** Learns the mean of the images. */
const model: Model<Scalar, Image> = {
  ...parameter(allZeros),
  predicts: 'x0',
  apply: (w, x) => add(zerosLike(x), w),
};
const data = right(datasetOf({ pixels: Uint8Array.of(255, 100), image: [1, 1, 1] }));
const noising = right(ddpm(cosine(10)));
/** The distance from the mean grows by a fifth with each step: x − 1.1 · 2 (x − m). */
const recipe = (more: Partial<Training<Scalar, Image>>): Training<Scalar, Image> => ({
  ...{ model, data, noising, batch: 2, steps: 200, key: key(7) },
  optimizer: sgd({ learningRate: 1.1 }),
  ...more,
});

const outcomeOf = (training: Training<Scalar, Image>) =>
  onWasm(async (backend) => {
    const run = right(await startTraining(training)(backend)());
    const { events, error } = await takeAll(run);
    const snapshot = right(await run.snapshot());
    right(await run.release());
    return { events, error, snapshot };
  });

describe('a run whose loss explodes', () => {
  test('warns in each such step, and ends as Diverged', async () => {
    const { events, error, snapshot } = await outcomeOf(recipe({}));
    const warnings = events.filter((event) => event._tag === 'Warning');
    expect(warnings).toHaveLength(10);
    expect(warnings[0]).toMatchObject({ about: 'loss' });
    expect(warnings[0]!.message).toMatch(/^the loss is \S+, \S+ times the mean of the first losses, \S+$/);
    expect(error).toMatchObject({ _tag: 'Diverged', where: `training, step ${snapshot.step - 1}` });
    expect(events.at(-1)).toMatchObject({ _tag: 'Step', step: snapshot.step - 1 });
  });

  test('goes on if it should only be reported', async () => {
    const { events, error } = await outcomeOf(recipe({ steps: 130, explosion: { ends: false } }));
    expect(error).toBeNull();
    expect(events.filter(({ _tag }) => _tag === 'Step')).toHaveLength(130);
    expect(events.filter(({ _tag }) => _tag === 'Warning').length).toBeGreaterThan(10);
  });

  test('that was resumed ends at the same step', async () => {
    const whole = await outcomeOf(recipe({}));
    expect(whole.error?._tag).toBe('Diverged');
    for (const steps of [50, 103]) {
      const { snapshot: from } = await outcomeOf(recipe({ steps }));
      expect((await outcomeOf(recipe({ from }))).error).toEqual(whole.error);
    }
  });

  test('in a folder keeps the checkpoint from before, from which it goes on with a lower rate', async () => {
    const path = await mkdtemp(join(tmpdir(), 'noisefold-explosion-'));
    const stepOf = async () => right(await loadCheckpoint(join(path, 'checkpoint.safetensors'))()).step;
    const trained = (training: Training<Scalar, Image>, resume = false) =>
      using(reference())(fitInFolder<Scalar, Image>(path, training, { every: 1, keep: 1, resume }))();
    const ended = await trained(recipe({}));
    const { events } = await outcomeOf(recipe({}));
    const before = events.find((event) => event._tag === 'Warning')!.step;
    expect(E.isLeft(ended) && ended.left).toMatchObject({
      _tag: 'Diverged',
      where: `training, step ${before + 9}`,
      hint: expect.stringContaining(`the checkpoint of step ${before} in ${path} is from before`),
    });
    expect(await stepOf()).toBe(before);
    right(await trained({ ...recipe({ optimizer: sgd({ learningRate: 0.1 }) }), allowOtherSettings: true }, true));
    expect(await stepOf()).toBe(200);
    await rm(path, { recursive: true });
  });
});
