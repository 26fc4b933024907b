/** Compiled programs: functions from trees of values to trees of values. */
import { task, type Task } from './effect.js';
import { E, type io, type taskEither } from '../../internal/fp.js';
import type { Backend, KeyWords, Runner, Slot } from '../plan/backend.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { inputBinder, releaseTemporaries } from './inputs.js';
import type { ArrayOf } from '../types/dtype.js';
import type { Plan } from '../plan/plan.js';
import type { Bound } from '../types/evaluated.js';
import { isTensor, nodeOf, type Tensor } from '../graph/tensor.js';
import type { Traced } from '../compile/planning.js';
import { withLeaves } from '../types/tree.js';
import { type Value, value } from './value.js';

/** The values of a tree of tensors at given extents. */
export type At<T, E> =
  T extends Tensor<infer S, infer D>
    ? D extends 'key'
      ? KeyWords
      : Value<Bound<S, E>, D>
    : { readonly [K in keyof T]: At<T[K], E> };

/** The values of a tree of tensors without symbols, such as parameters. */
export type Resident<T> = At<T, Record<never, never>>;

/** The inputs of a run: values on the backend, or typed arrays of the input's dtype, whose numbers are copied at the call. */
export type Feed<T> =
  T extends Value<infer S, infer D>
    ? Value<S, D> | ArrayOf<D> | (S extends readonly [] ? number : never)
    : T extends KeyWords
      ? T
      : { readonly [K in keyof T]: Feed<T[K]> };

/** A compiled program from `Inputs` to `Result`. */
export interface Compiled<Inputs, Result> {
  /**
   * Runs the plan. Consumes the donated values in `inputs`; all results are new values. A run that fails consumes only the
   * donated values that it has begun to overwrite.
   */
  readonly run: (inputs: Inputs) => Task<Result>;
  /** Runs the plan and measures the milliseconds of each call. */
  readonly profile: (inputs: Inputs) => Task<{ readonly outputs: Result; readonly milliseconds: readonly number[] }>;
  /** Frees the arena and the constants. */
  readonly release: io.IO<void>;
  readonly plan: Plan;
  /** The kernel of each call of the plan. */
  readonly kernels: readonly string[];
}

export interface Executable<I, O> extends Compiled<Feed<I>, O> {}

/** Wraps the runner of a backend as functions of trees. */
export const executable = <Inputs, Result>(
  backend: Backend,
  runner: Runner,
  planned: Plan,
  traced: Traced,
): Compiled<Inputs, Result> => {
  const bind = inputBinder(backend, planned, traced);
  const outputNodes = traced.outputs.map(({ leaf }) => nodeOf(leaf));
  const treeOf = (slots: readonly Slot[]): Result => {
    const results = slots.map((buffer, i) => {
      const { shape, dtype } = outputNodes[i]!;
      if (dtype === 'key' || 'length' in buffer) return buffer;
      return value({ backend, buffer, shape, dtype });
    });
    return withLeaves(traced.output, isTensor, results) as Result; // has the structure of the result
  };
  const withInputs =
    <A, B>(work: (slots: readonly Slot[]) => taskEither.TaskEither<NoisefoldError, A>, resultOf: (a: A) => B) =>
    (inputs: Inputs): Task<B> =>
      task(async () => {
        const bound = await bind(inputs)();
        if (E.isLeft(bound)) return bound;
        const result = await work(bound.right.map(({ slot }) => slot))();
        const isConsumed = (input: number): boolean => E.isRight(result) && planned.inputs[input]!.donated;
        bound.right.forEach(({ resident }, i) => {
          if (resident !== null && isConsumed(i)) resident.state = 'donated';
        });
        releaseTemporaries(
          backend,
          bound.right.filter((_, i) => !isConsumed(i)),
        );
        return E.map(resultOf)(result);
      });
  return {
    plan: planned,
    kernels: runner.kernels,
    release: runner.release,
    run: withInputs(runner.run, treeOf),
    profile: withInputs(runner.profile, (profile) => ({ ...profile, outputs: treeOf(profile.outputs) })),
  };
};
