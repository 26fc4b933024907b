import type { either } from '../../internal/fp.js';
import type { NoisefoldError } from '../errors.js';
import { type CheckedSpec, type Of, parseAs, type Spec, type TreeSpec } from './spec.js';

/** A function of tensors, with the spec of what it takes: what `compile` compiles. */
export interface Program<I, O> {
  /** The inputs; a spec that does not parse is found out when the program is compiled. */
  readonly inputs: either.Either<NoisefoldError, TreeSpec<I>>;
  /** Builds the graph; it computes nothing. */
  readonly trace: (inputs: I) => O;
}

/**
 * Pairs a function with the spec of its inputs. Its type, and so that of everything inside, follows from the
 * spec. Nothing runs, and nothing is traced, before `compile`.
 *
 * @example
 * program('B 28 28 1', (x) => meanPerSample(square(x))) // : Program<Tensor<['B', 28, 28, 1]>, Tensor<['B']>>
 */
export const program = <const P extends Spec, O>(
  inputs: CheckedSpec<P>,
  f: (inputs: Of<P>) => O,
): Program<Of<P>, O> => ({ inputs: parseAs<Of<P>>(inputs), trace: f });
