/** Functions whose extents are type parameters: what their callers know is checked at their calls, not inside of them. */
import {
  ascribe,
  attention,
  averagePool,
  broadcastTo,
  conv2d,
  type Dim,
  downsample,
  einsum,
  expandDims,
  flip,
  groupNorm,
  halve,
  keep,
  mean,
  pipe,
  rearrange,
  reshape,
  roll,
  type Shape,
  slice,
  softmax,
  split,
  squeeze,
  stack,
  standardizeGroups,
  sum,
  type Tensor,
  topK,
  zeros,
} from '../../src/dsl/index.js';

// axes
export const last = <S extends Shape>(x: Tensor<S>) => [sum(x, -1), softmax(x, -1), roll(x, -1, 3), flip(x, 1, 0)];
export const channels = <R extends Shape, C extends Dim>(x: Tensor<[...R, C]>) => [sum(x, -1), softmax(x, -1)];
export const rest = <B extends Dim, R extends Shape>(x: Tensor<[B, ...R]>) => [mean(x, [0, 1]), pipe(x, sum([0, 1]))];
export const longer = <S extends Shape>(x: Tensor<S>) => [expandDims(x, -1), stack([x, x], -1)];
export const shorter = <S extends Shape, B extends Dim, C extends Dim>(x: Tensor<[B, C]>, y: Tensor<S>) => [
  squeeze(x, 1),
  squeeze(y, 1),
  flip(x, 1, 0),
];
export const columns = <B extends Dim, C extends Dim>(x: Tensor<[B, C]>): Tensor<[B]> => sum(x, -1);

// extents
export const parts = <S extends Shape, B extends Dim, C extends Dim>(x: Tensor<[B, C]>, y: Tensor<S>) => [
  ...split(x, [8, 8]),
  ...halve(x),
  slice(x, 1, 0, 3),
  topK(x, 3).values,
  split(y, [8, 8]),
  halve(y, 1),
  slice(y, 1, 0, 3),
];
export const repeated = <S extends Shape, C extends Dim>(x: Tensor<[C]>, y: Tensor<[...S, C]>, z: Tensor<S>) => [
  broadcastTo(x, 8, 64),
  broadcastTo(y, 8, 64),
  broadcastTo(z, 8, 64),
];
export const heads = <S extends Shape, B extends Dim, C extends Dim>(x: Tensor<[B, C]>, y: Tensor<S>) => [
  rearrange(x, 'B (N D) -> B N D', { N: 5 }),
  rearrange(y, 'B (N D) -> B N D', { N: 5 }),
  pipe(x, rearrange('B (N D) -> B N D', { N: 5 })),
];
export const narrowed = <B extends Dim, C extends Dim>(x: Tensor<[B, Dim, C]>): Tensor<[B, 8, C]> =>
  ascribe(x, keep, 8, keep);
export const named = <B extends Dim, C extends Dim>(x: Tensor<[B, C]>): Tensor<[B, 64]> => pipe(x, ascribe(keep, 64));

export const refilled = <S extends Shape, B extends Dim, C extends Dim>(x: Tensor<[B, C]>, y: Tensor<S>) => [
  reshape(x, 8, -1),
  reshape(x, 8, 64),
  reshape(y, -1, 64),
  pipe(x, reshape(8, 64)),
  pipe(y, reshape(-1, 64)),
];

// images
export const pooled = <B extends Dim, H extends Dim>(x: Tensor<[B, H, H, 3]>) => [
  averagePool(x),
  downsample(x, zeros(3, 3, 3, 3)),
  conv2d(x, zeros(4, 4, 3, 5), { strides: [4, 4], padding: 'valid' }),
];
export const patches = <B extends Dim>(x: Tensor<[B, 28, 28, 3]>): Tensor<[B, 7, 7, 5]> =>
  conv2d(x, zeros(4, 4, 3, 5), { strides: [4, 4], padding: 'valid' });
export const normalized = <B extends Dim, C extends Dim>(x: Tensor<[B, 5, 5, C]>, gamma: Tensor<[C]>) => [
  standardizeGroups(x, { groups: 5 }),
  groupNorm(x, { gamma, beta: gamma }, { groups: 5 }),
  attention(x, x, x, { heads: 5 }),
];

// equations
type Scores<B extends Dim, N extends Dim> = Tensor<[B, N, N]>;
export const scores = <B extends Dim, N extends Dim, D extends Dim>(
  q: Tensor<[B, N, D]>,
  k: Tensor<[B, N, D]>,
): readonly Scores<B, N>[] => [einsum(q, k, 'bqd,bkd->bqk'), pipe(q, einsum(k, 'bqd,bkd->bqk'))];
export const projected = <B extends Dim, N extends Dim>(
  x: Tensor<[B, N]>,
  w: Tensor<[NoInfer<N>, 5]>,
): Tensor<[B, 5]> => einsum(x, w, 'ij,jk->ik');
export const transposed = <B extends Dim, N extends Dim>(x: Tensor<[B, N]>): Tensor<[N, B]> => einsum(x, 'ij->ji');
export const ofAnyRank = <S extends Shape>(x: Tensor<S>, y: Tensor<S>) => einsum(x, y, 'bqd,bkd->bqk');
