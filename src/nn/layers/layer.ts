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

/** A tree `P` of parameters. */
export interface Trainable<P> {
  readonly params: TreeSpec<P>;
  /** The initial parameters. Each is drawn from a key of its own, derived from its path. */
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
 *
 * @example
 * parameter(fanInNormal(), 64, 128) // : Layer<Tensor<[64, 128]>, Tensor<[64, 128]>>
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

type AnyLayer = Layer<unknown, unknown>;
const isLayer = (x: unknown): x is AnyLayer =>
  typeof x === 'object' && x !== null && 'params' in x && 'init' in x && typeof x.init === 'function';

/** The member of a tree at a path such as `down.0.conv`; the tree itself for the empty path. */
const memberAt = (tree: unknown, path: string): unknown =>
  path === ''
    ? tree
    : path.split('.').reduce((branch, name) => (branch as Readonly<Record<string, unknown>>)[name], tree);

/** Binds a tree of parameters to a tree of layers. */
const bind = <T>(parts: T, params: ParamsOf<T>): Bound<T> =>
  // each layer gives way to its function
  mapLeaves(parts, isLayer, ({ apply }, path) => apply(memberAt(params, path))) as Bound<T>;

/**
 * Puts layers together. `parts` is a tree of layers; `body` gets the same tree with the parameters bound, so that each
 * part is a function, and returns the function of the whole. The parameters have the form of `parts`, and each part is
 * initialized from a key derived from its path.
 *
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
export const layer = <T, F>(parts: T, body: (bound: Bound<T>) => F): Layer<ParamsOf<T>, F> => ({
  params: treeSpec(mapLeaves(parts, isLayer, ({ params }) => params)),
  init: (key) =>
    // the same tree, with the parameters of each layer in its place
    mapLeaves(parts, isLayer, ({ init }, path) => init(fork(key, path)[path]!)) as ParamsOf<T>,
  apply: (params) => body(bind(parts, params)),
});
