/** Opens files of weights. */
import type { OpenTensors } from '../formats/safetensors/openTensors.js';
import { failure, type NoisefoldError } from '../internal/errors.js';
import { TE } from '../internal/fp.js';
import type { Fallible } from '../internal/gen.js';
import { type WeightFiles, withWeights } from '../node/weights.js';

/** Replaces the function name in an error by the one that the user called. */
const calledBy = (where: string) => (error: NoisefoldError) =>
  failure(error._tag, { ...error, where: error.where.replace(/^withWeights\b/, where) });

/**
 * Opens weights of any format and passes `use` their tensors, each read when it is needed, and their name in messages:
 * the path, or `where` for weights in memory. NaN and infinities are a `DecodeError`.
 */
export const openWeights = <A>(
  where: string,
  source: WeightFiles,
  use: (name: string, file: OpenTensors) => Fallible<A>,
): Fallible<A> =>
  TE.mapLeft(calledBy(where))(withWeights(source, (file) => use(typeof source === 'string' ? source : where, file)));
