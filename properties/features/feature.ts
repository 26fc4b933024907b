/** An operation of the DSL with small cases, from which everything in `FEATURES.md` is computed. */
import type { Widened } from '../../src/dsl/types/dim.js';
import type { DType, Node } from '../../src/dsl/graph/node.js';
import type { NumberType } from '../../src/dsl/graph/region.js';
import { type AnyTensor, type Key, nodeOf, type Tensor, tensor } from '../../src/dsl/graph/tensor.js';
import type { Domain } from '../arbitraries/choices.js';

/** A tensor of type `T` that an operation takes, with numbers from a domain; a key has none. */
export interface Operand<T extends AnyTensor = AnyTensor> {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly domain: Domain;
  readonly tensorOf: (n: Node) => T;
}

/** Builds the results from the operands. */
export type Build = (operands: readonly Node[]) => readonly Node[];

/** A case of an operation. */
export interface Case {
  readonly operands: readonly Operand[];
  /** Calls the data-first form: `sub(x, y)`. */
  readonly build: Build;
  /** Calls the pipeable form: `pipe(x, sub(y))`. */
  readonly piped: Build;
  /** True if its float32 results vary with its float32 operands; otherwise they are piecewise constant. */
  readonly differentiable: boolean;
}

/** An operation with its cases. */
export interface Feature {
  readonly family: string;
  readonly name: string;
  readonly operation: Operation;
  readonly cases: readonly Case[];
}

/** A function of the DSL; the tables of cases check its argument types. */
export type Operation = (...args: never[]) => unknown;

const operand =
  <D extends NumberType>(dtype: D) =>
  <const S extends readonly number[]>(domain: Domain, ...shape: S): Operand<Tensor<Widened<S>, D>> => ({
    shape,
    dtype,
    domain,
    tensorOf: tensor,
  });

export const float = operand('float32');
export const bool = operand('bool');
export const integer = operand('int32');
export const key: Operand<Key> = { shape: [], dtype: 'key', domain: 'any', tensorOf: tensor };

type Tensors<O> = { [I in keyof O]: O[I] extends Operand<infer T> ? T : never };
type Results = AnyTensor | readonly AnyTensor[];

/** A case of an operation, in a table. */
interface Entry extends Case {
  readonly operation: Operation;
}

/**
 * Tests for an operation with a data-first and a pipeable form. `dual` makes functions without named parameters; a function
 * of one tensor names its parameter.
 */
export const hasTwoForms = (operation: Operation): boolean => operation.length === 0;

/** The pipeable form of an operation, with the arguments of the data-first form. */
const pipeable = <Op extends Operation>(operation: Op): Op => {
  const op = operation as unknown as (...others: readonly unknown[]) => (first: unknown) => unknown;
  const called = (first: unknown, ...others: readonly unknown[]): unknown => op(...others)(first);
  return called as unknown as Op; // both forms have the same results
};

/** Makes a case from operands, an operation, and a call of it: by default, with the operands in their order. */
interface Make {
  <const O extends readonly Operand[]>(operands: O, operation: (...tensors: Tensors<O>) => Results): Entry;
  <const O extends readonly Operand[], Op extends Operation>(
    operands: O,
    operation: Op,
    call: (operation: Op, ...tensors: Tensors<O>) => Results,
  ): Entry;
}

type Call = (operation: Operation, ...tensors: readonly AnyTensor[]) => Results;

const inOrder: Call = (operation, ...tensors) =>
  (operation as (...tensors: readonly AnyTensor[]) => Results)(...tensors);

const makeOf =
  (differentiable: boolean): Make =>
  (operands: readonly Operand[], operation: Operation, call = inOrder as Operation): Entry => {
    const by =
      (form: Operation): Build =>
      (nodes) => {
        const tensors = operands.map(({ tensorOf }, i) => tensorOf(nodes[i]!));
        const results = (call as Call)(form, ...tensors);
        return (Array.isArray(results) ? (results as readonly AnyTensor[]) : [results as AnyTensor]).map(nodeOf);
      };
    const isPiped = operands.length > 0 && hasTwoForms(operation);
    return {
      operation,
      operands,
      differentiable,
      build: by(operation),
      piped: by(isPiped ? pipeable(operation) : operation),
    };
  };

/** A case with a gradient by each float32 operand. */
export const smooth = makeOf(true);
/** A case without a gradient: its results are not float32, are piecewise constant, or do not depend on an operand. */
export const flat = makeOf(false);

/** Operations of a family by their names, each with one case or several. */
export const family = (
  name: string,
  entries: Readonly<Record<string, Entry | readonly [Entry, ...Entry[]]>>,
): readonly Feature[] =>
  Object.entries(entries).map(([operation, entry]) => {
    const cases = 'operation' in entry ? ([entry] as const) : entry;
    return { family: name, name: operation, operation: cases[0].operation, cases };
  });
