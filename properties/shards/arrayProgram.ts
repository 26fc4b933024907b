/** A task of an array of Slurm, or of an indexed job of Kubernetes: draws its range into the folder that all share. */
import { unwrap } from '../../src/index.js';
import { local, sampleShards } from '../../src/shards/index.js';
import { drawing } from './drawing.js';

const [worker = '', checkpoint = '', folder = '', completions = ''] = process.argv.slice(2);
const { SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_COUNT, JOB_COMPLETION_INDEX } = process.env;
const index = Number(SLURM_ARRAY_TASK_ID ?? JOB_COMPLETION_INDEX);
const of = Number(SLURM_ARRAY_TASK_COUNT ?? completions);
const size = 4;
const { labels } = drawing;
const each = Math.ceil(labels.length / of / size) * size;
const first = index * each;
const own = { first, labels: labels.slice(first, first + each), size };
unwrap(await sampleShards({ ...drawing, ...own, checkpoint, folder, engine: local({ processes: 1, worker }) })());
