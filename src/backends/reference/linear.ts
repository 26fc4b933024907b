import type { Primitive } from './dense.js';

export const dot: Primitive<'dot'> = (_, [a, b], output) => {
  const [M, K] = a!.shape.slice(-2) as [number, number];
  const N = b!.shape.at(-1)!;
  const batches = output.data.length / (M * N || 1);
  for (let batch = 0; batch < batches; batch++)
    for (let m = 0; m < M; m++)
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) sum += a!.data[(batch * M + m) * K + k]! * b!.data[(batch * K + k) * N + n]!;
        output.data[(batch * M + m) * N + n] = sum;
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

  const pixel = (b: number, y: number, x: number, d: number): number => {
    // groups split the output channels by input channels; batch groups split them by parts of the batch
    const firstChannel = Math.floor(d / (D / groups)) * I;
    const imageOf = Math.floor(d / (D / batchGroups)) * B + b;
    let sum = 0;
    for (let ky = 0; ky < KH; ky++) {
      const row = sourceOf(y * strides[0] + ky * rhsDilation[0], padding[0][0], lhsDilation[0], H);
      if (row < 0) continue;
      for (let kx = 0; kx < KW; kx++) {
        const column = sourceOf(x * strides[1] + kx * rhsDilation[1], padding[1][0], lhsDilation[1], W);
        if (column < 0) continue;
        const from = ((imageOf * H + row) * W + column) * C + firstChannel;
        const weights = (ky * KW + kx) * I * D + d;
        for (let c = 0; c < I; c++) sum += image!.data[from + c]! * kernel!.data[weights + c * D]!;
      }
    }
    return sum;
  };

  let at = 0;
  for (let b = 0; b < B; b++)
    for (let y = 0; y < OH; y++)
      for (let x = 0; x < OW; x++) for (let d = 0; d < D; d++) output.data[at++] = pixel(b, y, x, d);
};
