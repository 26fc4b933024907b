/** Files of weights, opened. */
import { type Fallible, gen, take } from '../../../internal/gen.js';
import { type OpenTensors, tensorsIn, withTensors } from '../../../node/tensorStream.js';

/** The path of a file of weights, or its bytes. */
export type WeightSource = string | Uint8Array;

/**
 * Opens a file of weights and gives `use` its tensors, each read when it is asked for, and the name of the file in messages:
 * the path, or `where` for bytes. NaN and infinities are a `DecodeError`.
 */
export const openWeights = <A>(
  where: string,
  source: WeightSource,
  use: (name: string, file: OpenTensors) => Fallible<A>,
): Fallible<A> =>
  typeof source === 'string'
    ? withTensors(source, { finite: true }, (file) => use(source, file))
    : gen(function* () {
        return yield* take(use(where, yield* take(tensorsIn(where, source, { finite: true }))));
      });

/** The beginning of the names in a file: `model` and `model.` are the same. */
export const prefixOf = (given: string): string => (given === '' || given.endsWith('.') ? given : `${given}.`);
