/**
 * A layer is plain data: what parameters it has, how they begin, and a function of them. Layers are put
 * together as trees of layers; their parameters are the tree of the parameters.
 */
import {
  type Extents,
  fork,
  type Key,
  leafSpec,
  mapLeaves,
  type Tensor,
  treeSpec,
  type TreeSpec,
  type Widened,
} from '../dsl/index.js';
import type { Initializer } from './initializers.js';

/** What has parameters, a tree `P` of tensors. */
export interface Trainable<P> {
  readonly params: TreeSpec<P>;
  /** The parameters to begin with. Each is drawn from a key of its own, named by its path. */
  readonly init: (key: Key) => P;
}

/** A function `F` of tensors that has parameters `P`. */
export interface TrainableLayer<P, F> extends Trainable<P> {
  readonly apply: (params: P) => F;
}

/**
 * One tensor as a parameter.
 *
 * @example
 * parameter(fanInNormal(), 64, 128) // : Trainable<Tensor<[64, 128]>>
 */
export const parameter = <const S extends readonly number[]>(
  initializer: Initializer,
  ...extents: Extents<S>
): Trainable<Tensor<Widened<S>>> => {
  const shape = extents as readonly number[]; // Extents<S> is S, or a message that no number fits
  return {
    params: treeSpec(leafSpec(shape)),
    init: (key) => initializer(shape)(key) as Tensor<Widened<S>>, // an initializer keeps the extents
  };
};

/** The tree of the parameters of a tree of layers; what is absent stays so. */
export type ParamsOf<T> =
  T extends Trainable<infer P> ? P : T extends undefined ? T : { readonly [K in keyof T]: ParamsOf<T[K]> };

const isTrainable = (x: unknown): x is Trainable<unknown> =>
  typeof x === 'object' && x !== null && 'params' in x && 'init' in x && typeof x.init === 'function';

/**
 * The parameters of a tree of layers, as one tree. Each layer begins with the key that its path names.
 *
 * @example
 * const { params } = collect({
 *   hidden: linearLayer({ inputs: 2, outputs: 8 }),
 *   output: linearLayer({ inputs: 8, outputs: 1 }),
 * })
 * params.leaves.map(({ path }) => path) // → ['hidden.w', 'hidden.b', 'output.w', 'output.b']
 */
export const collect = <T>(layers: T): Trainable<ParamsOf<T>> => ({
  params: treeSpec(mapLeaves(isTrainable)(({ params }) => params)(layers)),
  init: (key) =>
    // the same tree, with the parameters of each layer in its place
    mapLeaves(isTrainable)(({ init }, path) => init(fork(key, path)[path]!))(layers) as ParamsOf<T>,
});
