import type { NumberArray as Numbers } from '../shared/heap.js';
import type { Primitive } from './dense.js';

/**
 * Adds Σ x[c] · weights[c, d] to each of `count` sums, in the order of c. Four sums at a time stay in registers.
 *
 * @param first - the place of weights[0, 0]
 * @param row - the distance from weights[c, d] to weights[c + 1, d]
 */
const addProducts = (
  sums: Numbers,
  at: number,
  count: number,
  xs: Numbers,
  from: number,
  terms: number,
  weights: Numbers,
  first: number,
  row: number,
): void => {
  let d = 0;
  for (; d + 4 <= count; d += 4) {
    const to = at + d;
    let s0 = sums[to]!;
    let s1 = sums[to + 1]!;
    let s2 = sums[to + 2]!;
    let s3 = sums[to + 3]!;
    for (let c = 0, w = first + d; c < terms; c++, w += row) {
      const x = xs[from + c]!;
      s0 += x * weights[w]!;
      s1 += x * weights[w + 1]!;
      s2 += x * weights[w + 2]!;
      s3 += x * weights[w + 3]!;
    }
    sums[to] = s0;
    sums[to + 1] = s1;
    sums[to + 2] = s2;
    sums[to + 3] = s3;
  }
  for (; d < count; d++) {
    let sum = sums[at + d]!;
    for (let c = 0, w = first + d; c < terms; c++, w += row) sum += xs[from + c]! * weights[w]!;
    sums[at + d] = sum;
  }
};

export const dot: Primitive<'dot'> = (_, [a, b], output) => {
  const [M, K] = a!.shape.slice(-2) as [number, number];
  const N = b!.shape.at(-1)!;
  const batches = output.data.length / (M * N || 1);
  output.data.fill(0);
  for (let batch = 0; batch < batches; batch++)
    for (let m = 0; m < M; m++) {
      const at = batch * M + m;
      addProducts(output.data, at * N, N, a!.data, at * K, K, b!.data, batch * K * N, N);
    }
};

/**
 * Maps a position in the padded, dilated image to an index in the original image, along one axis.
 * Returns -1 for padding and for the gaps that dilation inserts.
 */
const sourceOf = (place: number, padding: number, dilation: number, extent: number): number => {
  const unpadded = place - padding;
  const source = unpadded / dilation;
  return Number.isInteger(source) && source >= 0 && source < extent ? source : -1;
};

export const conv2d: Primitive<'conv2d'> = (attributes, [image, kernel], output) => {
  const { strides, padding, lhsDilation, rhsDilation, groups, batchGroups } = attributes;
  const [, H, W, C] = image!.shape as [number, number, number, number];
  const [KH, KW, I, D] = kernel!.shape as [number, number, number, number];
  const [B, OH, OW] = output.shape as [number, number, number, number];

  const [pixels, weights, sums] = [image!.data, kernel!.data, output.data];
  // each group of output channels reads its own input channels; each batch group reads its own part of the batch; one
  // of the two numbers is 1
  const channels = D / (groups * batchGroups);

  /** Adds the products of one tap of the kernel to all channels of the output pixel at `at`. */
  const addTap = (at: number, b: number, row: number, column: number, tap: number): void => {
    for (let first = 0; first < D; first += channels) {
      const group = first / channels;
      const imageOf = batchGroups > 1 ? group * B + b : b;
      const from = ((imageOf * H + row) * W + column) * C + (groups > 1 ? group * I : 0);
      addProducts(sums, at + first, channels, pixels, from, I, weights, tap * I * D + first, D);
    }
  };

  sums.fill(0);
  for (let b = 0; b < B; b++)
    for (let y = 0; y < OH; y++)
      for (let x = 0; x < OW; x++)
        for (let ky = 0; ky < KH; ky++) {
          const row = sourceOf(y * strides[0] + ky * rhsDilation[0], padding[0][0], lhsDilation[0], H);
          if (row < 0) continue;
          for (let kx = 0; kx < KW; kx++) {
            const column = sourceOf(x * strides[1] + kx * rhsDilation[1], padding[1][0], lhsDilation[1], W);
            if (column >= 0) addTap(((b * OH + y) * OW + x) * D, b, row, column, ky * KW + kx);
          }
        }
};
