/** Compiled programs: functions from trees of values to trees of values. */
import { task, type Task } from './effect.js';
import { E, type io, TE, type taskEither } from '../../internal/fp.js';
import type { Backend, KeyWords, Runner, Slot } from '../compile/backend.js';
import type { NoisefoldError } from '../errors.js';
import { bindInputs, type BoundInput, releaseTemporaries } from './inputs.js';
import type { ArrayOf } from '../graph/hostArray.js';
import type { Plan } from '../compile/plan.js';
import { type Dim, type DType, isTensor, nodeOf, type Shape, type Tensor } from '../graph/tensor.js';
import type { Traced } from '../compile/planning.js';
import { mapLeaves } from '../types/tree.js';
import { type AnyValue, type Value, value } from './value.js';

/** A shape with its symbols bound; expressions become wide. */
type Bound<S extends Shape, E> = {
  -readonly [I in keyof S]: S[I] extends keyof E ? E[S[I]] & Dim : S[I] extends number ? S[I] : Dim;
};

/** The tree of resident values for a tree of tensors at given extents. */
export type At<T, E> =
  T extends Tensor<infer S, infer D>
    ? D extends 'key'
      ? KeyWords
      : Value<Bound<S, E>, D>
    : { readonly [K in keyof T]: At<T[K], E> };

/** The tree of resident values for a tree of tensors without symbols, such as parameters. */
export type Resident<T> = At<T, Record<never, never>>;

/**
 * The inputs of a run: values on the backend, or typed arrays of the input's dtype, which are uploaded for this run only.
 */
export type Feed<T> =
  T extends Value<infer S, infer D>
    ? Value<S, D> | ArrayOf<D> | (S extends readonly [] ? number : never)
    : T extends KeyWords
      ? T
      : { readonly [K in keyof T]: Feed<T[K]> };

export interface Executable<I, O> {
  /** Runs the plan. Consumes the donated values in `inputs`; all results are new values. */
  readonly run: (inputs: Feed<I>) => Task<O>;
  /** Runs the plan and measures the milliseconds of each call. */
  readonly profile: (inputs: Feed<I>) => Task<{ readonly outputs: O; readonly milliseconds: readonly number[] }>;
  /** Frees the arena and the constants. */
  readonly release: io.IO<void>;
  readonly plan: Plan;
  /** The kernel of each call of the plan. */
  readonly kernels: readonly string[];
}

/** Wraps the runner of a backend as functions of trees. */
export const executable = <I, O>(backend: Backend, runner: Runner, planned: Plan, traced: Traced): Executable<I, O> => {
  const outputNodes = traced.outputs.map(({ leaf }) => nodeOf(leaf));
  const treeOf = (slots: readonly Slot[]): O => {
    let next = 0;
    // the output has the structure of O
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
  const bindAll = bindInputs(backend, planned, traced.names);
  const withInputs =
    <A>(work: (slots: readonly Slot[]) => taskEither.TaskEither<NoisefoldError, A>) =>
    (inputs: Feed<I>): taskEither.TaskEither<NoisefoldError, A> =>
      TE.flatMap((all: readonly BoundInput[]): taskEither.TaskEither<NoisefoldError, A> => async () => {
        const result = await work(all.map(({ slot }) => slot))();
        if (E.isRight(result))
          all.forEach(({ resident }, i) => {
            if (resident !== null && planned.inputs[i]!.donated) resident.state = 'donated';
          });
        releaseTemporaries(
          backend,
          all.filter((_, i) => !(E.isRight(result) && planned.inputs[i]!.donated)),
        );
        return result;
      })(bindAll(inputs));
  return {
    plan: planned,
    kernels: runner.kernels,
    release: runner.release,
    run: (inputs) => task(TE.map(treeOf)(withInputs(runner.run)(inputs))),
    profile: (inputs) =>
      task(
        TE.map(({ outputs, milliseconds }: { outputs: readonly Slot[]; milliseconds: readonly number[] }) => ({
          outputs: treeOf(outputs),
          milliseconds,
        }))(withInputs(runner.profile)(inputs)),
      ),
  };
};
