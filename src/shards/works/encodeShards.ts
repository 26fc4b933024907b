/** Encodes the images of a data set, as jobs, to the noise from which a trained model draws them. */
import type { Task } from '../../dsl/run/effect.js';
import type { Exact } from '../../internal/exact.js';
import { t } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import { schema } from '../../internal/schema.js';
import { encode } from '../../training/index.js';
import { genTask } from '../../dsl/run/genEffect.js';
import { NO_CLASS } from '../../data/dataset.js';
import { dataFields, dataPieces, type DataShards } from './dataShards.js';
import { imageTensors } from '../jobs/result.js';
import { checkpointFields, namedCheckpoint, type OfCheckpoint } from './sampleShards.js';
import { encodingOf, type ShardEncoding } from '../jobs/sampling.js';
import { runPieces, type ShardFiles } from './sharding.js';
import { type CheckpointOf, checkpointOfFields, workOf } from '../jobs/work.js';

/** The images to encode, and where the jobs run. */
export interface EncodeShards extends DataShards, OfCheckpoint {
  /** The solver, such as `['ddimInversion']`, the grid and the guidance. */
  readonly sampling: ShardEncoding;
}

const where = 'encodeShards';
const options = schema(where, {
  ...{ ...checkpointFields, ...dataFields },
  sampling: t.UnknownRecord,
} satisfies Record<keyof EncodeShards, unknown>);

interface EncodeJob extends CheckpointOf {
  readonly sampling: object;
}

/** Encodes images in a worker, with the values that the model is conditioned on. */
export const encodeWork = workOf<EncodeJob>({
  name: 'encode',
  options: schema('job', { ...checkpointOfFields, sampling: t.UnknownRecord }),
  *run({ sampling, ...from }, _range, { backend, trained, input }) {
    const parts = yield* take(encodingOf(sampling));
    const model = yield* trained(from);
    const { images, labels, conditions: own = {} } = yield* input();
    const all = labels ? { ...own, label: Array.from(labels, (i) => (i === NO_CLASS ? null : i)) } : own;
    const taken = Object.entries(all).filter(([name]) => name in (model.model.conditions ?? {}));
    const noise = yield* take(encode(model, { ...parts, images, conditions: Object.fromEntries(taken) })(backend));
    return new Map([['images', imageTensors(noise)]]);
  },
});

/**
 * Encodes the images of a data set as noise x_T, as jobs on other processes: `encode` for data of any size. The images
 * of a job are sent along with it. Fails like `sampleShards`, and with the errors of the data.
 * @example
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(255, 0), image: [1, 1, 1] }))
 * const where = { engine: local(), folder: 'runs/noise', checkpoint: 'missing.safetensors' }
 * const result = await encodeShards({ ...where, data, sampling: { solver: ['ddimInversion'], grid: 50 } })()
 * isLeft(result) && result.left.actual // → 'ENOENT: no such file or directory'
 */
export const encodeShards = <G = unknown>(encoding: Exact<G, keyof EncodeShards> & EncodeShards): Task<ShardFiles> =>
  genTask(where, function* () {
    const { sampling, ...known } = yield* take(options.decode<EncodeShards>(encoding));
    yield* take(encodingOf(sampling));
    const pieces = dataPieces(where, encodeWork.name, { ...(yield* namedCheckpoint(known)), sampling }, known);
    return yield* runPieces({ where, pieces, checkpoints: [known.checkpoint] }, known);
  });
