/** Sums of products over named axes. Each letter of an equation is an axis. */
import { dual } from '../../../internal/dual.js';
import { bindShape, nothingBound, settle } from '../../types/dimExpression.js';
import { raise } from '../../../internal/errors.js';
import type { Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { dot, reduce, reshape, transpose } from '../../primitives/index.js';
import { demandFloats, refuseArgument } from '../operand.js';
import type { Late } from '../../types/checked.js';
import type { IsWide } from '../../types/dim.js';
import { type AnyTensor, type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';

// Equations in types

type Operands<E extends string> = E extends `${infer X}->${string}`
  ? X extends `${infer A},${infer B}`
    ? [A, B]
    : [X]
  : never;
type ResultOf<E extends string> = E extends `${string}->${infer R}` ? R : never;

/** An error message for the first character of `S` that is not a letter, repeated, or not in `From`; otherwise `never`. */
type WrongLetter<S extends string, From extends string> = S extends `${infer L}${infer Rest}`
  ? Uppercase<L> extends Lowercase<L>
    ? `'${L}' is not a letter`
    : Rest extends `${string}${L}${string}`
      ? `'${L}' appears twice in one operand or result: diagonals are not supported`
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

type CheckedEquation<E extends string> = [Operands<E>] extends [never]
  ? 'an equation has an arrow: bij,bjk->bik'
  : OrMessage<E, WrongIn<Operands<E>, ResultOf<E>>>;
type OrMessage<T, Messages> = [Messages] extends [never] ? T : NoInfer<Messages>;

// Calls in types. `extends unknown` defers a type until its shapes are known.

type LettersOf<S extends string, Letters extends readonly string[] = []> = S extends `${infer L}${infer Rest}`
  ? LettersOf<Rest, [...Letters, L]>
  : Letters;

/** The extents of letters. */
type Extents = Readonly<Record<string, Dim>>;

/** The extent of each letter: `{ i: 64; j: 128 }`; wide if the rank is unknown. */
type ExtentsOf<L extends readonly string[], S extends Shape> = S extends unknown
  ? number extends S['length']
    ? Readonly<Record<L[number], Dim>>
    : { [I in keyof L & `${number}` as L[I] & string]: S[I & keyof S & `${number}`] }
  : never;

/**
 * The shape that an operand of shape `S` must have, given the extents `E` of earlier letters. Other letters take any
 * extent, and a wide extent always fits.
 */
type Expected<L extends readonly string[], S extends Shape, E> = {
  [I in keyof L]: L[I] extends keyof E ? (IsWide<S[I & keyof S]> extends true ? unknown : E[L[I]]) : unknown;
};

/** An error message if a letter has another extent than before. */
type Clash<L, Before, D, Where extends string> = [D] extends [Before]
  ? never
  : IsWide<D> extends true
    ? never
    : `${Where}: axis ${L & string} = ${Before & Dim} (bound earlier) but here ${D & Dim}`;

/** Error messages for a shape, given the extents `E` of earlier letters. */
type Clashes<L extends readonly string[], S extends Shape, E, Where extends string> = number extends S['length']
  ? never
  : L['length'] extends S['length']
    ? { [I in keyof L]: L[I] extends keyof E ? Clash<L[I], E[L[I]], S[I & keyof S], Where> : never }[number]
    : `${Where}: rank ${L['length']} expected, but here ${S['length']}`;

/** The result of an equation, with the extents `B` of its letters. */
type ResultFrom<E extends string, B extends Extents> = Ordered<LettersOf<ResultOf<E>>, B>;
type Ordered<R extends readonly string[], B extends Extents> = B extends unknown
  ? Tensor<{ -readonly [I in keyof R]: B[R[I] & keyof B] }>
  : never;

/** The letters of operand `I`; empty if the equation has no such operand. */
type LettersAt<E extends string, I extends number> = Operands<E>[I & keyof Operands<E>] extends infer W extends string
  ? LettersOf<W>
  : [];

type Bound<E extends string, I extends number, S extends Shape> = ExtentsOf<LettersAt<E, I>, S>;
/**
 * The extents of the first operand that the second one must have: none if its rank is unknown, like that of `softmax(…)`
 * until TypeScript has inferred the other types.
 */
type Earlier<E extends string, S extends Shape> = number extends S['length'] ? unknown : Bound<E, 0, S>;

/** Operand `I` of the shape `S`, or error messages, given the extents of earlier letters. */
type OperandOf<E extends string, I extends 0 | 1, S extends Shape, Before = unknown> = [CheckedEquation<E>] extends [E]
  ? [S] extends [Readonly<Expected<LettersAt<E, I>, S, Before>>]
    ? Tensor<S>
    : Late<S, Clashes<LettersAt<E, I>, S, Before, ['arg 1', 'arg 2'][I]>, Tensor<S>>
  : Tensor<S>; // the equation is an error
/** The extents of the letters of both operands; those of the second that are known, otherwise those of the first. */
type ProductOf<E extends string, S extends Shape, T extends Shape> = ResultFrom<E, Bound<E, 0, S> & Bound<E, 1, T>>;

/** The result for one operand; for an equation with two operands, a function of the first. */
type OfOne<E extends string, S extends Shape> =
  Operands<E> extends readonly [string, string]
    ? <R extends Shape>(x: OperandOf<E, 0, R, Bound<E, 1, S>>) => ProductOf<E, R, S>
    : ResultFrom<E, Bound<E, 0, S>>;

/** The type of {@link einsum}. */
export interface Einsum {
  <const E extends string>(equation: CheckedEquation<E>): <S extends Shape>(x: OperandOf<E, 0, S>) => OfOne<E, S>;
  <S extends Shape, const E extends string>(
    x: Operands<E> extends readonly [string, string] ? Tensor<S> : OperandOf<E, 0, S>,
    equation: CheckedEquation<E>,
  ): OfOne<E, S>;
  <S extends Shape, T extends Shape, const E extends string>(
    x: OperandOf<E, 0, S>,
    y: OperandOf<E, 1, T, Earlier<E, S>>,
    equation: CheckedEquation<E>,
  ): ProductOf<E, S, T>;
}

// Values

interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
}

const equationOf = (text: unknown): Equation => {
  const example = "write it like einsum(x, y, 'bij,bjk->bik')";
  if (typeof text !== 'string') return refuseArgument('einsum', 'an equation as the last argument', text, example);
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
        expected: 'one or two operands, an arrow and a result, without repeated letters',
        actual: `'${text}'`,
        hint: "write it like 'bij,bjk->bik'",
      });
};

/** A tensor with named axes. */
interface Named {
  readonly node: Node;
  readonly letters: readonly string[];
}

const extentsOf = ({ node, letters }: Named, some: readonly string[]): readonly number[] =>
  some.map((letter) => node.shape[letters.indexOf(letter)]!);

const ordered = ({ node, letters }: Named, order: readonly string[]): Node =>
  transpose(node, order.map((letter) => letters.indexOf(letter))); // oxfmt-ignore

/** Sums over the axes that are not kept. */
const summed = ({ node, letters }: Named, output: readonly string[]): Named => ({
  node: reduce('sum', node, letters.flatMap((letter, axis) => (output.includes(letter) ? [] : [axis]))), // oxfmt-ignore
  letters: letters.filter((letter) => output.includes(letter)),
});

/** One batched product of matrices. Shared axes are batch axes if they are in the result; otherwise they are summed. */
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

const checkOperands = (text: string, operands: Equation['operands'], nodes: readonly Node[]): void => {
  if (nodes.length !== operands.length)
    raise('ConfigError', {
      where: `einsum '${text}'`,
      expected: `${operands.length} operands`,
      actual: `${nodes.length}`,
      hint: 'give one tensor for each operand of the equation',
    });
  for (const n of nodes) demandFloats(`einsum '${text}'`, n);
  const bound = operands.reduce(
    (b, letters, i) => bindShape(b, letters, nodes[i]!.shape, `einsum '${text}', arg ${i + 1}`),
    nothingBound(),
  );
  settle(bound);
};

const apply = (text: string, nodes: readonly Node[]): AnyTensor => {
  const { operands, result } = equationOf(text);
  checkOperands(text, operands, nodes);
  const [x, y] = nodes.map((node, i): Named => ({ node, letters: operands[i]! }));
  const sum = y === undefined ? summed(x!, result) : product(x!, y, result);
  return tensor(ordered(sum, result));
};

/** Detects the data-first form: a call with all operands of its equation, which is the last argument. */
const hasAllOperands = (args: readonly unknown[]): boolean => {
  const equation = args.at(-1);
  return args.length > (typeof equation === 'string' ? equationOf(equation).operands.length : 0);
};

/**
 * Computes a sum of products over named axes (Einstein 1916). Each letter of the equation is an axis with one extent, and
 * letters that are not in the result are summed over. Takes one or two operands; two are multiplied as batched matrices.
 * Raises `ShapeError`, with the argument and the letter, if the extents do not fit, and `ConfigError` for an invalid
 * equation.
 * @example
 * einsum(zeros(8, 49, 4, 16), zeros(8, 50, 4, 16), 'bqhd,bkhd->bhqk') // : Tensor<[8, 4, 49, 50]>
 * const x = constantOf([1, 2, 3, 4], 2, 2)
 * einsum(x, constantOf([1, 10], 2), 'ij,j->i') // → [21, 43]
 * pipe(x, einsum(constantOf([1, 10], 2), 'ij,j->i')) // → [21, 43]
 * einsum(x, 'ij->ji') // → [[1, 3], [2, 4]]
 */
export const einsum: Einsum = dual('einsum', hasAllOperands, (...args: readonly unknown[]) =>
  apply(args.at(-1) as string, (args.slice(0, -1) as readonly AnyTensor[]).map(nodeOf)),
);
