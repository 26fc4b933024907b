import {
  add,
  type Affine,
  attention,
  type Dim,
  type Extent,
  type ScaleAndShift,
  split,
  type Tensor,
} from '../../dsl/index.js';
import { allZeros } from '../layers/initializers.js';
import { type Channels, type Layer, namedLayer } from '../layers/layer.js';
import { groupNormLayer, linearLayer, type OfImages } from '../layers/layers.js';
import { checkedFields, requireDivisor } from '../requirement.js';

/** The parameters of an attention block over C channels. */
export interface AttentionBlockParams<C extends Dim = Dim> {
  readonly norm: ScaleAndShift<C>;
  /** `[C, 3·C]`: queries, keys, values. */
  readonly qkv: Affine<C, Dim>;
  readonly output: Affine<C, C>;
}

/** `[B, H, W, C]` → `[B, H, W, C]` */
export type AttentionBlock<C extends Dim = Dim> = Layer<AttentionBlockParams<C>, OfImages<C, C>>;

const fields = checkedFields('attentionBlock', {
  channels: 'a number of channels',
  heads: 'a number of heads',
  groups: 'a number of groups',
});

/**
 * Self-attention between all pixels, added to its input: output(attention(q, k, v)) + x, with q, k, v = split(qkv(norm(x))).
 * `qkv` and `output` are 1×1 convolutions; `output` starts at zero. DDPM (Ho et al. 2020); heads as in guided-diffusion's
 * `QKVAttention`. `heads` and `groups` must divide the channels: raises `ConfigError` otherwise.
 * @example
 * const block = attentionBlock({ channels: 4, heads: 2, groups: 2 })
 * block // : AttentionBlock<4>
 * // the block initially returns its input
 * const begun = program('key', (k) => block.apply(block.init(k))(ones(1, 1, 1, 4)))
 * await using(reference())(evaluate(begun, {})(key(7)))() // → E.right([1, 1, 1, 1])
 */
export const attentionBlock = <const C extends number>(config: {
  readonly channels: Extent<C>;
  readonly heads: number;
  readonly groups: number;
}): AttentionBlock<Channels<C>> => {
  const { channels, heads, groups } = fields(config);
  const size = channels as number; // Extent<C> is C, or a message for the compiler
  requireDivisor('attentionBlock.heads', 'heads', heads, size);
  requireDivisor('attentionBlock.groups', 'groups', groups, size);
  const parts = {
    norm: groupNormLayer<C>({ channels, groups }),
    qkv: linearLayer<C, number>({ inputs: channels, outputs: 3 * size }),
    output: linearLayer<C, C>({ inputs: channels, outputs: channels, initializer: allZeros }),
  };
  return namedLayer(
    'attentionBlock',
    parts,
    ({ norm, qkv, output }) =>
      <B extends Dim, H extends Dim, W extends Dim>(x: Tensor<[B, H, W, Channels<C>]>) => {
        const thirds = split(qkv(norm(x)), [size, size, size]);
        const [q, k, v] = thirds as unknown as readonly [typeof x, typeof x, typeof x]; // of 3·C channels
        return add(output(attention(q, k, v, { heads })), x);
      },
  );
};
