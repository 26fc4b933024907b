import type { NoisefoldError } from '../dsl/index.js';
import type { Exact } from '../internal/exact.js';
import { positive } from '../internal/decode.js';
import { attempt, raise } from '../internal/errors.js';
import { type either, t } from '../internal/fp.js';
import { sumOf } from '../internal/numbers.js';
import { argument, optional, record } from '../internal/schema.js';
import { checkFeatures, type Features } from './features.js';
import { meanAndDeviation, type MeanAndDeviation } from './meanAndDeviation.js';

/**
 * The parts of the images whose scores are averaged: parts of `size` images, the last one shorter, or `splits` parts.
 */
export type ScoreSplits = { readonly size?: number } | { readonly splits: number };

export const scoreSplits = t.union(
  [record({ size: optional(positive, 5000) }), record({ splits: positive })],
  '{ size } or { splits }',
);
const splitting = argument('inceptionScore', scoreSplits, 'give { size: 5000 } or { splits: 10 }');

/** The first row of each part, and the end of the last. */
const boundsOf = (count: number, options: t.TypeOf<typeof scoreSplits>): readonly number[] => {
  if ('splits' in options)
    return Array.from({ length: options.splits + 1 }, (_, i) => Math.floor((i * count) / options.splits));
  const { size } = options;
  return Array.from({ length: Math.ceil(count / size) + 1 }, (_, i) => Math.min(i * size, count));
};

/** exp of the mean of KL(p(y|x) ‖ p(y)) over some rows. */
const scoreOf = ({ data, shape: [, classes] }: Features, from: number, to: number): number => {
  const sums = new Float64Array(classes); // p(y) times the number of rows
  for (let row = from; row < to; row++) for (let y = 0; y < classes; y++) sums[y]! += data[row * classes + y]!;
  let sum = 0;
  for (let row = from; row < to; row++)
    for (let y = 0; y < classes; y++) {
      const p = data[row * classes + y]!;
      if (p > 0) sum += p * (Math.log(p) - Math.log(sums[y]!) + Math.log(to - from)); // 0·log 0 = 0
    }
  return Math.exp(sum / (to - from));
};

/** The tolerance for the sum of float32 probabilities. */
const OFF_ONE = 1e-3;

/** Raises `ConfigError` at the first row that is not a distribution. */
const checkDistributions = ({ data, shape: [count, classes] }: Features): void => {
  for (let row = 0; row < count; row++) {
    const p = [...data.subarray(row * classes, (row + 1) * classes)];
    const sum = sumOf(p);
    if (Math.abs(sum - 1) > OFF_ONE || p.some((x) => x < 0))
      raise('ConfigError', {
        where: `inceptionScore: image ${row}`,
        expected: 'probabilities of all classes, of sum 1',
        actual: `numbers of sum ${sum}`,
        hint: 'give softmax(logits)',
      });
  }
};

/**
 * The Inception Score, exp E KL(p(y|x) ‖ p(y)), of the probabilities `[images, classes]` that a classifier assigns to
 * generated images: the mean and the standard deviation over parts of the images, in their order. The score lies
 * between 1 and the number of classes. Salimans et al. 2016, section 4. Parts have 5000 images, as in
 * guided-diffusion's evaluator; `{ splits: 10 }` is the setting of the paper. Returns a `ConfigError` for rows that are
 * not probabilities and for more parts than images, a `ShapeError` for an array of another shape, and a `NonFinite` for
 * a number that is not finite.
 * @example
 * const probabilities: Features = { data: Float64Array.of(1, 0, 0, 1), shape: [2, 2] }
 * unwrap(inceptionScore(probabilities)) // → { mean: 2, deviation: 0 }
 */
export const inceptionScore = <G = unknown>(
  probabilities: Features,
  settings?: Exact<G, 'size' | 'splits'> & ScoreSplits,
): either.Either<NoisefoldError, MeanAndDeviation> =>
  attempt(() => {
    const options = splitting.demand(settings === undefined ? {} : settings);
    const least = 'splits' in options ? options.splits : 1;
    checkFeatures('inceptionScore', probabilities, { images: least, for: 'each part needs an image' });
    checkDistributions(probabilities);
    const bounds = boundsOf(probabilities.shape[0], options);
    return meanAndDeviation(bounds.slice(1).map((to, part) => scoreOf(probabilities, bounds[part]!, to)));
  });
