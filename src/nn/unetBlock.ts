import type { Dim, Key, Tensor } from '../dsl/index.js';
import { attentionBlock, type AttentionBlockParams } from './attentionBlock.js';
import { collect, type TrainableLayer } from './layer.js';
import {
  residualBlock,
  type ResidualBlockConfig,
  type ResidualBlockParams,
  residualFields,
} from './residualBlock.js';
import { namedFields } from '../dsl/options.js';

/** The parameters of a block of a U-Net. */
export interface UNetBlockParams {
  readonly residual: ResidualBlockParams;
  /** Where the level attends. */
  readonly attention?: AttentionBlockParams;
}

/** As a residual block: `[B, H, W, C]` and the activated embedding `[B, E]` → `[B, H, W, D]`. */
export type UNetBlock = TrainableLayer<
  UNetBlockParams,
  <B extends Dim>(
    embedding: Tensor<[B, Dim]>,
    dropout?: Key,
  ) => (x: Tensor<[B, Dim, Dim, Dim]>) => Tensor<[B, Dim, Dim, Dim]>
>;

const fields = namedFields('unetBlock', { ...residualFields, heads: 'a number of heads, or null' });

/**
 * A residual block, and an attention block after it where `heads` is not null.
 *
 * @example
 * const config = { inputs: 4, outputs: 8, embedding: 16, groups: 2, adaptiveGroupNorm: false, dropout: 0 }
 * const attends = ({ params }: UNetBlock) => params.leaves.some(({ path }) => path.startsWith('attention'))
 * attends(unetBlock({ ...config, heads: 2 })) // → true
 * attends(unetBlock({ ...config, heads: null })) // → false
 */
export const unetBlock = (given: ResidualBlockConfig & { readonly heads: number | null }): UNetBlock => {
  const { heads, ...config } = fields(given);
  const { outputs: channels, groups } = config;
  const residual = residualBlock(config);
  const attention = heads === null ? undefined : attentionBlock({ channels, heads, groups });
  return {
    ...collect({ residual, ...(attention && { attention }) }),
    apply: (params) => (embedding, dropout) => (x) => {
      const h = residual.apply(params.residual)(embedding, dropout)(x);
      return attention && params.attention ? attention.apply(params.attention)(h) : h;
    },
  };
};
