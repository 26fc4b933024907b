/** Products of matrices. */
import { named } from '../errors.js';
import { sizeOf } from '../node.js';
import { dot, reshape } from '../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { addBias } from './broadcast.js';

/**
 * x·w along the last axis: `w: [K, N]`, `x: [..., K]` → `[..., N]`.
 *
 * @example
 * pipe(zeros(8, 7, 7, 64), matmul(zeros(64, 128))) // : Tensor<[8, 7, 7, 128]>
 * pipe(constantOf([1, 2, 3, 4], 2, 2), matmul(ones(2, 1))) // → [[3], [7]]
 */
export const matmul =
  <K extends Dim, N extends Dim>(w: Tensor<[K, N]>) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<K>]>): Tensor<[...R, N]> => {
    const [n, weights] = [nodeOf(x), nodeOf(w)];
    const rows = n.shape.slice(0, -1);
    const flat = reshape(n, [sizeOf(rows), n.shape.at(-1) ?? 1]); // itself, if it is a matrix
    const product = named('matmul', () => dot(flat, weights));
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
 * pipe(ones(1, 2), linear({ w: ones(2, 3), b: constantOf([0, 1, 2], 3) })) // → [[2, 3, 4]]
 */
export const linear =
  <K extends Dim, N extends Dim>({ w, b }: Affine<K, N>) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<K>]>): Tensor<[...R, N]> =>
    named('linear', () => addBias(b)(matmul(w)(x)));

/**
 * a·b for each matrix of a batch: `b: [..., K, N]`, `a: [..., M, K]` → `[..., M, N]`; the leading axes agree.
 *
 * @example
 * pipe(zeros(8, 4, 49, 49), batchedMatmul(zeros(8, 4, 49, 16))) // : Tensor<[8, 4, 49, 16]>
 * pipe(constantOf([1, 2], 2, 1, 1), batchedMatmul(constantOf([10, 100], 2, 1, 1))) // → [[[10]], [[200]]]
 */
export const batchedMatmul =
  <R extends Shape, K extends Dim, N extends Dim>(b: Tensor<[...R, K, N]>) =>
  <M extends Dim>(a: Tensor<[...R, M, NoInfer<K>]>): Tensor<[...R, M, N]> =>
    tensor(named('batchedMatmul', () => dot(nodeOf(a), nodeOf(b))));
