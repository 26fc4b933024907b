/** Attention of tokens, or of the pixels of images, to tokens. */
import {
  type Affine,
  any,
  attention,
  broadcastLike,
  cast,
  type Dim,
  dims,
  expandDims,
  type Extent,
  matmul,
  reshape,
  scaleBy,
  type Shape,
  type Tensor,
  where,
} from '../../dsl/index.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import { demandMask } from '../../dsl/ops/operand.js';
import type { Exact } from '../../internal/exact.js';
import { schema } from '../../internal/schema.js';
import { channels, count } from './fields.js';
import { heads, type Heads, headsDivide, type HeadsFor, headsOver } from './heads.js';
import { fanInUniform } from './initializers.js';
import { type Channels, type Layer, namedLayer, parameterOf } from './layer.js';
import { linearLayer, requireChannels } from './layers.js';

/** The parameters of attention from C channels to tokens of D channels. */
export interface AttentionParams<C extends Dim = Dim, D extends Dim = Dim> {
  /** Queries, with their heads concatenated. */
  readonly q: Tensor<[C, C]>;
  readonly k: Tensor<[D, C]>;
  readonly v: Tensor<[D, C]>;
  readonly output: Affine<C, C>;
}

/** One or more axes of positions: tokens `[N]`, pixels `[H, W]`. */
type Positions = readonly [Dim, ...Shape];

/** `[B, …, C]`, tokens `[B, …, D]` and their mask `[B, …]` → `[B, …, C]` */
export type AttentionLayer<C extends Dim = Dim, D extends Dim = Dim> = Layer<
  AttentionParams<C, D>,
  <B extends Dim, N extends Positions, M extends Positions>(
    x: Tensor<readonly [B, ...N, NoInfer<C>]>,
    tokens: Tensor<readonly [NoInfer<B>, ...M, NoInfer<D>]>,
    mask?: Tensor<NoInfer<readonly [B, ...M]>, 'bool'>,
  ) => Tensor<[B, ...N, C]>
>;

interface AttentionConfig<C, D, H = Heads> {
  readonly channels: Extent<C>;
  /** The channels of a token; those of the layer for self-attention. */
  readonly tokens: Extent<D>;
  /** The number of heads, or the number of channels in each head; it must divide the channels. */
  readonly heads: H;
}

const options = /* @__PURE__ */ schema('attentionLayer', {
  channels,
  tokens: count('the number of channels of a token'),
  heads,
} satisfies Record<keyof AttentionConfig<0, 0>, unknown>).rule((layer) => headsDivide(layer.heads, layer.channels));

/** The tokens where their mask is true, and zeros elsewhere, even in place of NaN. */
const counting = <S extends Shape>(tokens: Tensor<S>, mask: Tensor<Shape, 'bool'>): Tensor<S> =>
  where(broadcastLike(expandDims(mask, -1), tokens), tokens, 0);

/**
 * Multi-head attention of `x: [B, …, channels]`, tokens or pixels, to the tokens `c: [B, …, tokens]`: output(a) with, in each head
 * of d channels, a = softmax(q·kᵀ/√d)·v for q = x·Wq, k = c·Wk, v = c·Wv. Tokens whose `mask` is false have no influence; a
 * sample without any token gets zeros, without the bias of the output. With c = x it is self-attention. Vaswani et al. 2017, section
 * 3.2.2, without biases of q, k and v, as in diffusers. Raises `ConfigError` unless the heads divide the channels.
 * @example
 * const { apply } = attentionLayer({ channels: 1, tokens: 1, heads: 1 })
 * const params = { q: zeros(1, 1), k: ones(1, 1), v: ones(1, 1), output: { w: ones(1, 1), b: ones(1) } } // the mean of the tokens, + 1
 * const [x, tokens, mask] = [zeros(1, 1, 1), constantOf([2, 4, 9], 1, 3, 1), constantOf(Uint8Array.of(1, 1, 0), 1, 3)]
 * apply(params)(x, tokens) // → [[[6]]]
 * apply(params)(x, tokens, mask) // → [[[4]]]
 */
export const attentionLayer = <
  const C extends number,
  const D extends number,
  const H extends Heads = Heads,
  G = unknown,
>(
  config: Exact<G, keyof AttentionConfig<0, 0>> & AttentionConfig<C, D, HeadsFor<H, C>>,
): AttentionLayer<Channels<C>, Channels<D>> => {
  const { channels: C, tokens: D, heads } = options.demand<AttentionConfig<C, D>>(config);
  const parts = {
    q: parameterOf<[Channels<C>, Channels<C>]>(fanInUniform(), C, C),
    k: parameterOf<[Channels<D>, Channels<C>]>(fanInUniform(), D, C),
    v: parameterOf<[Channels<D>, Channels<C>]>(fanInUniform(), D, C),
    output: linearLayer<C, C>({ inputs: C, outputs: C }),
  };
  const ofHeads = { heads: headsOver(heads, C as number) }; // Extent<C> is C, or a message
  return namedLayer('attentionLayer', parts, ({ q, k, v, output }) => (x, tokens, mask) => {
    requireChannels('attentionLayer', x, C);
    requireChannels('attentionLayer: tokens', tokens, D);
    if (mask === undefined) return output(attention(matmul(x, q), matmul(tokens, k), matmul(tokens, v), ofHeads));
    demandMask('attentionLayer: mask', nodeOf(mask), nodeOf(tokens));
    const c = counting(tokens, mask);
    const a = attention(matmul(x, q), matmul(c, k), matmul(c, v), { ...ofHeads, mask });
    const hasTokens = any(reshape(mask, dims(mask)[0] as number, -1), 1); // programs are traced with numbers
    return scaleBy(output(a), cast(hasTokens, 'float32') as never); // [B], a number for each sample
  });
};
