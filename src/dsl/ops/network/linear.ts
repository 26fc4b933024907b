/** Products of matrices. */
import { dual } from '../../dual.js';
import { named } from '../../errors.js';
import { type Node, sizeOf } from '../../graph/node.js';
import { dot, reshape } from '../../primitives/index.js';
import { type AnyTensor, type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { withFields } from '../operand.js';
import { addBias } from '../shape/broadcast.js';

/** `x: [..., K]` times `w: [K, N]`: the leading axes of x are the rows of one matrix. */
const product = (x: Node, w: Node): Node => {
  const rows = x.shape.slice(0, -1);
  const matrix = reshape(x, [sizeOf(rows), x.shape.at(-1) ?? 1]);
  return reshape(dot(matrix, w), [...rows, ...w.shape.slice(1)]);
};

/**
 * x·w along the last axis: `x: [..., K]` and `w: [K, N]` → `[..., N]`.
 * @example
 * matmul(zeros(8, 7, 7, 64), zeros(64, 128)) // : Tensor<[8, 7, 7, 128]>
 * matmul(constantOf([1, 2, 3, 4], 2, 2), ones(2, 1)) // → [[3], [7]]
 */
export const matmul: {
  <K extends Dim, N extends Dim>(
    w: Tensor<[K, N]>,
  ): <R extends Shape>(x: Tensor<[...R, NoInfer<K>]>) => Tensor<[...R, N]>;
  <R extends Shape, K extends Dim, N extends Dim>(x: Tensor<[...R, K]>, w: Tensor<[NoInfer<K>, N]>): Tensor<[...R, N]>;
} = dual('matmul', 2, (x: AnyTensor, w: AnyTensor) => tensor(named('matmul', () => product(nodeOf(x), nodeOf(w)))));

/** The parameters of an affine map. */
export interface Affine<K extends Dim, N extends Dim> {
  readonly w: Tensor<[K, N]>;
  readonly b: Tensor<[NoInfer<N>]>;
}

/**
 * x·w + b along the last axis: `x: [..., K]` → `[..., N]`.
 * @example linear(ones(1, 2), { w: ones(2, 3), b: constantOf([0, 1, 2], 3) }) // → [[2, 3, 4]]
 */
export const linear: {
  <K extends Dim, N extends Dim>(
    params: Affine<K, N>,
  ): <R extends Shape>(x: Tensor<[...R, NoInfer<K>]>) => Tensor<[...R, N]>;
  <R extends Shape, K extends Dim, N extends Dim>(
    x: Tensor<[...R, K]>,
    params: Affine<NoInfer<K>, N>,
  ): Tensor<[...R, N]>;
} = dual('linear', 2, (x: Tensor<Shape>, params: Affine<Dim, Dim>) => {
  const { w, b } = withFields('linear', params, ['w', 'b']);
  return named('linear', () =>
    addBias(tensor<Shape, 'float32'>(product(nodeOf(x), nodeOf(w))) as Tensor<[...Shape, Dim]>, b),
  );
});

/**
 * a·b for each matrix of a batch: `a: [..., M, K]` and `b: [..., K, N]` → `[..., M, N]`. The leading axes are equal.
 * @example
 * batchedMatmul(zeros(8, 4, 49, 49), zeros(8, 4, 49, 16)) // : Tensor<[8, 4, 49, 16]>
 * batchedMatmul(constantOf([1, 2], 2, 1, 1), constantOf([10, 100], 2, 1, 1)) // → [[[10]], [[200]]]
 */
export const batchedMatmul: {
  <R extends Shape, K extends Dim, N extends Dim>(
    b: Tensor<[...R, K, N]>,
  ): <M extends Dim>(a: Tensor<[...R, M, NoInfer<K>]>) => Tensor<[...R, M, N]>;
  <R extends Shape, M extends Dim, K extends Dim, N extends Dim>(
    a: Tensor<[...R, M, K]>,
    b: Tensor<[...R, NoInfer<K>, N]>,
  ): Tensor<[...R, M, N]>;
} = dual('batchedMatmul', 2, (a: AnyTensor, b: AnyTensor) =>
  tensor(named('batchedMatmul', () => dot(nodeOf(a), nodeOf(b)))),
);
