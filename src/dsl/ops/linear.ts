/** Products of matrices. */
import { sizeOf } from '../node.js';
import { dot, reshape } from '../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { addBias } from './broadcast.js';

/**
 * x·w along the last axis: `w: [K, N]`, `x: [..., K]` → `[..., N]`.
 *
 * @example
 * pipe(x, matmul(w)) // ['B', 64]·[64, 128] -> ['B', 128]
 */
export const matmul =
  <K extends Dim, N extends Dim>(w: Tensor<[K, N]>) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<K>]>): Tensor<[...R, N]> => {
    const [n, weights] = [nodeOf(x), nodeOf(w)];
    if (n.shape.length === 2) return tensor(dot(n, weights));
    const rows = n.shape.slice(0, -1);
    const product = dot(reshape(n, [sizeOf(rows), n.shape.at(-1) ?? 1]), weights);
    return tensor(reshape(product, [...rows, ...weights.shape.slice(1)]));
  };

/** The parameters of an affine map. */
export interface Affine<K extends Dim, N extends Dim> {
  readonly w: Tensor<[K, N]>;
  readonly b: Tensor<[NoInfer<N>]>;
}

/**
 * x·w + b along the last axis: `x: [..., K]` → `[..., N]`.
 *
 * @example
 * pipe(x, linear({ w, b })) // ['B', 64] -> ['B', 128]
 */
export const linear =
  <K extends Dim, N extends Dim>({ w, b }: Affine<K, N>) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<K>]>): Tensor<[...R, N]> =>
    addBias(b)(matmul(w)(x));

/**
 * a·b for each matrix of a batch: `b: [..., K, N]`, `a: [..., M, K]` → `[..., M, N]`; the leading axes agree.
 *
 * @example
 * pipe(weights, batchedMatmul(values)) // ['B', 49, 49]·['B', 49, 64] -> ['B', 49, 64]
 */
export const batchedMatmul =
  <R extends Shape, K extends Dim, N extends Dim>(b: Tensor<[...R, K, N]>) =>
  <M extends Dim>(a: Tensor<[...R, M, NoInfer<K>]>): Tensor<[...R, M, N]> =>
    tensor(dot(nodeOf(a), nodeOf(b)));
