/** Options of the folder in the training of `fitIn`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { cosine, ddpm, type Model } from '../../diffusion/index.js';
import { add, key, type Scalar, using, zerosLike } from '../../dsl/index.js';
import { adam, allZeros, parameter } from '../../nn/index.js';
import { datasetOf } from '../../data/dataset.js';
import { leftOf, right } from '../testing.js';
import { loadCheckpoint } from '../../checkpoints/checkpoint.js';
import { fitIn, fitInFolder, type FitInFolder } from './fitInFolder.js';
import { openRunFolder } from '../../checkpoints/runFolder.js';

let home = '';
let path = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'noisefold-fit-'));
  path = join(home, 'run');
});
afterEach(() => rm(home, { recursive: true, force: true }));

type Image = [1, 1, 1];

/** Learns the mean of the images. */
const model: Model<Scalar, Image> = {
  ...parameter(allZeros),
  predicts: 'x0',
  apply: (w, x) => add(zerosLike(x), w),
};
const training: FitInFolder<Scalar, Image> = {
  model,
  noising: right(ddpm(cosine(10))),
  optimizer: adam({ learningRate: 0.1 }),
  data: right(datasetOf({ pixels: Uint8Array.of(255, 0), image: [1, 1, 1] })),
  ...{ batch: 2, steps: 2, key: key(7) },
};

test.each([
  [{ every: 2 }, 'every', 'after the training: fitIn(…, training, { every })'],
  [{ keep: 1 }, 'keep', 'after the training: fitIn(…, training, { keep })'],
  [{ resume: true }, 'resume', 'to the folder: openRunFolder(path, { resume })'],
  [{ log: 'new' }, 'log', 'to the folder: openRunFolder(path, { log })'],
])('%o in the training is refused with the place where it belongs', async (more, option, place) => {
  const folder = right(await openRunFolder(path)());
  const refusal = await leftOf(using(reference())(fitIn<Scalar, Image>(folder, { ...training, ...more })));
  expect(refusal.message).toBe(
    `fitIn: training.${option}: expected the options of fit, got an option of the folder; give it ${place}`,
  );
  right(await folder.release());
});

test('undefined in the training counts as left out', async () => {
  const none = { every: undefined, keep: undefined, resume: undefined, log: undefined };
  const folder = right(await openRunFolder(path)());
  right(await using(reference())(fitIn<Scalar, Image>(folder, { ...training, ...none }))());
  right(await folder.release());
  const longer = { ...training, ...none, steps: 3 };
  right(await using(reference())(fitInFolder<Scalar, Image>(path, longer, { resume: true }))());
  expect(right(await loadCheckpoint(join(path, 'checkpoint.safetensors'))()).step).toBe(3);
});
