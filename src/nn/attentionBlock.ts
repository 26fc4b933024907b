import {
  add,
  type Affine,
  attention,
  type Dim,
  type ScaleAndShift,
  split,
  type Tensor,
} from '../dsl/index.js';
import { F } from '../internal/fp.js';
import { groupNormLayer } from './groupNorm.js';
import { allZeros } from './initializers.js';
import { collect, type TrainableLayer } from './layer.js';
import { linearLayer } from './linear.js';

/** The parameters of an attention block over C channels. */
export interface AttentionBlockParams {
  readonly norm: ScaleAndShift<Dim>;
  /** `[C, 3·C]`: queries, keys, values. */
  readonly qkv: Affine<Dim, Dim>;
  readonly output: Affine<Dim, Dim>;
}

/** `[B, H, W, C]` → `[B, H, W, C]` */
export type AttentionBlock = TrainableLayer<
  AttentionBlockParams,
  <B extends Dim>(x: Tensor<[B, Dim, Dim, Dim]>) => Tensor<[B, Dim, Dim, Dim]>
>;

/**
 * Self-attention between all pixels, added to its input: group norm, queries, keys and values by one 1×1
 * convolution, attention in heads, and another 1×1 convolution, which begins at zero. DDPM (Ho et al. 2020);
 * heads as in guided-diffusion's `QKVAttention`.
 *
 * @example
 * const block = attentionBlock({ channels: 4, heads: 2, groups: 2 })
 * // gives its input back, before it has learned anything
 * await pipe(
 *   compile(program({ k: 'key' }, ({ k }) => block.apply(block.init(k))(ones(1, 1, 1, 4))), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([1, 1, 1, 1])
 */
export const attentionBlock = ({
  channels,
  heads,
  groups,
}: {
  readonly channels: number;
  readonly heads: number;
  readonly groups: number;
}): AttentionBlock => {
  const layers = {
    norm: groupNormLayer({ channels, groups }),
    qkv: linearLayer({ inputs: channels, outputs: 3 * channels }),
    output: linearLayer({ inputs: channels, outputs: channels, initializer: allZeros }),
  };
  return {
    ...collect(layers),
    apply: (params) => (x) => {
      const [q, k, v] = F.pipe(
        x,
        layers.norm.apply(params.norm),
        layers.qkv.apply(params.qkv), // [B, H, W, 3·C]
        split([channels, channels, channels]),
      );
      return add(x)(layers.output.apply(params.output)(attention(q, k, v, { heads })));
    },
  };
};
