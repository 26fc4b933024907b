/**
 * Functions of tensors whose shapes are written once, in words, and checked at each call: by the compiler where
 * the extents are in the types, and when the program is traced.
 */
import { type Bound, nothingBound } from './bind.js';
import {
  bindInputs,
  bindParams,
  checkedResult,
  merged,
  parseSignature,
  type Signature,
} from './signature.js';
import type { CheckedSpec, Of, Spec, Syms, TreeSpec } from './spec.js';
import type { Shape, Tensor } from './tensor.js';
import type { AfterTensor, EnvOf, Errors, EvaluatedTree, ReadTree, WideTree, WrongTensor } from './unify.js';
import type { BadSpec, DTypeOf } from './words.js';
import type { WrongResult } from './wrongResult.js';

// Signatures: one string, or a record of specs

type Trim<S extends string> = S extends ` ${infer Rest}`
  ? Trim<Rest>
  : S extends `${infer Rest} `
    ? Trim<Rest>
    : S;
type Listed<S extends string> = S extends `${infer First},${infer Rest}`
  ? [Trim<First>, ...Listed<Rest>]
  : [Trim<S>];

/** The specs of the arguments, in order, or the spec of the one. */
type Takes<G> = G extends `${infer Inputs}->${string}`
  ? Listed<Inputs>
  : G extends { readonly takes: infer I }
    ? I
    : never;

/** The spec of the result: a tree where there are several. */
type Gives<G> = G extends `${string}->${infer Output}`
  ? Output extends `${string},${string}`
    ? Listed<Output>
    : Trim<Output>
  : G extends { readonly gives: infer O }
    ? O
    : never;

/** The messages of the words of a signature that are none. */
type BadWords<G> = G extends `${infer Inputs}->${infer Output}`
  ? BadTree<[...Listed<Inputs>, ...Listed<Output>]>
  : BadTree<Takes<G>> | BadTree<Gives<G>>;
type BadTree<P> = [Spec] extends [P] // known to be a spec, and no more
  ? never
  : P extends string
    ? BadSpec<WithoutLeading<P>>
    : P extends TreeSpec<unknown>
      ? never
      : P extends readonly unknown[]
        ? { [I in keyof P]: BadTree<P[I]> }[number]
        : { [K in keyof P]: BadTree<P[K]> }[keyof P];
type WithoutLeading<S extends string> = S extends `...${infer Last}`
  ? Last extends '' | ` ${string}` | `:${string}`
    ? Last
    : S
  : S;

/** The symbols of the result that nothing binds. */
type Unbound<G, P> = Exclude<Syms<Of<Gives<G>>>, Syms<Of<Takes<G>>> | Syms<Of<P>>>;

/** `G`, or what is wrong with it: no arrow, a word that is none, a symbol that nothing binds, too many arguments. */
type CheckedSignature<G, P> = [Takes<G>] extends [never]
  ? 'a signature has an arrow: B H W C, B D -> B H W C'
  : [BadWords<G>] extends [never]
    ? CheckedArity<G, P>
    : BadWords<G>;

type CheckedArity<G, P> = [G, Takes<G>] extends [string, { readonly length: infer N }]
  ? N extends 1 | 2 | 3
    ? CheckedResult<G, P>
    : 'a signature has one to three arguments: more go by name, { takes: { x: …, y: … }, gives: … }'
  : CheckedResult<G, P>;
type CheckedResult<G, P> = [Unbound<G, P>] extends [never]
  ? G
  : `${Unbound<G, P> & string} is in the result, and in no argument`;

// Bodies: the symbols of the signature are the extents

/** The tensors that a tree of specs may stand for, before the symbols are looked at. */
export type Like<P> = P extends string
  ? Tensor<Shape, DTypeOf<P>>
  : P extends TreeSpec<infer T>
    ? WideTree<T>
    : { readonly [K in keyof P]: Like<P[K]> };

type Body<G, R> = (...inputs: Inputs<G, Takes<G>>) => OrMessage<R, Wrong<Gives<G>, R>>;
type Inputs<G, I> = G extends string
  ? I extends readonly unknown[]
    ? [...{ [K in keyof I]: Of<I[K]> }, ...more: NotInTheSignature[]]
    : never
  : [input: Of<I>, ...more: NotInTheSignature[]];
/** What a body has for an argument that its signature does not have: of use for nothing. */
interface NotInTheSignature {
  readonly 'not in the signature': never;
}
type Wrong<O, R> = R extends unknown ? WrongResult<O, R, 'the result'> : never;

/** `T`, or the messages of what is wrong with it. */
type OrMessage<T, Messages> = [Messages] extends [never] ? T : NoInfer<Messages & string>;

// Calls. `extends unknown` makes each of these wait until its tensors and environment are known. Half-evaluated,
// over shapes that are still parameters, they cost the compiler ten times as much.

/** What is bound after an argument. */
type After<P, T, E, Where extends string> = T extends unknown ? E & EnvOf<ReadTree<P, T, Where>> : never;

/** The messages of what is wrong with an argument; `never` where nothing is. */
type WrongArgument<P, T, E, Where extends string> = T extends unknown
  ? E extends unknown
    ? Errors<ReadTree<P, T, Where>, E>
    : never
  : never;

type Result<O, E> = E extends unknown ? EvaluatedTree<O, E> : never;

/** A function whose arguments are unified with a signature, in an environment. */
export type Unified<G, E> = G extends string
  ? Positional<Takes<G>, Gives<G>, E>
  : <T extends Like<Takes<G>>>(
      input: OrMessage<T, WrongArgument<Takes<G>, T, E, 'input'>>,
    ) => Result<Gives<G>, After<Takes<G>, T, E, 'input'>>;

type Argument<P extends string, S extends Shape, E, Where extends string> = OrMessage<
  Tensor<S, DTypeOf<P>>,
  S extends unknown ? (E extends unknown ? WrongTensor<P, S, E, Where> : never) : never
>;
type Then<P extends string, S extends Shape, E, Where extends string> = S extends unknown
  ? AfterTensor<P, S, E, Where>
  : never;

type Positional<I, O, E> = I extends readonly [
  infer I1 extends string,
  infer I2 extends string,
  infer I3 extends string,
]
  ? <S1 extends Shape, S2 extends Shape, S3 extends Shape>(
      x: Argument<I1, S1, E, 'arg 1'>,
      y: Argument<I2, S2, Then<I1, S1, E, 'arg 1'>, 'arg 2'>,
      z: Argument<I3, S3, Then<I2, S2, Then<I1, S1, E, 'arg 1'>, 'arg 2'>, 'arg 3'>,
    ) => Result<O, Then<I3, S3, Then<I2, S2, Then<I1, S1, E, 'arg 1'>, 'arg 2'>, 'arg 3'>>
  : I extends readonly [infer I1 extends string, infer I2 extends string]
    ? <S1 extends Shape, S2 extends Shape>(
        x: Argument<I1, S1, E, 'arg 1'>,
        y: Argument<I2, S2, Then<I1, S1, E, 'arg 1'>, 'arg 2'>,
      ) => Result<O, Then<I2, S2, Then<I1, S1, E, 'arg 1'>, 'arg 2'>>
    : I extends readonly [infer I1 extends string]
      ? <S1 extends Shape>(x: Argument<I1, S1, E, 'arg 1'>) => Result<O, Then<I1, S1, E, 'arg 1'>>
      : never;

/**
 * A function with a signature: `defn('B H W C, C D -> B H/2 W/2 D', (x, w) => …)`. In the body the symbols
 * are the dims; at each call they are unified with the dims of the arguments, and the result has the dims
 * that they stand for. For callers whose dims are known: inside a function whose dims are parameters, use the
 * ops.
 *
 * `...` at the beginning of a shape stands for any leading axes, the same ones everywhere: in the body they are one
 * axis, `'...'`, and the caller gets them back. Several results are an array; what has a name, or is a tree, is
 * written as a record of specs, `{ takes, gives }`.
 *
 * Raises `ShapeError`, naming the argument and the axis, where the traced extents do not fit the signature.
 *
 * @example
 * const project = defn('... C, C D -> ... D', (x, w) => pipe(x, matmul(w)))
 * project(zeros(8, 28, 28, 1), zeros(1, 64)) // : Tensor<[8, 28, 28, 64]>
 *
 * const moments = defn('B C -> B, B', (x) => [meanOver(1)(x), meanOver(1)(square(x))])
 * moments(constantOf([1, 3], 1, 2)) // → [[2], [5]]
 *
 * const masked = defn({ takes: { x: 'B C', mask: 'B C' }, gives: 'B' }, ({ x, mask }) => sumOver(1)(mul(mask)(x)))
 * masked({ x: ones(4, 2), mask: zeros(4, 2) }) // : Tensor<[4]>
 */
export const defn = <const G extends string | Signature, const R>(
  signature: CheckedSignature<G, never>,
  body: Body<G, R>,
): Unified<G, unknown> =>
  // the run-time checks are those of the type
  checkedCall(signature as string | Signature, body as Untyped, nothingBound) as unknown as Unified<
    G,
    unknown
  >;

/** A {@link defn} that has parameters. */
export type Layer<P, G> = <T extends Like<P>>(
  params: OrMessage<T, WrongParams<P, T>>,
) => Unified<G, ParamsEnv<P, T>>;
/** What parameters bind: nothing, where they quarrel among themselves. */
type ParamsEnv<P, T> = [WrongParams<P, T>] extends [never] ? EnvOf<ReadTree<P, T, 'params'>> : unknown;
type WrongParams<P, T> = T extends unknown ? Errors<ReadTree<P, T, 'params'>, unknown> : never;

/**
 * A function with parameters: their spec, the signature of the function, and a body from parameters to
 * function. The symbols are shared: at each call they are unified with the parameters first, then with the
 * arguments. For callers whose dims are known: inside a function whose dims are parameters, use the ops. Signatures
 * are those of {@link defn}.
 *
 * Raises `ShapeError`, naming the parameter or argument and the axis, where the traced extents do not fit.
 *
 * @example
 * const film = layer({ w: 'D 2*C', b: '2*C' }, 'B H W C, B D -> B H W C', (p) => (h, embedding) => {
 *   const [scale, shift] = halve()(linear(p)(embedding)) // two of ['B', 'C']
 *   return pipe(h, mulPerSample(scale), addPerSample(shift))
 * })
 * film({ w: zeros(32, 16), b: zeros(16) })(zeros(4, 28, 28, 8), zeros(4, 32)) // : Tensor<[4, 28, 28, 8]>
 */
export const layer = <const P, const G extends string | Signature, const R>(
  params: CheckedSpec<P>,
  signature: CheckedSignature<G, P>,
  body: (params: Of<P>) => Body<G, R>,
): Layer<P, G> => {
  const call = (given: Of<P>): Untyped =>
    checkedCall(signature as string | Signature, body(given) as Untyped, () => bindParams(params, given));
  return call as unknown as Layer<P, G>; // the run-time checks are those of the type
};

type Untyped = (...inputs: readonly unknown[]) => unknown;

/** A body between the checks of what it takes and of what it gives. */
const checkedCall =
  (written: string | Signature, body: Untyped, bound: () => Bound): Untyped =>
  (...given) => {
    const signature = parseSignature(written);
    const env = bindInputs(signature, given, bound());
    const result = body(...given.map((argument, i) => merged(signature.inputs[i]!, env)(argument)));
    return checkedResult(signature, result, env);
  };
