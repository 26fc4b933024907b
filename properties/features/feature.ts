/** An operation of the DSL with a small case of it, from which all that `FEATURES.md` says of it is computed. */
import type { Widened } from '../../src/dsl/dim.js';
import type { DType, Node } from '../../src/dsl/node.js';
import type { NumberType } from '../../src/dsl/region.js';
import { type AnyTensor, type Key, nodeOf, type Tensor, tensor } from '../../src/dsl/tensor.js';
import type { Domain } from '../arbitraries/choices.js';

/** What an operation is given: a tensor of type `T`, its numbers from a domain; a key has none. */
export interface Operand<T extends AnyTensor = AnyTensor> {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly domain: Domain;
  readonly tensorOf: (n: Node) => T;
}

/** A case of an operation. */
export interface Case {
  readonly operands: readonly Operand[];
  /** The results for operands, of which it may have several. */
  readonly build: (operands: readonly Node[]) => readonly Node[];
  /** Whether its float32 results follow its float32 operands; else they are constant, or constant in steps. */
  readonly differentiable: boolean;
}

export interface Feature extends Case {
  readonly family: string;
  readonly name: string;
}

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

const made =
  (differentiable: boolean) =>
  <const O extends readonly Operand[]>(
    operands: O,
    build: (...tensors: Tensors<O>) => AnyTensor | readonly AnyTensor[],
  ): Case => ({
    operands,
    differentiable,
    build: (nodes) => {
      // each operand makes the tensor of its type
      const tensors = operands.map(({ tensorOf }, i) => tensorOf(nodes[i]!)) as Tensors<O>;
      const results = build(...tensors);
      return (Array.isArray(results) ? (results as readonly AnyTensor[]) : [results as AnyTensor]).map(
        nodeOf,
      );
    },
  });

/** A case with a gradient: one by each float32 operand. */
export const smooth = made(true);
/** A case without one: its results are not float32, or change in steps, or do not follow an operand. */
export const flat = made(false);

/** Cases of a family by the names of their operations. */
export const family = (name: string, cases: Readonly<Record<string, Case>>): readonly Feature[] =>
  Object.entries(cases).map(([operation, given]) => ({ family: name, name: operation, ...given }));
