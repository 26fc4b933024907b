/** Uses of operations that networks are made of. */
import { everyDim, everyDtype, once, unary, unpiped, type Usage, usage, type Usages } from './usage.js';

const channels = (name: string): Usage =>
  usage(`${name}(x, s)`, { x: 'B H C', s: 'C' }, 'B H C', { rank: { operands: { s: '1 C' } } });
const perSample = (name: string): Usage => usage(`${name}(x, e)`, { x: 'B H W C', e: 'B C' }, 'B H W C');

const linears: Usages = once({
  matmul: usage('matmul(x, w)', { x: 'B H C', w: 'C D' }, 'B H D', { dim: { operands: { w: 'C+1 D' } } }),
  batchedMatmul: usage('batchedMatmul(a, b)', { a: 'B N H C', b: 'B N C D' }, 'B N H D', {
    dim: { operands: { b: 'B N C+1 D' } },
  }),
  affine: usage('affine(x, { w, b })', { x: 'B C', w: 'C D', b: 'D' }, 'B D', {
    rank: { operands: { b: '1 D' } },
    dim: { operands: { w: 'C+1 D' } },
  }),
  einsum: usage("einsum(q, k, 'bqhd,bkhd->bhqk')", { q: 'B H N D', k: 'B W N D' }, 'B N H W'),
  addBias: channels('addBias'),
  scaleChannels: channels('scaleChannels'),
  addPerSample: perSample('addPerSample'),
  mulPerSample: perSample('mulPerSample'),
  scaleBy: unpiped('scaleBy(x, s)', { x: 'B H C', s: 'B' }, 'B H C', { rank: { operands: { s: 'B 1' } } }),
});

/** For images of every size. */
const resized = (use: string, gives: string): Usage => usage(use, { x: 'B H W C' }, gives, everyDim);

/** Half the size; an odd size is an error. */
const halved = (name: string): Usage =>
  unary(`${name}(x)`, { x: 'B H W C' }, 'B H/2 W/2 C', {
    dim: { operands: { x: 'B H 7 C' } },
  });

const images: Usages = {
  conv2d: [
    usage('conv2d(x, k)', { x: 'B H W C', k: '3 3 C D' }, 'B H W D', { dim: { operands: { k: '3 3 C+1 D' } } }),
    usage('conv2d(x, k, { padding: [[1, 1], [1, 1]] })', { x: 'B H W C', k: '3 3 C D' }, 'B H W D', {
      dim: { operands: { k: '3 3 C+1 D' } },
    }),
  ],
  ...once({
    depthwiseConv2d: usage('depthwiseConv2d(x, k)', { x: 'B H W C', k: '3 3 1 C' }, 'B H W C'),
    convTranspose2d: usage('convTranspose2d(x, k, { strides: [2, 2] })', { x: 'B H W C', k: '4 4 D C' }, 'B 2*H 2*W D'),
    downsample: usage('downsample(x, k)', { x: 'B H W C', k: '3 3 C D' }, 'B H/2 W/2 D', {
      dim: { operands: { k: '3 3 C+1 D' } },
    }),
    upsample: unary('upsample(x)', { x: 'B H W C' }, 'B 2*H 2*W C', everyDim),
    averagePool: halved('averagePool'),
    maxPool: halved('maxPool'),
    averagePooling: resized("averagePooling(x, { window: [3, 3], strides: [1, 1], padding: 'same' })", 'B H W C'),
    maxPooling: resized('maxPooling(x, { window: [1, 1] })', 'B H W C'),
    resizeNearest: resized('resizeNearest(x, {N}, 32)', 'B N 32 C'),
    resizeBilinear: resized('resizeBilinear(x, {N}, 32)', 'B N 32 C'),
  }),
};

const wrongBeta = { rank: { operands: { beta: '1 C' } } };

const normalizations: Usages = once({
  standardizeGroups: usage('standardizeGroups(x, { groups: 8 })', { x: 'B H W 8*C' }, 'B H W 8*C', {
    dim: { operands: { x: 'B H W 7' }, at: '8' },
  }),
  groupNorm: usage(
    'groupNorm(x, { gamma, beta }, { groups: 8 })',
    { x: 'B H W 8*C', gamma: '8*C', beta: '8*C' },
    'B H W 8*C',
    { rank: { operands: { beta: '1 8*C' } } },
  ),
  layerNorm: usage('layerNorm(x, { gamma, beta })', { x: 'B H C', gamma: 'C', beta: 'C' }, 'B H C', wrongBeta),
  rmsNorm: usage('rmsNorm(x, { gamma })', { x: 'B H C', gamma: 'C' }, 'B H C', {
    rank: { operands: { gamma: '1 C' } },
  }),
  attention: unpiped(
    'attention(q, k, v, { heads: 4 })',
    { q: 'B H W 4*C', k: 'B H W 4*C', v: 'B H W 4*C' },
    'B H W 4*C',
  ),
});

const rearrangements: Usages = once({
  rearrange: usage("rearrange(x, 'b h w (n d) -> b n (h w) d', { n: 4 })", { x: 'B H W 4*C' }, 'B 4 H*W C', {
    ...everyDtype,
    dim: { use: "rearrange(x, 'b h w (n d) -> b n (h w) d', { m: 4 })" },
  }),
  pixelShuffle: usage('pixelShuffle(x, 2)', { x: 'B H W 4*C' }, 'B 2*H 2*W C', {
    ...everyDtype,
    dim: { operands: { x: 'B H W 7' }, at: '2' },
  }),
  pixelUnshuffle: usage('pixelUnshuffle(x, 2)', { x: 'B H W C' }, 'B H/2 W/2 4*C', {
    ...everyDtype,
    dim: { operands: { x: 'B 7 W C' }, at: '2' },
  }),
  sinusoid: usage("sinusoid(t, { size: {N}, sinusoid: 'ddpm' })", { t: 'B' }, 'B N', {
    dim: { use: "sinusoid(t, { size: -1, sinusoid: 'ddpm' })" },
  }),
});

export const networks: Usages = { ...linears, ...images, ...normalizations, ...rearrangements };
