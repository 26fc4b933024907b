/** The blocks of a U-Net: a residual block, optionally followed by attention to the pixels, and to tokens. */
import type { Dim } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { F, t } from '../../internal/fp.js';
import { positive } from '../../internal/decode.js';
import { optional, schema } from '../../internal/schema.js';
import { heads, type Heads } from '../layers/heads.js';
import { type Channels, type Layer, layer } from '../layers/layer.js';
import { attentionBlock, type AttentionBlockParams } from './attentionBlock.js';
import { requiredTokens, transformerBlock, type TransformerBlockParams } from './transformerBlock.js';
import {
  type Residual,
  residualBlock,
  type ResidualBlockConfig,
  type ResidualBlockParams,
  residualFields,
} from './residualBlock.js';

/** The parameters of a block of a U-Net. */
export interface UNetBlockParams<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> {
  readonly residual: ResidualBlockParams<C, D, E>;
  /** Absent without attention, and with tokens. */
  readonly attention?: AttentionBlockParams<D>;
  /** In place of `attention`, with tokens. */
  readonly transformer?: TransformerBlockParams<D>;
}

/** A block of a U-Net, called like a residual block. */
export type UNetBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = Layer<
  UNetBlockParams<C, D, E>,
  Residual<C, D, E>
>;

interface UNetBlockConfig<C, D, E> extends ResidualBlockConfig<C, D, E> {
  /** The heads of its attention: their number, or `{ channels }` of each; null for a block without attention. */
  readonly heads: Heads | null;
  /** The length of the tokens that a block with attention attends to as well; none if left out. */
  readonly tokens?: number | undefined;
}

const options = schema('unetBlock', {
  ...residualFields,
  heads: t.union([heads, t.null]),
  tokens: optional(positive),
} satisfies Record<keyof UNetBlockConfig<0, 0, 0>, unknown>);

/**
 * A residual block, followed by an attention block unless `heads` is null. With `tokens` it is a {@link transformerBlock}, which attends
 * to the tokens of the context too.
 * @example
 * const config = { inputs: 4, outputs: 8, embedding: 16, groups: 2 } as const
 * const attends = ({ params }: UNetBlock<4, 8, 16>) => params.leaves.some(({ path }) => path.startsWith('attention'))
 * attends(unetBlock({ ...config, heads: 2 })) // → true
 * attends(unetBlock({ ...config, heads: null })) // → false
 */
export const unetBlock = <const C extends number, const D extends number, const E extends number, G = unknown>(
  config: Exact<G, keyof UNetBlockConfig<0, 0, 0>> & UNetBlockConfig<C, D, E>,
): UNetBlock<Channels<C>, Channels<D>, Channels<E>> => {
  const { heads, tokens, ...kind } = options.demand<UNetBlockConfig<C, D, E>>(config);
  const { outputs: channels, groups, epsilon, rescale } = kind;
  const parts = {
    residual: residualBlock<C, D, E>(kind),
    ...(heads !== null &&
      tokens === undefined && { attention: attentionBlock<D>({ channels, heads, groups, epsilon, rescale }) }),
    ...(heads !== null &&
      tokens !== undefined && { transformer: transformerBlock<D, number>({ channels, tokens, heads, groups }) }),
  };
  return layer(parts, ({ residual, attention = F.identity, transformer }) => (x, context) => {
    const h = residual(x, context);
    return transformer === undefined ? attention(h) : transformer(h, requiredTokens('unetBlock', context));
  });
};
