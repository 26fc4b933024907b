/** Operations that networks are made of. */
import * as n from '../../src/dsl/index.js';
import { family, type Feature, float, smooth } from './feature.js';

const matrix = float('any', 2, 3);
const channels = float('any', 4);
const image = float('any', 2, 4, 6, 4);
const large = float('apart', 1, 4, 6, 2);
const kernel = float('any', 3, 3, 4, 2);
const perSample = float('any', 2, 4);

const linears = family('Linear', {
  matmul: smooth([matrix, float('any', 3, 4)], n.matmul),
  batchedMatmul: smooth([float('any', 5, 2, 3), float('any', 5, 3, 4)], n.batchedMatmul),
  affine: smooth([matrix, float('any', 3, 4), channels], n.affine, (affine, x, w, b) => affine(x, { w, b })),
  einsum: smooth([float('any', 2, 5, 3), float('any', 2, 4, 3)], n.einsum, (einsum, a, b) =>
    einsum(a, b, 'bij,bkj->bik'),
  ),
  addBias: smooth([image, channels], n.addBias),
  scaleChannels: smooth([image, channels], n.scaleChannels),
  addPerSample: smooth([image, perSample], n.addPerSample),
  mulPerSample: smooth([image, perSample], n.mulPerSample),
  scaleBy: smooth([image, float('any', 2)], n.scaleBy),
});

const convolutions = family('Convolution, pooling and resizing', {
  conv2d: [
    smooth([image, kernel], n.conv2d),
    smooth([image, float('any', 3, 3, 2, 6)], n.conv2d, (conv2d, x, k) =>
      conv2d(x, k, { strides: [2, 1], padding: 'valid', groups: 2 }),
    ),
  ],
  depthwiseConv2d: smooth([image, float('any', 3, 3, 1, 4)], n.depthwiseConv2d),
  convTranspose2d: smooth([image, float('any', 3, 3, 2, 4)], n.convTranspose2d, (convTranspose2d, x, k) =>
    convTranspose2d(x, k, { strides: [2, 2] }),
  ),
  downsample: smooth([image, kernel], n.downsample),
  upsample: smooth([image], n.upsample),
  averagePool: smooth([image], n.averagePool),
  averagePooling: smooth([image], n.averagePooling, (averagePooling, x) =>
    averagePooling(x, { window: [3, 3], strides: [1, 1], padding: 'same' }),
  ),
  maxPool: smooth([large], n.maxPool),
  maxPooling: smooth([large], n.maxPooling, (maxPooling, x) =>
    maxPooling(x, { window: [3, 3], strides: [1, 1], padding: 'same' }),
  ),
  resizeNearest: smooth([image], n.resizeNearest, (resizeNearest, x) => resizeNearest(x, 6, 9)),
  resizeBilinear: smooth([image], n.resizeBilinear, (resizeBilinear, x) => resizeBilinear(x, 6, 9)),
});

const normalizations = family('Normalization and attention', {
  standardizeGroups: smooth([image], n.standardizeGroups, (standardizeGroups, x) =>
    standardizeGroups(x, { groups: 2 }),
  ),
  groupNorm: smooth([image, channels, channels], n.groupNorm, (groupNorm, x, gamma, beta) =>
    groupNorm(x, { gamma, beta }, { groups: 2 }),
  ),
  layerNorm: smooth([image, channels, channels], n.layerNorm, (layerNorm, x, gamma, beta) =>
    layerNorm(x, { gamma, beta }),
  ),
  rmsNorm: smooth([image, channels], n.rmsNorm, (rmsNorm, x, gamma) => rmsNorm(x, { gamma })),
  attention: smooth([image, image, image], n.attention, (attention, q, k, v) => attention(q, k, v, { heads: 2 })),
});

const rearrangements = family('Rearrangement and embedding', {
  rearrange: smooth([image], n.rearrange, (rearrange, x) => rearrange(x, 'B H W (N D) -> B N (H W) D', { N: 2 })),
  pixelShuffle: smooth([image], n.pixelShuffle, (pixelShuffle, x) => pixelShuffle(x, 2)),
  pixelUnshuffle: smooth([image], n.pixelUnshuffle, (pixelUnshuffle, x) => pixelUnshuffle(x, 2)),
  sinusoid: smooth([float('any', 3)], n.sinusoid, (sinusoid, t) => sinusoid(t, { size: 5, sinusoid: 'ddpm' })),
});

export const networks: readonly Feature[] = [...linears, ...convolutions, ...normalizations, ...rearrangements];
