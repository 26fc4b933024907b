/** Attention of the U-Net in `lucidrains.ts`: to the pixels and to four learned tokens, linear or full. */
import {
  add,
  attention,
  broadcastTo,
  concatAll,
  type Dim,
  dims,
  einsum,
  matmul,
  mul,
  rearrange,
  rmsNorm,
  softmax,
  split,
  type Tensor,
} from 'noisefold/dsl';
import { allOnes, convLayer, fanInUniform, layer, normalOf, parameter } from 'noisefold/nn';

/** `[B, H, W, C]` */
export type Images = Tensor<[Dim, Dim, Dim, Dim]>;

export interface Heads {
  readonly heads: number;
  /** The channels of each head. */
  readonly d: number;
}

/** √C·γ·x/‖x‖ over the channels of each pixel. */
export const norm = (channels: number) =>
  layer(
    { gamma: parameter(allOnes, channels) },
    (params) =>
      (x: Images): Images =>
        rmsNorm(x, params, { epsilon: 1e-24 }), // almost nothing, as in PyTorch's `normalize`
  );

/** Queries `[B, H, W, D]`; keys and values `[B, 4 + H·W, D]`, four learned ones before those of the pixels. */
const projections = (channels: number, D: number) =>
  layer(
    { norm: norm(channels), qkv: parameter(fanInUniform(), channels, 3 * D), memory: parameter(normalOf(1), 2, 4, D) },
    ({ norm, qkv, memory }) =>
      (x: Images) => {
        const [q, k, v] = split(matmul(norm(x), qkv), [D, D, D]);
        const [keys, values] = split(memory, [1, 1], 0); // [1, 4, D]
        const join = (learned: typeof keys, own: Images) =>
          concatAll([broadcastTo(learned, dims(x)[0] as number, 4, D), rearrange(own, 'B H W D -> B (H W) D')], 1);
        return { q, k: join(keys, k), v: join(values, v) };
      },
  );

/** Linear attention, q·(kᵀ·v)/√d in each head, with softmax over the channels of q and over the tokens of k; then a norm. */
export const linearAttention = (channels: number, { heads, d }: Heads) =>
  layer(
    {
      projections: projections(channels, heads * d),
      output: convLayer({ inputs: heads * d, outputs: channels, size: 1 }),
      norm: norm(channels),
    },
    ({ projections, output, norm }) =>
      (x: Images): Images => {
        const { q, k, v } = projections(x);
        const query = softmax(rearrange(q, 'B H W (h d) -> B H W h d', { h: heads }));
        const key = softmax(rearrange(k, 'B N (h d) -> B N h d', { h: heads }), 1);
        const value = rearrange(v, 'B N (h d) -> B N h d', { h: heads });
        const context = einsum(key, value, 'bnhd,bnhe->bhde');
        const y = mul(einsum(query, context, 'bxyhd,bhde->bxyhe'), d ** -0.5);
        return add(x, norm(output(rearrange(y, 'B H W h e -> B H W (h e)'))));
      },
  );

/** Attention, softmax(q·kᵀ/√d)·v in each head. */
export const fullAttention = (channels: number, { heads, d }: Heads) =>
  layer(
    {
      projections: projections(channels, heads * d),
      output: convLayer({ inputs: heads * d, outputs: channels, size: 1 }),
    },
    ({ projections, output }) =>
      (x: Images): Images => {
        const { q, k, v } = projections(x);
        return add(x, output(attention(q, k, v, { heads })));
      },
  );
