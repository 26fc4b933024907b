/** Self-attention blocks of images. */
import {
  add,
  type Affine,
  attention,
  type Dim,
  type Extent,
  type ScaleAndShift,
  type Tensor,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { epsilon } from '../../internal/decode.js';
import { F, t } from '../../internal/fp.js';
import { optional, schema } from '../../internal/schema.js';
import { channels } from '../layers/fields.js';
import { groups, type Groups, groupsDivide, type GroupsFor } from '../layers/groups.js';
import { heads, type Heads, headsDivide, type HeadsFor, headsOver, thirdsOf } from '../layers/heads.js';
import { allZeros } from '../layers/initializers.js';
import { type Channels, type Layer, namedLayer } from '../layers/layer.js';
import { groupNormLayer, linearLayer } from '../layers/layers.js';
import { rescale, scaled } from './rescaling.js';

/** The parameters of an attention block over C channels. */
export interface AttentionBlockParams<C extends Dim = Dim> {
  /** Absent without groups. */
  readonly norm?: ScaleAndShift<C>;
  /** `[C, 3·C]`: queries, keys and values, each with its heads concatenated. */
  readonly qkv: Affine<C, Dim>;
  readonly output: Affine<C, C>;
}

/** The conditioning of an attention block. */
export interface AttentionContext {
  /** True for the identity in place of the attention map, so that each pixel attends only to itself (perturbed-attention guidance). */
  readonly identityAttention?: boolean | undefined;
}

/** `[B, H, W, C]` → `[B, H, W, C]` */
export type AttentionBlock<C extends Dim = Dim> = Layer<
  AttentionBlockParams<C>,
  <B extends Dim, H extends Dim, W extends Dim>(
    x: Tensor<[B, H, W, NoInfer<C>]>,
    context?: AttentionContext,
  ) => Tensor<[B, H, W, C]>
>;

/** The configuration of an attention block. */
export interface AttentionBlockConfig<C, H = Heads, N = Groups | null> {
  readonly channels: Extent<C>;
  /** The number of heads, or the number of channels in each head; it must divide the channels. */
  readonly heads: H;
  /** The groups of the group norm, whose number must divide the channels; null for a block without it. */
  readonly groups: N;
  /** Added to the variance in the norm; default 1e-5. */
  readonly epsilon?: number;
  /** The factor r of r·(block(x) + x), such as 1/√2; default 1. */
  readonly rescale?: number;
}

const options = /* @__PURE__ */ schema('attentionBlock', {
  channels,
  heads,
  groups: t.union([groups, t.null]),
  epsilon: optional(epsilon, 1e-5),
  rescale: optional(rescale, 1),
} satisfies Record<keyof AttentionBlockConfig<0>, unknown>)
  .rule((block) => headsDivide(block.heads, block.channels))
  .rule((block) => (block.groups === null ? null : groupsDivide(block.groups, block.channels)));

/**
 * Self-attention between all pixels, added to its input: output(a) + x, with q, k, v = split(qkv(norm(x))) and, in each head of d
 * channels, a = softmax(q·kᵀ/√d)·v. `qkv` and `output` are 1×1 convolutions; `output` starts at zero. DDPM (Ho et al. 2020); heads as
 * in guided-diffusion's `QKVAttention`. With `identityAttention` it is output(v) + x. Raises `ConfigError` unless the heads and the groups divide the channels.
 * @example
 * const block = attentionBlock({ channels: 4, heads: 2, groups: 2 })
 * block // : AttentionBlock<4>
 * // the block initially returns its input
 * const start = program('key', (k) => block.apply(block.init(k))(ones(1, 1, 1, 4)))
 * await using nf = await open(reference())
 * await nf.run(evaluate(start, {})(key(7))) // → [1, 1, 1, 1]
 */
export const attentionBlock = <
  const C extends number,
  const H extends Heads = Heads,
  const N extends Groups | null = Groups | null,
  G = unknown,
>(
  config: Exact<G, keyof AttentionBlockConfig<0>> & AttentionBlockConfig<C, HeadsFor<H, C>, GroupsFor<N, C>>,
): AttentionBlock<Channels<C>> => {
  const { channels: inputs, groups: ofNorm, ...settings } = options.demand<AttentionBlockConfig<C>>(config);
  const size = inputs as number; // Extent<C> is C, or a message for the compiler
  const parts = {
    ...(ofNorm !== null && {
      norm: groupNormLayer<C>({ channels: inputs, groups: ofNorm, epsilon: settings.epsilon }),
    }),
    qkv: linearLayer<C, number>({ inputs, outputs: 3 * size }),
    output: linearLayer<C, C>({ inputs, outputs: inputs, initializer: allZeros }),
  };
  return namedLayer('attentionBlock', parts, ({ norm = F.identity, qkv, output }) => (x, context) => {
    const [q, k, v] = thirdsOf<typeof x>(qkv(norm(x)), size);
    const a = context?.identityAttention === true ? v : attention(q, k, v, { heads: headsOver(settings.heads, size) });
    return scaled(add(output(a), x), settings.rescale);
  });
};
