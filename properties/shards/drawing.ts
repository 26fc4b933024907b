/** The samples of the tests of shards, and a model that files do not describe. */
import type { Model } from '../../src/diffusion/index.js';
import { add, key, type Scalar, zerosLike } from '../../src/dsl/index.js';
import { allOnes, parameter } from '../../src/nn/index.js';
import type { ShardSampling } from '../../src/shards/index.js';

export const COUNT = 23;
/** So many that a job takes a tenth of a second, and faults come in the middle of one. */
export const STEPS = 60;
const sampling: ShardSampling = { solver: ['ddim', { eta: 1 }], grid: STEPS, batch: 4 };
const labels = Array.from({ length: COUNT }, (_, i) => i % 3);
export const drawing = { sampling, labels, key: key(8) };

/** Predicts images of one grey. */
export const mine: Model<Scalar, [8, 8, 1]> = {
  ...parameter(allOnes),
  predicts: 'x0',
  apply: (w, x) => add(zerosLike(x), w),
};
