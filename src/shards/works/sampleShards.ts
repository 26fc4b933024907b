/** Samples of a trained model as jobs. */
import type { Task } from '../../dsl/run/effect.js';
import { hostKey, natural, positive } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { t } from '../../internal/fp.js';
import { type Block, take } from '../../internal/gen.js';
import { type Broken, type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { genTask } from '../../dsl/run/genEffect.js';
import { outlineOfTrained } from '../../checkpoints/trainedFiles.js';
import { planOf } from '../../training/sample/samplePlan.js';
import { digestOfFile } from '../jobs/checkpoints.js';
import { imageTensors } from '../jobs/result.js';
import { preparationOf, type ShardSampling } from '../jobs/sampling.js';
import { type Piece, rangesOf, runPieces, type ShardFiles, shardingFields } from './sharding.js';
import { type CheckpointOf, checkpointOfFields, workOf } from '../jobs/work.js';

/** The fields of {@link OfCheckpoint}. */
export const checkpointFields = {
  /** The path of a file that `saveTrained` wrote. Workers find it by the SHA-256 of its bytes. */
  checkpoint: t.string,
  /** The name of the model among the `models` of the workers, if it is not built in. */
  model: optional(t.string),
};

/** The trained model of a work. */
export interface OfCheckpoint extends OptionsOf<typeof checkpointFields> {}

const labels = t.readonlyArray(t.union([t.number, t.string, t.null], 'the number or the name of a class, or null'));

/** The fields of {@link SampleShards}. */
export const drawingFields = {
  ...checkpointFields,
  ...shardingFields,
  sampling: t.UnknownRecord,
  /** The key of all random numbers; sample i draws from `foldIn(key, i)`. */
  key: hostKey,
  /** The class of each sample: its number, or its name if the trained model has names; null for none. */
  labels: optional(labels),
  /** The number of samples, if there are no labels; by default 1. */
  count: optional(positive),
  /** The index of the first sample; default 0. */
  first: optional(natural, 0),
};

/** The samples to draw, and where the jobs run. */
export interface SampleShards extends Omit<OptionsOf<typeof drawingFields>, 'sampling'> {
  /** The options of `sample` as data. */
  readonly sampling: ShardSampling;
}

/** The rule that there is a label for each sample. */
export const labelsFit = ({ labels: all, count }: Pick<SampleShards, 'labels' | 'count'>): Broken<'labels'> | null =>
  all === undefined || (all.length > 0 && all.length === (count ?? all.length))
    ? null
    : {
        field: 'labels',
        expected: count === undefined ? 'a label for each sample' : `${count} labels, as the count says`,
        actual: `${all.length}`,
        hint: 'give as many labels as samples, and leave the count out',
      };

const where = 'sampleShards';
const options = schema(where, drawingFields).rule(labelsFit);

const jobFields = { ...checkpointOfFields, sampling: t.UnknownRecord, key: hostKey, labels: optional(labels) };

/** Draws samples in a worker. */
export const sampleWork = workOf<OptionsOf<typeof jobFields>>({
  name: 'sample',
  options: schema('job', jobFields),
  *run({ sampling, key, labels: own, ...from }, [first, count], { prepared }) {
    if (own !== undefined && own.length !== count)
      raise('DecodeError', {
        where: 'job: labels',
        expected: `${count}, a label for each sample`,
        actual: `${own.length}`,
        hint: 'give a job that sampleShards made',
      });
    const preparation = yield* take(preparationOf(sampling));
    const batch = Math.min(preparation.batch ?? 1, count); // a batch is at most as large as the job
    const { sample } = yield* prepared(from, JSON.stringify({ ...sampling, batch }), { ...preparation, batch });
    const images = yield* take(sample({ key, first, ...(own === undefined ? { count } : { labels: own }) }));
    return new Map([['images', imageTensors(images)]]);
  },
});

/** The checkpoint of a work as a job names it. */
export function* namedCheckpoint({ checkpoint, model }: OfCheckpoint): Block<CheckpointOf> {
  return { checkpoint: yield* take(digestOfFile(checkpoint)), ...(model !== undefined && { model }) };
}

/** The pieces of a work that draws samples with each of several samplings. */
export function* samplePieces(
  { key, labels: all, count = 1, first, size, ...of }: Filled<typeof drawingFields, SampleShards>,
  samplings: readonly ShardSampling[],
): Block<readonly (readonly Piece[])[]> {
  const preparations = [];
  for (const sampling of samplings) preparations.push(yield* take(preparationOf(sampling)));
  const from = yield* namedCheckpoint(of);
  // other models are known only to workers
  const outline = of.model === undefined ? yield* take(outlineOfTrained(of.checkpoint)) : null;
  const ranges = rangesOf(where, { first, count: all?.length ?? count, size }, outline?.image);
  if (outline !== null) {
    const request = { key, ...(all === undefined ? { count } : { labels: all }) };
    const trained = { ...outline, params: {} as never }; // a plan needs no parameters
    for (const preparation of preparations)
      yield* take(planOf(where, 'data')(trained, { ...preparation, ...request }, null));
  }
  return samplings.map((sampling) =>
    ranges.map((range) => ({
      work: sampleWork.name,
      range,
      options: {
        ...from,
        sampling,
        key,
        ...(all && { labels: all.slice(range[0] - first, range[0] - first + range[1]) }),
      },
    })),
  );
}

/**
 * Draws samples of a trained model as jobs on other processes. Sample i is the one that `sample` draws with this key, to the
 * bit, whatever the engine, the number of workers and the size of the jobs. Fails with `ConfigError` for an invalid option or
 * an engine that cannot start, with `FileError`, and with `Cancelled`. A job that fails is one of the `failures`.
 * @example
 * const shards = sampleShards({
 *   engine: local({ processes: 2 }),
 *   folder: 'runs/digits',
 *   checkpoint: 'missing.safetensors',
 *   sampling: { solver: ['dpmSolverPP', { order: 2 }], grid: 20, guidance: ['cfg', 2] },
 *   labels: Array.from({ length: 50_000 }, (_, i) => i % 10),
 *   key: key(8),
 * })
 * const result = await shards()
 * isLeft(result) && result.left.actual // → 'ENOENT: no such file or directory'
 */
export const sampleShards = <G = unknown>(drawing: Exact<G, keyof SampleShards> & SampleShards): Task<ShardFiles> =>
  genTask(where, function* () {
    const known = yield* take(options.decode<SampleShards>(drawing));
    const [pieces = []] = yield* samplePieces(known, [known.sampling]);
    return yield* runPieces({ where, pieces, checkpoints: [known.checkpoint] }, known);
  });
