/** Attention pooling: from all pixels of an image to one vector. */
import type { Exact } from '../../internal/exact.js';
import {
  add,
  type Affine,
  attention,
  broadcastTo,
  concatAll,
  type Dim,
  dims,
  type Extent,
  mean,
  reshape,
  type Shape,
  slice,
  squeeze,
  type Tensor,
} from '../../dsl/index.js';
import { schema } from '../../internal/schema.js';
import { channels, count } from '../layers/fields.js';
import { heads, type Heads, headsDivide, headsOver, thirdsOf } from '../layers/heads.js';
import { normalOf } from '../layers/initializers.js';
import { type Channels, type Layer, namedLayer, parameterOf } from '../layers/layer.js';
import { linearLayer } from '../layers/layers.js';

/** The parameters of an attention pool of C channels to D numbers. */
export interface AttentionPoolParams<C extends Dim = Dim, D extends Dim = Dim> {
  /** `[pixels + 1, C]`: the position embedding of the mean, then of each pixel. */
  readonly positions: Tensor<[Dim, C]>;
  /** `[C, 3·C]`: queries, keys and values, each with its heads concatenated. */
  readonly qkv: Affine<C, Dim>;
  readonly output: Affine<C, D>;
}

/** `[B, H, W, C]` → `[B, D]` */
export type AttentionPool<C extends Dim = Dim, D extends Dim = Dim> = Layer<
  AttentionPoolParams<C, D>,
  <B extends Dim>(x: Tensor<[B, Dim, Dim, NoInfer<C>]>) => Tensor<[B, D]>
>;

interface AttentionPoolConfig<C, D> {
  /** The number of pixels of an image. */
  readonly pixels: number;
  readonly inputs: Extent<C>;
  readonly outputs: Extent<D>;
  readonly heads: Heads;
}

const options = /* @__PURE__ */ schema('attentionPool', {
  pixels: count('a number of pixels'),
  inputs: channels,
  outputs: channels,
  heads,
} satisfies Record<keyof AttentionPoolConfig<0, 0>, unknown>).rule((pool) => headsDivide(pool.heads, pool.inputs));

/**
 * The mean of the pixels attends to itself and to all pixels: `[B, H, W, inputs]` → `[B, outputs]`, where H·W = `pixels`. A
 * learned position is added to each. CLIP (Radford et al. 2021), as the classifiers of ADM use it (Dhariwal & Nichol 2021).
 * Raises `ConfigError` unless the heads divide the channels.
 * @example
 * const pool = attentionPool({ pixels: 4, inputs: 2, outputs: 3, heads: 1 })
 * pool.params.leaves.map(({ path, shape }) => `${path} ${shape}`).slice(0, 2) // → ['positions 5,2', 'qkv.w 2,6']
 * pool // : AttentionPool<2, 3>
 */
export const attentionPool = <const C extends number, const D extends number, G = unknown>(
  config: Exact<G, keyof AttentionPoolConfig<0, 0>> & AttentionPoolConfig<C, D>,
): AttentionPool<Channels<C>, Channels<D>> => {
  const { pixels, inputs, outputs, heads } = options.demand<AttentionPoolConfig<C, D>>(config);
  const size = inputs as number; // Extent<C> is C, or a message for the compiler
  const parts = {
    positions: parameterOf<[Dim, Channels<C>]>(normalOf(1 / Math.sqrt(size)), pixels + 1, size),
    qkv: linearLayer<C, number>({ inputs, outputs: 3 * size }),
    output: linearLayer<C, D>({ inputs, outputs }),
  };
  type Tokens = Tensor<[Dim, Dim, Channels<C>]>;
  return namedLayer('attentionPool', parts, ({ positions, qkv, output }) => (x) => {
    const B = dims(x)[0] as number; // programs are traced with numbers
    const of = (y: Tensor<Shape>, tokens: number): Tokens =>
      reshape(y, B, tokens, size) as Tensor<[Dim, Dim, Dim]> as Tokens; // of C channels
    const all = concatAll([of(mean(x, [1, 2]), 1), of(x, pixels)], 1) as Tokens;
    const tokens = add(all, of(broadcastTo(positions, B, pixels + 1, size), pixels + 1)); // [B, pixels + 1, C]
    const [q, k, v] = thirdsOf<Tokens>(qkv(tokens), size);
    const attended = attention(slice(q, 1, 0, 1) as Tokens, k, v, { heads: headsOver(heads, size) }); // [B, 1, C]
    return squeeze(output(attended) as Tensor<[Dim, Dim, Channels<D>]>, 1) as never; // [B, D]
  });
};
