/** The results of a work, read from its files in the order of the items. */
import { joinedRows, type Rows } from '../../evaluation/extractFeatures.js';
import type { Features } from '../../evaluation/index.js';
import { fail, failure, type NoisefoldError, raise, showShape } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { type Block, take } from '../../internal/gen.js';
import { part } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import type { Images } from '../../training/index.js';
import { genTask } from '../../dsl/run/genEffect.js';
import { tensorIn } from '../jobs/result.js';
import { readShard, type ShardFile, type ShardFiles } from './sharding.js';

const results = part<ShardFiles>('the results of jobs, as sampleShards returns them', 'files', 'failures');

/** Returns files in the order of their items. Returns a `ConfigError` for files that have items in common. */
const inOrder = (where: string, files: readonly ShardFile[]): either.Either<NoisefoldError, readonly ShardFile[]> => {
  const sorted = files.toSorted((a, b) => a.range[0] - b.range[0]);
  const k = sorted.findIndex(({ range: [first] }, i) => i > 0 && first < endOf(sorted[i - 1]!));
  if (k === -1) return E.right(sorted);
  const [before, after] = [sorted[k - 1]!, sorted[k]!];
  return fail('ConfigError', {
    where: `${where}: shards.files`,
    expected: 'files of different items',
    actual: `items ${after.range[0]} to ${Math.min(endOf(before), endOf(after)) - 1} twice`,
    hint: 'join the results of runs that begin where the one before ends: first',
  });
};
const endOf = ({ range: [first, count] }: ShardFile): number => first + count;

/**
 * Returns the files of all items, or an error: of the first job that failed, or about files that have items in common.
 */
export const allFiles = (where: string, shards: ShardFiles): either.Either<NoisefoldError, readonly ShardFile[]> =>
  E.flatMap(({ files, failures }: ShardFiles): either.Either<NoisefoldError, readonly ShardFile[]> => {
    const [first] = failures;
    if (first === undefined) return inOrder(where, files);
    const { range, error } = first;
    return E.left(
      failure(error._tag, {
        ...error,
        where: `${where}: items ${range[0]} to ${range[0] + range[1] - 1}: ${error.where}`,
        hint: `${error.hint}; then run the work again, which computes what is missing`,
      }),
    );
  })(argument(`${where}: shards`, results, 'give the result of sampleShards').decode(shards));

/** Reads the images of a file. */
export function* imagesIn(file: ShardFile): Block<Images> {
  const { data, shape } = yield* take(tensorIn(file.path, 'images', 'F32')(yield* take(readShard(file))));
  const [count = 0, height = 0, width = 0, channels = 0] = shape;
  if (shape.length !== 4 || count !== file.range[1])
    raise('DecodeError', {
      where: file.path,
      expected: `${file.range[1]} images`,
      actual: showShape(shape),
      hint: 'delete it: the job then runs again',
    });
  return { data, shape: [count, height, width, channels] };
}

/**
 * The images of `sampleShards` or `encodeShards` in their order, those of one job at a time, so that no more are in memory. An
 * error ends them: a job that failed, or a damaged file.
 * @example
 * const none = { files: [], failures: [], computed: 0, reused: 0, retries: 0 }
 * const counts: number[] = []
 * for await (const images of imagesOfShards(none)) counts.push(unwrap(images).shape[0])
 * counts // → []
 */
export async function* imagesOfShards(shards: ShardFiles): AsyncGenerator<either.Either<NoisefoldError, Images>, void> {
  const where = 'imagesOfShards';
  const files = allFiles(where, shards);
  if (E.isLeft(files)) return yield files;
  for (const file of files.right) {
    const images = await genTask(where, () => imagesIn(file))();
    yield images;
    if (E.isLeft(images)) return;
  }
}

/** A tensor of all results, joined along its first axis: a row for each item. Null if the results lack it. */
export function* rowsOf(files: readonly ShardFile[], name: string): Block<Features | null> {
  const rows: Rows[] = [];
  for (const file of files) {
    const tensor = (yield* take(readShard(file))).get(name);
    if (tensor?.dtype === 'F32' || tensor?.dtype === 'F64')
      rows.push({ numbers: tensor.data, length: tensor.shape[1] ?? 1 });
  }
  return rows.length < files.length
    ? null
    : joinedRows(
        files.reduce((sum, { range: [, count] }) => sum + count, 0),
        rows,
      );
}
