/**
 * Layers: plain data and a function. A layer says which parameters it has, how they are initialized, and what function they
 * make. Layers are put together with {@link layer}: the parameters of the whole are the tree of the parameters of its parts.
 */
import {
  type Dim,
  type Extents,
  fork,
  type Key,
  leafSpec,
  mapLeaves,
  type Shape,
  type Tensor,
  treeSpec,
  type TreeSpec,
  type Wide,
  type Widened,
} from '../../dsl/index.js';
import type { Initializer } from './initializers.js';
import { type CheckedParts, checkedParts, isPart, memberAt, requireParams } from './parts.js';

/** A tree `P` of parameters. */
export interface Trainable<P> {
  readonly params: TreeSpec<P>;
  /**
   * The initial parameters. Each is drawn from a key of its own, derived from its path. Call it in a program:
   * `program('key', init)`.
   */
  readonly init: (key: Key) => P;
}

/** A function `F` with parameters `P`. */
export interface Layer<P, F> extends Trainable<P> {
  /** Binds the parameters. */
  readonly apply: (params: P) => F;
}

/** The extent of an option that is a number: the literal, or `Dim` if only the run knows it. */
export type Channels<C> = Wide<C> & Dim;

/** A parameter whose shape `S` the caller vouches for: for layers whose extents are type parameters. */
export const parameterOf = <S extends Shape>(
  initializer: Initializer,
  ...extents: readonly unknown[]
): Layer<Tensor<S>, Tensor<S>> => {
  const shape = extents as readonly number[]; // `Extent`s: numbers, or messages for the compiler
  return {
    params: treeSpec(leafSpec(shape)) as TreeSpec<Tensor<S>>,
    init: (key) => initializer(shape)(key) as Tensor<S>,
    apply: (x) => x,
  };
};

/**
 * One tensor as a parameter. Bound, it is the tensor itself.
 * @example parameter(fanInNormal(), 64, 128) // : Layer<Tensor<[64, 128]>, Tensor<[64, 128]>>
 */
export const parameter = <const S extends readonly number[]>(
  initializer: Initializer,
  ...extents: Extents<S>
): Layer<Tensor<Widened<S>>, Tensor<Widened<S>>> => parameterOf(initializer, ...extents);

/** The parameters of a tree of layers; an absent layer has none. */
export type ParamsOf<T> =
  T extends Trainable<infer P> ? P : T extends undefined ? T : { readonly [K in keyof T]: ParamsOf<T[K]> };

/** A tree of layers with their parameters bound: the tree of their functions. */
export type Bound<T> =
  T extends Layer<infer _P, infer F> ? F : T extends undefined ? T : { readonly [K in keyof T]: Bound<T[K]> };

/** Names a bound function for errors, if it has no name or is a half-applied operation. */
const withName = (name: string, bound: unknown): void => {
  if (typeof bound === 'function' && (bound.name === '' || bound.name.endsWith('(…)')))
    Reflect.defineProperty(bound, 'name', { value: name });
};

/** {@link layer} with the name of the function that makes it, which errors show if the bound layer is taken for a tensor. */
export const namedLayer = <T, F>(
  name: string,
  parts: CheckedParts<T>,
  body: (bound: Bound<T>) => F,
): Layer<ParamsOf<T>, F> => {
  const layers = checkedParts(parts);
  const params: TreeSpec<ParamsOf<T>> = treeSpec(mapLeaves(layers, isPart, (part) => part.params));
  return {
    params,
    init: (key) =>
      // the same tree, with the parameters of each layer in its place
      mapLeaves(layers, isPart, ({ init }, path) => init(fork(key, path)[path]!)) as ParamsOf<T>,
    apply: (given) => {
      requireParams(params, given);
      // each layer gives way to its function
      const bound = mapLeaves(layers, isPart, ({ apply }, path) => apply(memberAt(given, path))) as Bound<T>;
      const f = body(bound);
      withName(`${name}(…).apply(params)`, f);
      return f;
    },
  };
};

/**
 * Puts layers together. `parts` is a tree of layers; `body` gets the same tree with the parameters bound, so that each
 * part is a function, and returns the function of the whole. The parameters have the form of `parts`, and each part is
 * initialized from a key derived from its path. Raises `ConfigError` for a part that is not a layer; `apply` raises it for
 * missing parameters and for parameters of another shape.
 * @example
 * const mlp = layer(
 *   { hidden: linearLayer({ inputs: 2, outputs: 8 }), output: linearLayer({ inputs: 8, outputs: 1 }) },
 *   ({ hidden, output }) => <B extends Dim>(x: Tensor<[B, 2]>) => pipe(x, hidden, silu, output),
 * )
 * mlp.params.leaves.map(({ path }) => path) // → ['hidden.w', 'hidden.b', 'output.w', 'output.b']
 * const params = { hidden: { w: ones(2, 8), b: zeros(8) }, output: { w: ones(8, 1), b: ones(1) } }
 * mlp.apply(params)(zeros(4, 2)) // : Tensor<[4, 1]>
 * mlp.apply(params)(zeros(4, 2)) // → [[1], [1], [1], [1]]
 */
export const layer = <T, F>(parts: CheckedParts<T>, body: (bound: Bound<T>) => F): Layer<ParamsOf<T>, F> =>
  namedLayer<T, F>('layer', parts, body);
