/** A diffusion transformer as a user writes it after reading docs/shapes.md and docs/models.md (Peebles & Xie 2023). */
export const NETWORK = String.raw`import { unwrap } from 'noisefold';
import { cosine, ddpm, labelOf, type Model } from 'noisefold/diffusion';
import {
  add, addBias, attention, broadcastLike, cast, conv2d, type Dim, expandDims, fullLike, gelu, halve, key, layerNorm, mean, mul,
  ones, pipe, program, rearrange, silu, split, square, sub, sum, type Tensor, vmap, zeros,
} from 'noisefold/dsl';
import {
  adam, allZeros, classEmbedding, fanInUniform, layer, linearLayer, normalOf, parameter, type ParamsOf, timeEmbedding,
  type Times,
} from 'noisefold/nn';
import { type Dataset, fit } from 'noisefold/training';

const norm = { gamma: ones(64), beta: zeros(64) };

/** Multiplies the tokens of each sample by a vector. */
const gated = <B extends Dim, N extends Dim, C extends Dim>(x: Tensor<[B, N, C]>, gate: Tensor<[NoInfer<B>, NoInfer<C>]>) =>
  mul(x, broadcastLike(expandDims(gate, 1), x));

/** Normalizes tokens, and scales and shifts those of each sample. */
const modulated = <B extends Dim, N extends Dim>(x: Tensor<[B, N, 64]>, shift: Tensor<[NoInfer<B>, 64]>, scale: Tensor<[NoInfer<B>, 64]>) =>
  add(gated(layerNorm(x, norm), add(1, scale)), broadcastLike(expandDims(shift, 1), x));

const block = layer(
  {
    modulation: linearLayer({ inputs: 64, outputs: 384, initializer: allZeros }),
    qkv: linearLayer({ inputs: 64, outputs: 192 }),
    output: linearLayer({ inputs: 64, outputs: 64 }),
    wide: linearLayer({ inputs: 64, outputs: 256 }),
    narrow: linearLayer({ inputs: 256, outputs: 64 }),
  },
  ({ modulation, qkv, output, wide, narrow }) =>
    <B extends Dim>(x: Tensor<[B, 49, 64]>, e: Tensor<[B, 64]>): Tensor<[B, 49, 64]> => {
      const [shift, scale, gate, shift2, scale2, gate2] = split(modulation(silu(e)), [64, 64, 64, 64, 64, 64]);
      const [q, k, v] = split(qkv(modulated(x, shift, scale)), [64, 64, 64]);
      const h = add(x, gated(output(attention(q, k, v, { heads: 4 })), gate));
      const hidden = gelu(wide(modulated(h, shift2, scale2)));
      return add(h, gated(narrow(hidden), gate2));
    },
);

const transformer = layer(
  {
    time: timeEmbedding({ timesteps: 1000, size: 32, outputs: 64, sinusoid: 'ddpm' }),
    ofClass: classEmbedding({ classes: 10, outputs: 64 }),
    kernel: parameter(fanInUniform(), 4, 4, 1, 64),
    bias: parameter(allZeros, 64),
    position: parameter(normalOf(0.02), 49, 64),
    blocks: [block, block, block, block],
    modulation: linearLayer({ inputs: 64, outputs: 128, initializer: allZeros }),
    output: linearLayer({ inputs: 64, outputs: 16, initializer: allZeros }),
  },
  ({ time, ofClass, kernel, bias, position, blocks, modulation, output }) =>
    <B extends Dim>(x: Tensor<[B, 28, 28, 1]>, t: Times<B>, label: Tensor<[B], 'int32'>): Tensor<[B, 28, 28, 1]> => {
      const e = add(time(t), ofClass(label)); // [B, 64]
      const patches = addBias(conv2d(x, kernel, { strides: [4, 4], padding: 'valid' }), bias); // [B, 7, 7, 64]
      const tokens = rearrange(patches, 'B H W C -> B (H W) C'); // [B, 49, 64]
      const placed = vmap((token: typeof position) => add(token, position))(tokens);
      const h = blocks.reduce((h, f) => f(h, e), placed);
      const [shift, scale] = halve(modulation(silu(e)));
      const y = output(modulated(h, shift, scale)); // [B, 49, 16]
      return rearrange(y, 'B (H W) (p q C) -> B (H p) (W q) C', { H: 7, p: 4, q: 4 });
    },
);

const inputs = { params: transformer.params, x: 'B 28 28 1', t: 'B:int32', label: 'B:int32', v: 'B 28 28 1' } as const;
export const loss = program(inputs, ({ params, x, t, label, v }) => {
  const predicted = transformer.apply(params)(x, t, label);
  return mean(sum(square(sub(predicted, v)), [1, 2, 3]));
});

const denoiser: Model<ParamsOf<typeof transformer>, [28, 28, 1]> = {
  ...transformer,
  predicts: 'v',
  timesteps: 1000,
  conditions: { label: { classes: 10 } },
  apply: (params, x, at) => transformer.apply(params)(x, at.t, labelOf(at) ?? cast(fullLike(at.t, 10), 'int32')),
};
const noising = unwrap(ddpm(cosine(1000)));
const optimizer = adam({ learningRate: 1e-3 });
export const training = (data: Dataset<[28, 28, 1]>) =>
  fit({ model: denoiser, noising, data, optimizer, batch: 16, steps: 600, key: key(7) });
`;
