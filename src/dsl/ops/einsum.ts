/** Sums of products over named axes: each letter of an equation is an axis. */
import { nothingBound } from '../bind.js';
import { named, raise } from '../errors.js';
import { type Node, sizeOf } from '../node.js';
import { dot, reduce, reshape, transpose } from '../primitives/index.js';
import { bindInputs, parseSignature } from '../signature.js';
import { type AnyTensor, type Dim, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';

// Equations in types

type Operands<E extends string> = E extends `${infer X}->${string}`
  ? X extends `${infer A},${infer B}`
    ? [A, B]
    : [X]
  : never;
type ResultOf<E extends string> = E extends `${string}->${infer R}` ? R : never;

/**
 * The first letter of `S` that is none, is there twice, or is not in `From`, in words; `never` where all are
 * well.
 */
type WrongLetter<S extends string, From extends string> = S extends `${infer L}${infer Rest}`
  ? Uppercase<L> extends Lowercase<L>
    ? `'${L}' is not a letter`
    : Rest extends `${string}${L}${string}`
      ? `'${L}' is there twice in one place: a diagonal is not taken`
      : From extends `${string}${L}${string}`
        ? WrongLetter<Rest, From>
        : `'${L}' of the result is in no operand`
  : never;

type WrongIn<I extends readonly string[], R extends string> = I extends readonly [
  infer A extends string,
  infer B extends string,
]
  ? WrongLetter<A, A> | WrongLetter<B, B> | WrongLetter<R, `${A}${B}`>
  : I extends readonly [infer A extends string]
    ? WrongLetter<A, A> | WrongLetter<R, A>
    : never;

/** `E`, or a message where it is no equation. */
type CheckedEquation<E extends string> = [Operands<E>] extends [never]
  ? 'an equation has an arrow: bij,bjk->bik'
  : [WrongIn<Operands<E>, ResultOf<E>>] extends [never]
    ? E
    : WrongIn<Operands<E>, ResultOf<E>>;

// Calls in types. `extends unknown` makes a type wait until its shapes are known, as in `layer.ts`.

type LettersOf<S extends string, Found extends readonly string[] = []> = S extends `${infer L}${infer Rest}`
  ? LettersOf<Rest, [...Found, L]>
  : Found;

/** The extent of each letter: `{ i: 64; j: 128 }`; wide where the rank is. */
type ExtentsOf<L extends readonly string[], S extends Shape> = S extends unknown
  ? { [I in keyof L & `${number}` as L[I] & string]: number extends S['length'] ? Dim : S[I & keyof S] }
  : never;

/** A message where a letter has another extent than before; what is wide fits. */
type Clash<L, Before, D, Where extends string> = [D] extends [Before]
  ? never
  : [Before] extends [D]
    ? never
    : `${Where}: axis ${L & string} = ${Before & Dim} (bound earlier) but here ${D & Dim}`;

/** The messages of what is wrong with a shape, where `E` has the extents of the letters before. */
type Clashes<L extends readonly string[], S extends Shape, E, Where extends string> = S extends unknown
  ? E extends unknown
    ? number extends S['length']
      ? never
      : L['length'] extends S['length']
        ? { [I in keyof L]: Clash<L[I], E[L[I] & keyof E], S[I & keyof S], Where> }[number]
        : `${Where}: rank ${L['length']} expected, but here ${S['length']}`
    : never
  : never;

type OrMessage<T, Messages> = [Messages] extends [never] ? T : NoInfer<Messages>;

type Result<R extends readonly string[], E> = E extends unknown
  ? Tensor<{ -readonly [I in keyof R]: E[R[I] & keyof E] & Dim }>
  : never;

type OfOne<A extends readonly string[], R extends readonly string[]> = <S extends Shape>(
  x: OrMessage<Tensor<S>, Clashes<A, S, unknown, 'arg 1'>>,
) => Result<R, ExtentsOf<A, S>>;

type OfTwo<A extends readonly string[], B extends readonly string[], R extends readonly string[]> = <
  S extends Shape,
  T extends Shape,
>(
  x: OrMessage<Tensor<S>, Clashes<A, S, unknown, 'arg 1'>>,
  y: OrMessage<Tensor<T>, Clashes<B, T, ExtentsOf<A, S>, 'arg 2'>>,
) => Result<R, ExtentsOf<A, S> & ExtentsOf<B, T>>;

/** A function of one or two tensors, each of whose letters has one extent. */
export type Einsum<E extends string> =
  Operands<E> extends readonly [infer A extends string, infer B extends string]
    ? OfTwo<LettersOf<A>, LettersOf<B>, LettersOf<ResultOf<E>>>
    : Operands<E> extends readonly [infer A extends string]
      ? OfOne<LettersOf<A>, LettersOf<ResultOf<E>>>
      : never;

// In values

interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
}

/** Reads an equation; raises `ConfigError` where it is none. */
const equationOf = (text: string): Equation => {
  const [left, right, ...more] = text.split('->');
  const operands = (left ?? '').split(',').map((word) => [...word]);
  const result = [...(right ?? '')];
  const letters = operands.flat();
  const isWell =
    right !== undefined &&
    more.length === 0 &&
    operands.length <= 2 &&
    [...operands, result].every((word) => new Set(word).size === word.length) &&
    letters.every((letter) => /\p{L}/u.test(letter)) &&
    result.every((letter) => letters.includes(letter));
  return isWell
    ? { operands, result }
    : raise('ConfigError', {
        where: 'einsum',
        expected: 'one or two operands, an arrow and a result, no letter twice in one of them',
        actual: `'${text}'`,
        hint: "write it like 'bij,bjk->bik'",
      });
};

/** A tensor whose axes have names. */
interface Named {
  readonly node: Node;
  readonly letters: readonly string[];
}

const extentsOf = ({ node, letters }: Named, some: readonly string[]): readonly number[] =>
  some.map((letter) => node.shape[letters.indexOf(letter)]!);

/** The axes in the order of `order`. */
const ordered = ({ node, letters }: Named, order: readonly string[]): Node =>
  transpose(node, order.map((letter) => letters.indexOf(letter))); // prettier-ignore

/** The sum over the axes that nobody asks for. */
const summed = ({ node, letters }: Named, asked: readonly string[]): Named => ({
  node: reduce('sum', node, letters.flatMap((letter, axis) => (asked.includes(letter) ? [] : [axis]))), // prettier-ignore
  letters: letters.filter((letter) => asked.includes(letter)),
});

/**
 * One batched product of matrices: what both have and the result too is the batch, what only both have is
 * summed.
 */
const product = (x: Named, y: Named, result: readonly string[]): Named => {
  const [a, b] = [summed(x, [...y.letters, ...result]), summed(y, [...x.letters, ...result])];
  const shared = a.letters.filter((letter) => b.letters.includes(letter));
  const batch = shared.filter((letter) => result.includes(letter));
  const inner = shared.filter((letter) => !result.includes(letter));
  const rows = a.letters.filter((letter) => !shared.includes(letter));
  const columns = b.letters.filter((letter) => !shared.includes(letter));
  const sizes = extentsOf(a, batch);
  const [m, k, n] = [extentsOf(a, rows), extentsOf(a, inner), extentsOf(b, columns)];
  const matrices = dot(
    reshape(ordered(a, [...batch, ...rows, ...inner]), [...sizes, sizeOf(m), sizeOf(k)]),
    reshape(ordered(b, [...batch, ...inner, ...columns]), [...sizes, sizeOf(k), sizeOf(n)]),
  );
  return { node: reshape(matrices, [...sizes, ...m, ...n]), letters: [...batch, ...rows, ...columns] };
};

/**
 * The sum of products that an equation describes: each letter is an axis, and what is not in the result is
 * summed over. For one operand or two, in which a letter stands for one extent; of two it is one batched
 * product of matrices. Raises `ShapeError`, naming the argument and the letter, where traced extents do not
 * fit, and `ConfigError` for what is no equation. For callers whose dims are known, as `defn` is. Einstein
 * 1916.
 *
 * @example
 * einsum('bqhd,bkhd->bhqk')(zeros(8, 49, 4, 16), zeros(8, 50, 4, 16)) // : Tensor<[8, 4, 49, 50]>
 * einsum('ij,j->i')(constantOf([1, 2, 3, 4], 2, 2), constantOf([1, 10], 2)) // → [21, 43]
 * einsum('ij->ji')(constantOf([1, 2, 3, 4], 2, 2)) // → [[1, 3], [2, 4]]
 */
export const einsum = <const E extends string>(equation: CheckedEquation<E>): Einsum<E> => {
  const { operands, result } = equationOf(equation);
  const words = operands.map((letters) => letters.join(' '));
  const signature = parseSignature(`${words.join(', ')} -> ${result.join(' ')}`);
  const apply = (...tensors: readonly AnyTensor[]): AnyTensor => {
    named('einsum', () => bindInputs(signature, tensors, nothingBound()));
    const [x, y] = tensors.map((t, i): Named => ({ node: nodeOf(t), letters: operands[i]! }));
    const sum = y === undefined ? summed(x!, result) : product(x!, y, result);
    return tensor(ordered(sum, result));
  };
  return apply as Einsum<E>; // the run-time checks are those of the type
};
