/** The blocks of a U-Net: a residual block, optionally followed by an attention block. */
import type { Dim } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { F, t } from '../../internal/fp.js';
import { schema } from '../../internal/schema.js';
import { heads, type Heads } from '../layers/heads.js';
import { type Channels, type Layer, layer } from '../layers/layer.js';
import { attentionBlock, type AttentionBlockParams } from './attentionBlock.js';
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
  /** Absent without attention. */
  readonly attention?: AttentionBlockParams<D>;
}

/** A block of a U-Net, called like a residual block. */
export type UNetBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = Layer<
  UNetBlockParams<C, D, E>,
  Residual<C, D, E>
>;

interface UNetBlockConfig<C, D, E> extends ResidualBlockConfig<C, D, E> {
  /** The heads of its attention: their number, or `{ channels }` of each; null for a block without attention. */
  readonly heads: Heads | null;
}

const options = schema('unetBlock', { ...residualFields, heads: t.union([heads, t.null]) } satisfies Record<
  keyof UNetBlockConfig<0, 0, 0>,
  unknown
>);

/**
 * A residual block, followed by an attention block unless `heads` is null.
 * @example
 * const config = { inputs: 4, outputs: 8, embedding: 16, groups: 2 } as const
 * const attends = ({ params }: UNetBlock<4, 8, 16>) => params.leaves.some(({ path }) => path.startsWith('attention'))
 * attends(unetBlock({ ...config, heads: 2 })) // → true
 * attends(unetBlock({ ...config, heads: null })) // → false
 */
export const unetBlock = <const C extends number, const D extends number, const E extends number, G = unknown>(
  config: Exact<G, keyof UNetBlockConfig<0, 0, 0>> & UNetBlockConfig<C, D, E>,
): UNetBlock<Channels<C>, Channels<D>, Channels<E>> => {
  const { heads, ...kind } = options.demand<UNetBlockConfig<C, D, E>>(config);
  const { outputs: channels, groups, epsilon, rescale } = kind;
  const parts = {
    residual: residualBlock<C, D, E>(kind),
    ...(heads !== null && { attention: attentionBlock<D>({ channels, heads, groups, epsilon, rescale }) }),
  };
  return layer(
    parts,
    ({ residual, attention = F.identity }) =>
      (x, context) =>
        attention(residual(x, context)),
  );
};
