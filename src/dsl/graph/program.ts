import type { either } from '../../internal/fp.js';
import type { NoisefoldError } from '../errors.js';
import { type CheckedSpec, type Of, parseAs, type Spec, type TreeSpec } from './spec.js';

/** A function of tensors and the spec of its inputs. */
export interface Program<I, O> {
  /** The parsed spec; `compile` reports the error of an invalid one. */
  readonly inputs: either.Either<NoisefoldError, TreeSpec<I>>;
  /** Builds the graph without computing anything. */
  readonly trace: (inputs: I) => O;
}

/**
 * Makes a program from the spec of its inputs and a function. The type of the argument follows from the spec. `compile`
 * traces the function; `program` does not call it.
 * @example program('B 28 28 1', (x) => meanPerSample(square(x))) // : Program<Tensor<['B', 28, 28, 1]>, Tensor<['B']>>
 */
export const program = <const P extends Spec, O>(
  inputs: CheckedSpec<P>,
  f: (inputs: Of<P>) => O,
): Program<Of<P>, O> => ({ inputs: parseAs<Of<P>>(inputs), trace: f });
