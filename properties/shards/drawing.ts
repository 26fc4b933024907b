/** The samples of the tests of shards. */
import { key } from '../../src/dsl/index.js';
import type { ShardSampling } from '../../src/shards/index.js';

export const COUNT = 23;
/** So many that a job takes a tenth of a second, and faults come in the middle of one. */
export const STEPS = 60;
const sampling: ShardSampling = { solver: ['ddim', { eta: 1 }], grid: STEPS, batch: 4 };
const labels = Array.from({ length: COUNT }, (_, i) => i % 3);
export const drawing = { sampling, labels, key: key(8) };
