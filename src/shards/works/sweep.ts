/** Samples with many settings, in one list of jobs. */
import type { Task } from '../../dsl/run/effect.js';
import type { Exact } from '../../internal/exact.js';
import { t } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import { schema } from '../../internal/schema.js';
import { genTask } from '../../dsl/run/genEffect.js';
import { drawingFields, samplePieces, type SampleShards, valuesFit } from './sampleShards.js';
import type { ShardSampling } from '../jobs/sampling.js';
import { endsOf, filesOf, type ShardFiles } from './sharding.js';

/** Values to try of the options of a sampling. */
export type Sweep = { readonly [K in keyof ShardSampling]?: readonly NonNullable<ShardSampling[K]>[] };

/** Samples to draw with each combination of values. */
export interface SweepShards extends SampleShards {
  /** The values: `{ grid: [10, 20], guidance: [['cfg', 2], ['cfg', 4]] }`. They replace those of `sampling`. */
  readonly over: Sweep;
}

/** The samples of one combination. */
export interface SweepPoint {
  readonly sampling: ShardSampling;
  readonly shards: ShardFiles;
}

const where = 'sweepShards';
const options = schema(where, {
  ...drawingFields,
  over: t.record(t.string, t.array(t.unknown)),
} satisfies Record<keyof SweepShards, unknown>).rule(valuesFit);

/** All combinations of values, the last option fastest. */
const combinations = (over: Sweep): readonly Partial<ShardSampling>[] =>
  Object.entries(over).reduce<readonly Partial<ShardSampling>[]>(
    (all, [name, values]) => all.flatMap((some) => values.map((value) => ({ ...some, [name]: value }))),
    [{}],
  );

/**
 * Draws samples with each combination of settings, such as guidance scales and numbers of steps, from the same key. All jobs
 * are in one list, so that no worker waits for the end of a setting. Fails like `sampleShards`.
 * @example
 * const where = { engine: local(), folder: 'runs/sweep', checkpoint: 'missing.safetensors' }
 * const over: Sweep = { grid: [10, 20], guidance: [['cfg', 1], ['cfg', 2], ['cfg', 4]] }
 * const result = await sweepShards({ ...where, sampling: { solver: ['ddim'] }, over, count: 100, key: key(8) })()
 * isLeft(result) && result.left.actual // → 'ENOENT: no such file or directory'
 */
export const sweepShards = <G = unknown>(
  sweep: Exact<G, keyof SweepShards> & SweepShards,
): Task<readonly SweepPoint[]> =>
  genTask(where, function* () {
    const { over, ...drawing } = yield* take(options.decode<SweepShards>(sweep));
    const samplings = combinations(over).map((some) => ({ ...drawing.sampling, ...some }));
    const groups = yield* samplePieces(drawing, samplings);
    const ends = yield* endsOf({ where, pieces: groups.flat(), checkpoints: [drawing.checkpoint] }, drawing);
    const size = ends.length / groups.length; // the number of outcomes of each combination
    return samplings.map((sampling, i) => ({ sampling, shards: filesOf(ends.slice(i * size, (i + 1) * size)) }));
  });
