/** Files of weights, opened. */
import type { OpenTensors } from '../../../formats/openTensors.js';
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { TE } from '../../../internal/fp.js';
import type { Fallible } from '../../../internal/gen.js';
import { type WeightFiles, withWeights } from '../../../node/weights.js';

/** An error under the name of the function that the user called. */
const calledBy = (where: string) => (error: NoisefoldError) =>
  failure(error._tag, { ...error, where: error.where.replace(/^withWeights\b/, where) });

/**
 * Opens weights of any format and gives `use` their tensors, each read when it is asked for, and their name in messages: the
 * path, or `where` for those in memory. NaN and infinities are a `DecodeError`.
 */
export const openWeights = <A>(
  where: string,
  source: WeightFiles,
  use: (name: string, file: OpenTensors) => Fallible<A>,
): Fallible<A> =>
  TE.mapLeft(calledBy(where))(withWeights(source, (file) => use(typeof source === 'string' ? source : where, file)));
