/** Samples of a trained model as jobs. */
import type { Task } from '../../dsl/run/effect.js';
import { hostKey, natural, positive } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { t, TE } from '../../internal/fp.js';
import { type Block, take } from '../../internal/gen.js';
import { type Broken, type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { genTask } from '../../dsl/run/genEffect.js';
import type { HostConditions } from '../../conditions/hostValues.js';
import { countOf, hostConditions, hostRowsAt } from '../../data/hostRows.js';
import { outlineOfTrained } from '../../checkpoints/trainedFiles.js';
import { planOf } from '../../training/sample/samplePlan.js';
import { digestOfFile } from '../jobs/checkpoints.js';
import { valuesInput } from '../jobs/input.js';
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
  /**
   * The values of each sample, by the name of the condition, as `sample` takes them; those of one sample serve all. A worker gets
   * those of its samples.
   */
  conditions: optional(hostConditions),
  /** The number of samples; by default the number of labels, or of values of a condition, or 1. */
  count: optional(positive),
  /** The index of the first sample; default 0. */
  first: optional(natural, 0),
};

/** The samples to draw, and where the jobs run. */
export interface SampleShards extends Omit<OptionsOf<typeof drawingFields>, 'sampling'> {
  /** The options of `sample` as data. */
  readonly sampling: ShardSampling;
}

type Values = Pick<SampleShards, 'labels' | 'conditions' | 'count'>;

/** The number of values of each condition that has not one value for all samples. */
const countsOf = (conditions: HostConditions = {}) =>
  Object.entries(conditions)
    .map(([name, values]) => ({ name, count: countOf(values) }))
    .filter(({ count }) => count !== 1);

/** The number of samples. */
const samplesOf = ({ labels: all, conditions, count }: Values): number =>
  count ?? all?.length ?? countsOf(conditions)[0]?.count ?? 1;

/** The rule that there is a label for each sample, and a value of each condition. */
export const valuesFit = (values: Values): Broken<'labels' | 'conditions'> | null => {
  const { labels: all, conditions, count } = values;
  if (all !== undefined && (all.length === 0 || all.length !== (count ?? all.length)))
    return {
      field: 'labels',
      expected: count === undefined ? 'a label for each sample' : `${count} labels, as the count says`,
      actual: `${all.length}`,
      hint: 'give as many labels as samples, and leave the count out',
    };
  const samples = samplesOf(values);
  const other = countsOf(conditions).find((each) => each.count !== samples || samples === 0);
  return other === undefined
    ? null
    : {
        field: 'conditions',
        expected: `a value of ${other.name} for each of ${samples} samples, or for one`,
        actual: `${other.count}`,
        hint: 'give as many values as samples, or the one that serves all',
      };
};

/** The values of some of the samples. */
const valuesAt = (conditions: HostConditions, positions: Int32Array): HostConditions => {
  const several = countsOf(conditions).map(({ name }) => [name, conditions[name]!] as const);
  return { ...conditions, ...hostRowsAt(Object.fromEntries(several), positions) };
};

const where = 'sampleShards';
const options = schema(where, drawingFields).rule(valuesFit);

const jobFields = { ...checkpointOfFields, sampling: t.UnknownRecord, key: hostKey, labels: optional(labels) };

/** Draws samples in a worker. */
export const sampleWork = workOf<OptionsOf<typeof jobFields>>({
  name: 'sample',
  options: schema('job', jobFields),
  *run({ sampling, key, labels: own, ...from }, [first, count], { prepared, values }) {
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
    const { conditions } = yield* values();
    const images = yield* take(
      sample({ key, first, count, ...(own && { labels: own }), ...(conditions && { conditions }) }),
    );
    return new Map([['images', imageTensors(images)]]);
  },
});

/** The checkpoint of a work as a job names it. */
export function* namedCheckpoint({ checkpoint, model }: OfCheckpoint): Block<CheckpointOf> {
  return { checkpoint: yield* take(digestOfFile(checkpoint)), ...(model !== undefined && { model }) };
}

/** The pieces of a work that draws samples with each of several samplings. */
export function* samplePieces(
  { key, labels: all, conditions, count: asked, first, size, ...of }: Filled<typeof drawingFields, SampleShards>,
  samplings: readonly ShardSampling[],
): Block<readonly (readonly Piece[])[]> {
  const preparations = [];
  for (const sampling of samplings) preparations.push(yield* take(preparationOf(sampling)));
  const from = yield* namedCheckpoint(of);
  // other models are known only to workers
  const outline = of.model === undefined ? yield* take(outlineOfTrained(of.checkpoint)) : null;
  const values = { ...(all && { labels: all }), ...(conditions && { conditions }) };
  const count = samplesOf({ ...values, ...(asked !== undefined && { count: asked }) });
  const ranges = rangesOf(where, { first, count, size }, outline?.image);
  if (outline !== null) {
    const request = { key, count, ...values };
    const trained = { ...outline, params: {} as never }; // a plan needs no parameters
    for (const preparation of preparations)
      yield* take(planOf(where, 'data')(trained, { ...preparation, ...request }, null));
  }
  return samplings.map((sampling) =>
    ranges.map((range) => {
      const positions = Int32Array.from({ length: range[1] }, (_, i) => range[0] - first + i);
      return {
        work: sampleWork.name,
        range,
        options: { ...from, sampling, key, ...(all && { labels: Array.from(positions, (at) => all[at]!) }) },
        ...(conditions && { input: TE.fromEither(valuesInput({ conditions: valuesAt(conditions, positions) })) }),
      };
    }),
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
