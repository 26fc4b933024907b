/** Blocks of images that attend to themselves and to tokens. */
import { add, type Affine, type Dim, type Extent, type ScaleAndShift, type Tensor } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { raise } from '../../internal/errors.js';
import { schema } from '../../internal/schema.js';
import { attentionLayer, type AttentionParams } from '../layers/attention.js';
import { channels, count } from '../layers/fields.js';
import { gegluLayer, type GegluParams } from '../layers/geglu.js';
import { groups, type Groups, groupsDivide, type GroupsFor } from '../layers/groups.js';
import { heads, type Heads, headsDivide, type HeadsFor } from '../layers/heads.js';
import { allZeros } from '../layers/initializers.js';
import { type Channels, type Layer, namedLayer } from '../layers/layer.js';
import { groupNormLayer, layerNormLayer, linearLayer } from '../layers/layers.js';

/** The parameters of a transformer block over C channels, for tokens of D channels. */
export interface TransformerBlockParams<C extends Dim = Dim, D extends Dim = Dim> {
  readonly norm: ScaleAndShift<C>;
  readonly input: Affine<C, C>;
  readonly norm1: ScaleAndShift<C>;
  readonly selfAttention: AttentionParams<C, C>;
  readonly norm2: ScaleAndShift<C>;
  readonly crossAttention: AttentionParams<C, D>;
  readonly norm3: ScaleAndShift<C>;
  readonly feedForward: GegluParams<C>;
  readonly output: Affine<C, C>;
}

/** The tokens that the pixels of images attend to. */
export interface TokenContext<B extends Dim = Dim, N extends Dim = Dim, D extends Dim = Dim> {
  /** `[B, N, D]` */
  readonly tokens: Tensor<[B, N, D]>;
  /** False for a token that does not count, `[B, N]`; without it all count. */
  readonly mask?: Tensor<[B, NoInfer<N>], 'bool'> | undefined;
}

/** `[B, H, W, C]` and tokens `[B, N, D]` → `[B, H, W, C]` */
export type TransformerBlock<C extends Dim = Dim, D extends Dim = Dim> = Layer<
  TransformerBlockParams<C, D>,
  <B extends Dim, H extends Dim, W extends Dim, N extends Dim>(
    x: Tensor<[B, H, W, NoInfer<C>]>,
    context: TokenContext<NoInfer<B>, N, NoInfer<D>>,
  ) => Tensor<[B, H, W, C]>
>;

/** The configuration of a transformer block. */
export interface TransformerBlockConfig<C, D, H = Heads, N = Groups> {
  readonly channels: Extent<C>;
  /** The channels of a token. */
  readonly tokens: Extent<D>;
  /** The number of heads, or the number of channels in each head; it must divide the channels. */
  readonly heads: H;
  /** The groups of the group norm, whose number must divide the channels. */
  readonly groups: N;
}

const options = /* @__PURE__ */ schema('transformerBlock', {
  channels,
  tokens: count('the number of channels of a token'),
  heads,
  groups,
} satisfies Record<keyof TransformerBlockConfig<0, 0>, unknown>)
  .rule((block) => headsDivide(block.heads, block.channels))
  .rule((block) => groupsDivide(block.groups, block.channels));

/**
 * The pixels of images attend to each other and to tokens, added to the input: output(h₃) + x with h₀ = input(norm(x)), h₁ = h₀ +
 * selfAttention(norm₁(h₀)), h₂ = h₁ + crossAttention(norm₂(h₁), tokens) and h₃ = h₂ + feedForward(norm₃(h₂)). `norm` is a group
 * norm with ε = 1e-6, the others are layer norms; `input` and `output` are 1×1 convolutions, and the feed-forward layer is GEGLU of
 * 4·C channels. For a sample whose `mask` is false everywhere the cross-attention is 0. It is the block of `UNet2DConditionModel` of
 * diffusers (`Transformer2DModel` of one layer; Rombach et al. 2022, appendix E.2.1), but `output` starts at zero. Raises
 * `ConfigError` unless the heads and the groups divide the channels.
 * @example
 * const block = transformerBlock({ channels: 4, tokens: 3, heads: 2, groups: 2 })
 * block // : TransformerBlock<4, 3>
 * // the block initially returns its input
 * const start = program('key', (k) => block.apply(block.init(k))(ones(1, 1, 1, 4), { tokens: ones(1, 5, 3) }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(start, {})(key(7))) // → [1, 1, 1, 1]
 */
export const transformerBlock = <
  const C extends number,
  const D extends number,
  const H extends Heads = Heads,
  const N extends Groups = Groups,
  G = unknown,
>(
  config: Exact<G, keyof TransformerBlockConfig<0, 0>> & TransformerBlockConfig<C, D, HeadsFor<H, C>, GroupsFor<N, C>>,
): TransformerBlock<Channels<C>, Channels<D>> => {
  const { channels: C, tokens: D, heads, groups } = options.demand<TransformerBlockConfig<C, D>>(config);
  const parts = {
    norm: groupNormLayer<C>({ channels: C, groups, epsilon: 1e-6 }),
    input: linearLayer<C, C>({ inputs: C, outputs: C }),
    norm1: layerNormLayer<C>({ channels: C }),
    selfAttention: attentionLayer<C, C>({ channels: C, tokens: C, heads }),
    norm2: layerNormLayer<C>({ channels: C }),
    crossAttention: attentionLayer<C, D>({ channels: C, tokens: D, heads }),
    norm3: layerNormLayer<C>({ channels: C }),
    feedForward: gegluLayer<C>({ channels: C, hidden: 4 * (C as number) }), // Extent<C> is C, or a message
    output: linearLayer<C, C>({ inputs: C, outputs: C, initializer: allZeros }),
  };
  return namedLayer('transformerBlock', parts, (f) => (x, { tokens, mask }) => {
    const h0 = f.input(f.norm(x));
    const n1 = f.norm1(h0);
    const h1 = add(h0, f.selfAttention(n1, n1));
    const h2 = add(h1, f.crossAttention(f.norm2(h1), tokens, mask));
    const h3 = add(h2, f.feedForward(f.norm3(h2)));
    return add(f.output(h3), x);
  });
};

/** The tokens of a context. Raises `ConfigError` if there are none. */
export const requiredTokens = <B extends Dim>(
  where: string,
  { tokens }: { readonly tokens?: TokenContext<B> | undefined },
): TokenContext<B> =>
  tokens ??
  raise('ConfigError', {
    where: `${where}.tokens`,
    expected: 'tokens [B, N, D], with their mask',
    actual: 'none',
    hint: 'write block(x, { embedding, tokens: { tokens, mask } }); a mask of false is no token',
  });
