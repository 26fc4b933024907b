/** Uses of what networks are made of. */
import { everyDim, everyDtype, type Usage, usage, type Usages } from './usage.js';

const channels = (name: string): Usage =>
  usage(`${name}(s)(x)`, { s: 'C', x: 'B H C' }, 'B H C', { rank: { given: { s: '1 C' } } });
const perSample = (name: string): Usage => usage(`${name}(e)(x)`, { e: 'B C', x: 'B H W C' }, 'B H W C');

const linears: Usages = {
  matmul: usage('matmul(x, w)', { w: 'C D', x: 'B H C' }, 'B H D', { rank: { given: { w: 'C' } } }),
  batchedMatmul: usage('batchedMatmul(a, b)', { b: 'B N C D', a: 'B N H C' }, 'B N H D'),
  linear: usage('linear(x, { w, b })', { w: 'C D', b: 'D', x: 'B C' }, 'B D', {
    rank: { given: { b: '1 D' } },
  }),
  einsum: usage("einsum(q, k, 'bqhd,bkhd->bhqk')", { q: 'B H N D', k: 'B W N D' }, 'B N H W'),
  addBias: channels('addBias'),
  scaleChannels: channels('scaleChannels'),
  addPerSample: perSample('addPerSample'),
  mulPerSample: perSample('mulPerSample'),
  scaleBy: usage('scaleBy(x, s)', { s: 'B', x: 'B H C' }, 'B H C', {
    rank: { given: { s: 'B 1' } },
    dim: { given: { x: 'B+1 H C' } },
  }),
};

/** Of images of every size, whose result is as large as only the run knows. */
const resized = (use: string, gives: string, given = {}): Usage =>
  usage(use, { ...given, x: 'B H W C' }, gives, everyDim);

/** Half the size: of an odd one there is none. */
const halved = (name: string): Usage =>
  usage(`${name}(x)`, { x: 'B H W C' }, 'B H/2 W/2 C', {
    dim: { given: { x: 'B H 7 C' }, gives: 'B H/2 3 C' },
  });

const images: Usages = {
  conv2d: usage('conv2d(x, k)', { k: '3 3 C D', x: 'B H W C' }, 'B H W D'),
  convolution: usage(
    "conv2d(x, k, { strides: [2, 2], padding: 'valid' })",
    { k: '3 3 C D', x: 'B H W C' },
    'B Dim Dim D',
    { dim: { free: 'groups may divide the channels: they are checked when the program is traced' } },
  ),
  depthwiseConv2d: usage('depthwiseConv2d(x, k)', { k: '3 3 1 C', x: 'B H W C' }, 'B H W C'),
  convTranspose2d: usage(
    'convTranspose2d(x, k, { strides: [2, 2] })',
    { k: '4 4 D C', x: 'B H W C' },
    'B Dim Dim D',
  ),
  downsample: usage('downsample(x, k)', { k: '3 3 C D', x: 'B H W C' }, 'B H/2 W/2 D'),
  upsample: usage('upsample(x)', { x: 'B H W C' }, 'B 2*H 2*W C', everyDim),
  averagePool: halved('averagePool'),
  maxPool: halved('maxPool'),
  averagePooling: resized('averagePooling(x, { window: [3, 3] })', 'B Dim Dim C'),
  maxPooling: resized('maxPooling(x, { window: [3, 3], strides: [2, 2] })', 'B Dim Dim C'),
  resizeNearest: resized('resizeNearest(x, {N}, 32)', 'B N 32 C'),
  resizeBilinear: resized('resizeBilinear(x, {N}, 32)', 'B N 32 C'),
};

const normalizations: Usages = {
  standardizeGroups: usage('standardizeGroups(x, { groups: 8 })', { x: 'B H W C' }, 'B H W C', everyDim),
  groupNorm: usage(
    'groupNorm(x, { gamma, beta }, { groups: 8 })',
    { gamma: 'C', beta: 'C', x: 'B H W C' },
    'B H W C',
  ),
  layerNorm: usage('layerNorm(x, { gamma, beta })', { gamma: 'C', beta: 'C', x: 'B H C' }, 'B H C', {
    rank: { given: { beta: '1 C' } },
  }),
  rmsNorm: usage('rmsNorm(x, { gamma })', { gamma: 'C', x: 'B H C' }, 'B H C', {
    rank: { given: { gamma: '1 C' } },
  }),
  attention: usage(
    'attention(q, k, v, { heads: 4 })',
    { q: 'B H W C', k: 'B H W C', v: 'B H W C' },
    'B H W C',
  ),
};

const rearrangements: Usages = {
  rearrange: usage("rearrange(x, 'b h w (n d) -> b n (h w) d', { n: 4 })", { x: 'B H W C' }, 'B 4 H*W C/4', {
    ...everyDtype,
    dim: { use: "rearrange(x, 'b h w (n d) -> b n (h w) d', { m: 4 })" },
  }),
  pixelShuffle: usage('pixelShuffle(x, 2)', { x: 'B H W C' }, 'B 2*H 2*W C/4', {
    ...everyDtype,
    dim: { given: { x: 'B H W 7' }, gives: 'B 2*H 2*W 3' },
  }),
  pixelUnshuffle: usage('pixelUnshuffle(x, 2)', { x: 'B H W C' }, 'B H/2 W/2 4*C', {
    ...everyDtype,
    dim: { given: { x: 'B 7 W C' }, gives: 'B 3 W/2 4*C' },
  }),
  sinusoid: usage("sinusoid(t, { size: {N}, sinusoid: 'ddpm' })", { t: 'B' }, 'B N', {
    dim: { use: "sinusoid(t, { size: -1, sinusoid: 'ddpm' })" },
  }),
};

export const networks: Usages = { ...linears, ...images, ...normalizations, ...rearrangements };
