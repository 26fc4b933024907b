/** The largest batch of a training that fits in memory, for the error of one that does not. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';

/** The numbers of parts that divide a batch, each at least twice the one before. */
const partsOf = (batch: number, least: number): readonly number[] =>
  Array.from({ length: batch }, (_, i) => i + 1)
    .filter((count) => batch % count === 0)
    .reduce<readonly number[]>(
      (counts, count) => (count >= 2 * (counts.at(-1) ?? least) ? [...counts, count] : counts),
      [],
    );

/**
 * The error of a training that did not compile. Compiles the batch in more and more parts, by `fits`, and names the first
 * number of parts that fits in memory. If the same number of parts compiles now, size was not the reason: returns `error`.
 */
export const smallerBatch = async (
  error: NoisefoldError,
  { batch, accumulate = 1 }: { readonly batch: number; readonly accumulate?: number },
  fits: (parts: number) => Promise<boolean>,
): Promise<either.Either<NoisefoldError, never>> => {
  if (error._tag !== 'BackendFailure' || (await fits(accumulate))) return E.left(error);
  for (const parts of partsOf(batch, accumulate)) {
    if (!(await fits(parts))) continue;
    return fail('BackendFailure', {
      where: 'training.batch',
      expected: `at most ${batch / parts} images at a time`,
      actual: `${batch / accumulate}, which need ${error.expected}`,
      hint: `give accumulate: ${parts} to process the batch of ${batch} in ${parts} parts, with its gradient, or batch: ${batch / parts}`,
    });
  }
  return E.left(error);
};
