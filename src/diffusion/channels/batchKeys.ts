import { ascribeLike, type Dim, dims, fork, type Key, type Shape, stack, type Tensor, zeros } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { callback } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';

/** One key for a whole batch, or one for each sample, which makes its random numbers independent of the rest of the batch. */
export type BatchKeys = Key | readonly Key[];

/** Draws numbers in the shape of a tensor, like `normalLike`. */
type DrawLike = <S extends Shape>(like: Tensor<S>) => (key: Key) => Tensor<S>;

// Array.isArray alone does not narrow a readonly array
const isOne = (keys: BatchKeys): keys is Key => !Array.isArray(keys);

/** Derives a key by a name: from one key, or from the key of each sample. */
export const forkKeys = (keys: BatchKeys, name: string): BatchKeys => {
  const derived = (key: Key): Key => fork(key, name)[name]!;
  return isOne(keys) ? derived(keys) : keys.map(derived);
};

const drawPart = argument('drawnBy: draw', callback('a function that draws', 'give normalLike'));

/**
 * Draws numbers in the shape of a batch `[B, ...I]`: all with one key, or each sample with its own key. Raises `ConfigError` if the
 * number of keys differs from the number of samples.
 * @example
 * const noise = program({ x: 'B 2', keys: ['key', 'key'] }, ({ x, keys }) => drawnBy(keys, normalLike)(x))
 * const samples = evaluate(noise, { B: 2 })({ x: new Float32Array(4), keys: [key(7), key(8)] })
 * await using nf = await open(reference())
 * await nf.run(samples) // → [1.331, 0.629, 3.691, 0.784]
 */
export const drawnBy =
  (keys: BatchKeys, draw: DrawLike) =>
  <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>): Tensor<[B, ...I]> => {
    drawPart.demand(draw);
    if (isOne(keys)) return draw(batch)(keys);
    const [samples] = dims(batch);
    const sample: readonly number[] = dims(batch).slice(1);
    if (keys.length !== samples)
      raise('ConfigError', {
        where: 'key',
        expected: `one key for the batch, or one for each of ${samples} samples`,
        actual: `${keys.length}`,
        hint: 'fold the index of each sample into a key: foldIn(i)(key)',
      });
    const like = zeros(...sample) as Tensor<Shape>;
    const draws = keys.map((key) => draw(like)(key)) as [Tensor<Shape>]; // a batch has at least one sample
    return ascribeLike(stack(draws) as Tensor<Shape>, batch);
  };

/** The key of an evaluation that draws noise, or one for each sample. Raises `ConfigError` if it is missing. */
export const requiredKeys = (where: string, key: BatchKeys | undefined): BatchKeys =>
  key ??
  raise('ConfigError', {
    where,
    expected: 'a key for the noise of this step',
    actual: 'none',
    hint: 'give each step a different key: on the host, foldIn(i)(key) at step i',
  });
