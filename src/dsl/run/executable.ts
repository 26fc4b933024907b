/** A compiled program: trees of values in, trees of values out. */
import { task, type Task } from './effect.js';
import { E, type io, TE, type taskEither } from '../../internal/fp.js';
import type { Backend, KeyWords, Runner, Slot } from '../compile/backend.js';
import type { NoisefoldError } from '../errors.js';
import { givenTo, releaseTemporaries, type Given } from './given.js';
import type { ArrayOf } from '../graph/hostArray.js';
import type { Plan } from '../compile/plan.js';
import { type Dim, type DType, isTensor, nodeOf, type Shape, type Tensor } from '../graph/tensor.js';
import type { Traced } from '../compile/trace.js';
import { mapLeaves } from '../types/tree.js';
import { type AnyValue, type Value, value } from './value.js';

/** A shape with its symbols bound, where they are bare. */
type Bound<S extends Shape, E> = {
  -readonly [I in keyof S]: S[I] extends keyof E ? E[S[I]] & Dim : S[I] extends number ? S[I] : Dim;
};

/** The tree of resident values of a tree of tensors, at given extents. */
export type At<T, E> =
  T extends Tensor<infer S, infer D>
    ? D extends 'key'
      ? KeyWords
      : Value<Bound<S, E>, D>
    : { readonly [K in keyof T]: At<T[K], E> };

/** The values on a backend of a tree of tensors without symbols, such as parameters. */
export type Resident<T> = At<T, Record<never, never>>;

/** What a run takes for a tree of inputs: values, or numbers from the host in the array of their dtype, uploaded for this run. */
export type Feed<T> =
  T extends Value<infer S, infer D>
    ? Value<S, D> | ArrayOf<D> | (S extends readonly [] ? number : never)
    : T extends KeyWords
      ? T
      : { readonly [K in keyof T]: Feed<T[K]> };

export interface Executable<I, O> {
  /** Runs the plan. Donated values in `inputs` are consumed; all results are new. */
  readonly run: (inputs: Feed<I>) => Task<O>;
  /** As `run`, with the milliseconds that each call took. */
  readonly profile: (
    inputs: Feed<I>,
  ) => Task<{ readonly outputs: O; readonly milliseconds: readonly number[] }>;
  /** Gives back the arena and the constants. */
  readonly release: io.IO<void>;
  readonly plan: Plan;
  /** The kernel of each call of the plan. */
  readonly kernels: readonly string[];
}

/** A runner of a backend as a function of trees. */
export const executable = <I, O>(
  backend: Backend,
  runner: Runner,
  planned: Plan,
  traced: Traced,
): Executable<I, O> => {
  const outputNodes = traced.outputs.map(({ leaf }) => nodeOf(leaf));
  const treeOf = (slots: readonly Slot[]): O => {
    let next = 0;
    // At<O, E> is the tree of O with a value for each tensor
    return mapLeaves(traced.output, isTensor, () => {
      const { shape, dtype } = outputNodes[next]!;
      const slot = slots[next++]!;
      if (dtype === 'key' || 'length' in slot) return slot;
      return value<AnyValue>({
        _tag: 'Value',
        backend,
        buffer: slot,
        shape,
        dtype: dtype as Exclude<DType, 'key'>,
        state: 'live',
      });
    }) as O;
  };
  const giveAll = givenTo(backend, planned);
  const around =
    <A>(go: (slots: readonly Slot[]) => taskEither.TaskEither<NoisefoldError, A>) =>
    (inputs: Feed<I>): taskEither.TaskEither<NoisefoldError, A> =>
      TE.flatMap((all: readonly Given[]): taskEither.TaskEither<NoisefoldError, A> => async () => {
        const result = await go(all.map(({ slot }) => slot))();
        if (E.isRight(result))
          all.forEach(({ resident }, i) => {
            if (resident !== null && planned.inputs[i]!.donated) resident.state = 'donated';
          });
        releaseTemporaries(
          backend,
          all.filter((_, i) => !(E.isRight(result) && planned.inputs[i]!.donated)),
        );
        return result;
      })(giveAll(inputs));
  return {
    plan: planned,
    kernels: runner.kernels,
    release: runner.release,
    run: (inputs) => task(TE.map(treeOf)(around(runner.run)(inputs))),
    profile: (inputs) =>
      task(
        TE.map(
          ({ outputs, milliseconds }: { outputs: readonly Slot[]; milliseconds: readonly number[] }) => ({
            outputs: treeOf(outputs),
            milliseconds,
          }),
        )(around(runner.profile)(inputs)),
      ),
  };
};
