/**
 * Functions of tensors whose shapes are written once, in words, and checked at each call: by the compiler where
 * the extents are in the types, and when the program is traced.
 */
import type { CheckedSpec, Of } from './spec.js';
import { type Bound, nothingBound } from './bind.js';
import { bindInputs, bindParams, checkOutput, parseSignature } from './signature.js';
import type { AnyTensor, Shape, Tensor } from './tensor.js';
import type { EnvOf, Errors, Evaluated, Read, ReadTree } from './unify.js';
import type { DTypeOf, WordsOf } from './words.js';

type Trim<S extends string> = S extends ` ${infer Rest}`
  ? Trim<Rest>
  : S extends `${infer Rest} `
    ? Trim<Rest>
    : S;
type Arguments<S extends string> = S extends `${infer First},${infer Rest}`
  ? [Trim<First>, ...Arguments<Rest>]
  : [Trim<S>];
type InputsOf<S extends string> = S extends `${infer Inputs}->${string}` ? Arguments<Inputs> : never;
type OutputOf<S extends string> = S extends `${string}->${infer Output}` ? Trim<Output> : never;

/** A body: the symbols of the signature are its dims. */
type Body<I extends readonly string[], O extends string> = (...inputs: Tensors<I>) => Of<O>;
type Tensors<I extends readonly string[]> = { [K in keyof I]: Of<I[K]> };

// `extends unknown` makes each of these wait until its shape and environment are known. Half-evaluated, over
// shapes that are still parameters, they cost the compiler ten times as much.

/** What is bound after an argument. */
type After<I extends string, S extends Shape, E, Where extends string> = S extends unknown
  ? E & EnvOf<Read<WordsOf<I>, S, Where>>
  : never;

/** The messages of what is wrong with an argument; `never` where nothing is. */
type Wrong<I extends string, S extends Shape, E, Where extends string> = S extends unknown
  ? E extends unknown
    ? Errors<Read<WordsOf<I>, S, Where>, E> & string
    : never
  : never;

type Output<O extends string, E> = E extends unknown
  ? Evaluated<WordsOf<O>, E> extends infer S extends Shape
    ? Tensor<S, DTypeOf<O>>
    : never
  : never;

/** `T`, or the messages of what is wrong with it. */
type OrMessage<T, Messages> = [Messages] extends [never] ? T : NoInfer<Messages>;
type Argument<I extends string, S extends Shape, E, Where extends string> = OrMessage<
  Tensor<S, DTypeOf<I>>,
  Wrong<I, S, E, Where>
>;

/** A function whose arguments are unified with a signature, in an environment. */
export type Unified<I extends readonly string[], O extends string, E> = I extends readonly [
  infer I1 extends string,
  infer I2 extends string,
  infer I3 extends string,
]
  ? <S1 extends Shape, S2 extends Shape, S3 extends Shape>(
      x: Argument<I1, S1, E, 'arg 1'>,
      y: Argument<I2, S2, After<I1, S1, E, 'arg 1'>, 'arg 2'>,
      z: Argument<I3, S3, After<I2, S2, After<I1, S1, E, 'arg 1'>, 'arg 2'>, 'arg 3'>,
    ) => Output<O, After<I3, S3, After<I2, S2, After<I1, S1, E, 'arg 1'>, 'arg 2'>, 'arg 3'>>
  : I extends readonly [infer I1 extends string, infer I2 extends string]
    ? <S1 extends Shape, S2 extends Shape>(
        x: Argument<I1, S1, E, 'arg 1'>,
        y: Argument<I2, S2, After<I1, S1, E, 'arg 1'>, 'arg 2'>,
      ) => Output<O, After<I2, S2, After<I1, S1, E, 'arg 1'>, 'arg 2'>>
    : I extends readonly [infer I1 extends string]
      ? <S1 extends Shape>(x: Argument<I1, S1, E, 'arg 1'>) => Output<O, After<I1, S1, E, 'arg 1'>>
      : never;

/** The tensors that parameters may be, before their symbols are looked at. */
export type ParamsLike<P> = P extends string
  ? Tensor<Shape, DTypeOf<P>>
  : { readonly [K in keyof P]: ParamsLike<P[K]> };

/** What may be said of a signature before it is read: it has an arrow, and one to three arguments. */
type CheckedSignature<S extends string> = [InputsOf<S>] extends [never]
  ? 'a signature has an arrow: B H W C, B D -> B H W C'
  : InputsOf<S>['length'] extends 1 | 2 | 3
    ? S
    : 'a signature has one to three arguments';

/**
 * A function with a signature: `defn('B H W C, C D -> B H/2 W/2 D', (x, w) => …)`. In the body the symbols
 * are the dims; at each call they are unified with the dims of the arguments, and the result has the dims
 * that they stand for. For callers whose dims are known: inside a function whose dims are parameters, use the
 * ops.
 *
 * Raises `ShapeError`, naming the argument and the axis, where the traced extents do not fit the signature.
 *
 * @example
 * const project = defn('B H W C, C D -> B H W D', (x, w) => pipe(x, matmul(w)))
 * project(zeros(8, 28, 28, 1), zeros(1, 64)) // : Tensor<[8, 28, 28, 64]>
 */
export const defn = <const S extends string>(
  signature: CheckedSignature<S>,
  body: Body<InputsOf<S>, OutputOf<S>>,
): Unified<InputsOf<S>, OutputOf<S>, unknown> =>
  // the run-time checks are those of the type
  checkedCall(signature, body as Untyped, nothingBound) as unknown as Unified<
    InputsOf<S>,
    OutputOf<S>,
    unknown
  >;

/** A {@link defn} that has parameters. */
export type Layer<P, S extends string> = <T extends ParamsLike<P>>(
  params: OrMessage<T, WrongParams<P, T>>,
) => Unified<InputsOf<S>, OutputOf<S>, ParamsEnv<P, T>>;
/** What parameters bind: nothing, where they quarrel among themselves. */
type ParamsEnv<P, T> = [WrongParams<P, T>] extends [never] ? EnvOf<ReadTree<P, T>> : unknown;
type WrongParams<P, T> = T extends unknown ? Errors<ReadTree<P, T>, unknown> & string : never;

/**
 * A function with parameters: their spec, the signature of the function, and a body from parameters to
 * function. The symbols are shared: at each call they are unified with the parameters first, then with the
 * arguments. For callers whose dims are known: inside a function whose dims are parameters, use the ops.
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
export const layer = <const P, const S extends string>(
  params: CheckedSpec<P>,
  signature: CheckedSignature<S>,
  body: (params: Of<P>) => Body<InputsOf<S>, OutputOf<S>>,
): Layer<P, S> => {
  const call = (given: Of<P>): Untyped =>
    checkedCall(signature, body(given) as Untyped, () => bindParams(params, given));
  return call as unknown as Layer<P, S>; // the run-time checks are those of the type
};

type Untyped = (...inputs: readonly AnyTensor[]) => AnyTensor;

/** A body between the checks of what it takes and of what it gives. */
const checkedCall =
  (text: string, body: Untyped, bound: () => Bound): Untyped =>
  (...inputs) => {
    const signature = parseSignature(text);
    const env = bindInputs(signature, inputs, bound());
    const output = body(...inputs);
    checkOutput(signature, output, env);
    return output;
  };
