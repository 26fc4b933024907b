/** Likelihoods of the images of a data set as jobs. */
import type { Task } from '../../dsl/run/effect.js';
import { hostKey, positive } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { t } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import { type OptionsOf, optional, schema } from '../../internal/schema.js';
import { type Dataset, logLikelihoods, type LogLikelihoods } from '../../training/index.js';
import { genTask } from '../../dsl/run/genEffect.js';
import { datasetOfNumbers } from '../../data/imageData.js';
import { asData, gridCall, type GridCall } from '../jobs/calls.js';
import { dataFields, dataPieces, type DataShards } from './dataShards.js';
import { allFiles, rowsOf } from './results.js';
import { checkpointFields, namedCheckpoint, type OfCheckpoint } from './sampleShards.js';
import { runPieces } from './sharding.js';
import { type CheckpointOf, checkpointOfFields, workOf } from '../jobs/work.js';

const measuring = {
  grid: optional(t.union([positive, gridCall])),
  /** True if images are bytes: see `logLikelihoods`; false if left out. */
  dequantize: optional(t.boolean, false),
  /** The number of images that a worker measures at a time; default 16. */
  batch: optional(positive, 16),
  /** The key of all random draws, which depend on the position of each image in the data set. */
  key: hostKey,
};

/** The images to measure, and where the jobs run. */
export interface LikelihoodShards extends DataShards, OfCheckpoint, Omit<OptionsOf<typeof measuring>, 'grid'> {
  /** The number of timesteps of the flow, or a grid, such as `['spaced', 100]`. */
  readonly grid?: number | GridCall;
}

const where = 'likelihoodShards';
const options = schema(where, {
  ...{ ...checkpointFields, ...dataFields, ...measuring },
  grid: optional(t.union([positive, asData(gridCall)])),
} satisfies Record<keyof LikelihoodShards, unknown>);

type LikelihoodJob = CheckpointOf & OptionsOf<typeof measuring>;

/** Images at the positions that they have in a larger data set. */
const placedFrom = (first: number, data: Dataset): Dataset => ({
  ...data,
  size: first + data.size,
  inMemory: false,
  batch: (positions) => data.batch(positions.map((position) => position - first)),
});

/** Measures images in a worker. */
export const likelihoodWork = workOf<LikelihoodJob>({
  name: 'likelihood',
  options: schema('job', { ...checkpointOfFields, ...measuring }),
  *run({ checkpoint, model, ...settings }, [first, count], { backend, trained, input }) {
    const { images, ...values } = yield* input();
    const data = placedFrom(first, yield* take(datasetOfNumbers(images, values)));
    const effect = logLikelihoods(yield* trained({ checkpoint, ...(model !== undefined && { model }) }), { ...settings, data, first, images: count } as never); // oxfmt-ignore
    const { nats, bits } = yield* take(effect(backend));
    return new Map([
      ['nats', { dtype: 'F64', shape: [count], data: nats }],
      ['bits', { dtype: 'F64', shape: [count], data: bits }],
    ]);
  },
});

/**
 * Measures log p(x) of each image of a data set, as jobs on other processes: the numbers of `logLikelihoods`, whatever the size
 * of the jobs. Fails like `sampleShards`, with the errors of the data, and with the error of a job that failed.
 * @example
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(255, 0), image: [1, 1, 1] }))
 * const where = { engine: local(), folder: 'runs/nats', checkpoint: 'missing.safetensors' }
 * const result = await likelihoodShards({ ...where, data, grid: ['spaced', 100], key: key(7) })()
 * isLeft(result) && result.left.actual // → 'ENOENT: no such file or directory'
 */
export const likelihoodShards = <G = unknown>(
  measurings: Exact<G, keyof LikelihoodShards> & LikelihoodShards,
): Task<LogLikelihoods> =>
  genTask(where, function* () {
    const { grid, dequantize, batch, key, ...known } = yield* take(options.decode<LikelihoodShards>(measurings));
    const job = { ...(yield* namedCheckpoint(known)), ...(grid !== undefined && { grid }), dequantize, batch, key };
    const pieces = dataPieces(where, likelihoodWork.name, job, known);
    const shards = yield* runPieces({ where, pieces, checkpoints: [known.checkpoint] }, known);
    const files = yield* take(allFiles(where, shards));
    const [nats, bits] = [yield* rowsOf(files, 'nats'), yield* rowsOf(files, 'bits')];
    return { nats: Float64Array.from(nats?.data ?? []), bits: Float64Array.from(bits?.data ?? []) };
  });
