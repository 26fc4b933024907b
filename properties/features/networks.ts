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
  matmul: smooth([matrix, float('any', 3, 4)], (x, w) => n.matmul(x, w)),
  batchedMatmul: smooth([float('any', 5, 2, 3), float('any', 5, 3, 4)], (a, b) => n.batchedMatmul(a, b)),
  linear: smooth([matrix, float('any', 3, 4), channels], (x, w, b) => n.linear(x, { w, b })),
  einsum: smooth([float('any', 2, 5, 3), float('any', 2, 4, 3)], (a, b) => n.einsum(a, b, 'bij,bkj->bik')),
  addBias: smooth([image, channels], (x, b) => n.addBias(x, b)),
  scaleChannels: smooth([image, channels], (x, s) => n.scaleChannels(x, s)),
  addPerSample: smooth([image, perSample], (x, e) => n.addPerSample(x, e)),
  mulPerSample: smooth([image, perSample], (x, e) => n.mulPerSample(x, e)),
  scaleBy: smooth([image, float('any', 2)], (x, s) => n.scaleBy(x, s)),
});

const convolutions = family('Convolution, pooling and resizing', {
  conv2d: smooth([image, kernel], (x, k) => n.conv2d(x, k)),
  convolution: smooth([image, float('any', 3, 3, 2, 6)], (x, k) =>
    n.conv2d(x, k, { strides: [2, 1], padding: 'valid', groups: 2 }),
  ),
  depthwiseConv2d: smooth([image, float('any', 3, 3, 1, 4)], (x, k) => n.depthwiseConv2d(x, k)),
  convTranspose2d: smooth([image, float('any', 3, 3, 2, 4)], (x, k) =>
    n.convTranspose2d(x, k, { strides: [2, 2] }),
  ),
  downsample: smooth([image, kernel], (x, k) => n.downsample(x, k)),
  upsample: smooth([image], n.upsample),
  averagePool: smooth([image], n.averagePool),
  averagePooling: smooth([image], n.averagePooling({ window: [3, 3], strides: [1, 1], padding: 'same' })),
  maxPool: smooth([large], n.maxPool),
  maxPooling: smooth([large], n.maxPooling({ window: [3, 3], strides: [1, 1], padding: 'same' })),
  resizeNearest: smooth([image], n.resizeNearest(6, 9)),
  resizeBilinear: smooth([image], n.resizeBilinear(6, 9)),
});

const normalizations = family('Normalisation and attention', {
  standardizeGroups: smooth([image], n.standardizeGroups({ groups: 2 })),
  groupNorm: smooth([image, channels, channels], (x, gamma, beta) =>
    n.groupNorm(x, { gamma, beta }, { groups: 2 }),
  ),
  layerNorm: smooth([image, channels, channels], (x, gamma, beta) => n.layerNorm(x, { gamma, beta })),
  rmsNorm: smooth([image, channels], (x, gamma) => n.rmsNorm(x, { gamma })),
  attention: smooth([image, image, image], (q, k, v) => n.attention(q, k, v, { heads: 2 })),
});

const rearrangements = family('Rearrangement and embedding', {
  rearrange: smooth([image], (x) => n.rearrange(x, 'B H W (N D) -> B N (H W) D', { N: 2 })),
  pixelShuffle: smooth([image], (x) => n.pixelShuffle(x, 2)),
  pixelUnshuffle: smooth([image], (x) => n.pixelUnshuffle(x, 2)),
  sinusoid: smooth([float('any', 3)], (t) => n.sinusoid(t, { size: 5, sinusoid: 'ddpm' })),
});

export const networks: readonly Feature[] = [
  ...linears,
  ...convolutions,
  ...normalizations,
  ...rearrangements,
];
