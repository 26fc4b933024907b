import { dual } from '../../dsl/dual.js';
import type { Dim, Key, Tensor } from '../../dsl/index.js';
import { namedFields } from '../../dsl/options.js';
import { type Channels, type Layer, layer } from '../layers/layer.js';
import { attentionBlock, type AttentionBlockParams } from './attentionBlock.js';
import {
  hasInput,
  type Residual,
  residualBlock,
  type ResidualBlockConfig,
  type ResidualBlockParams,
  residualFields,
  residualOptions,
} from './residualBlock.js';

/** The parameters of a block of a U-Net. */
export interface UNetBlockParams<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> {
  readonly residual: ResidualBlockParams<C, D, E>;
  /** Absent without attention. */
  readonly attention?: AttentionBlockParams<D>;
}

/** A block of a U-Net, with the form of a residual block. */
export type UNetBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = Layer<
  UNetBlockParams<C, D, E>,
  Residual<C, D, E>
>;

const fields = namedFields('unetBlock', { ...residualFields, heads: 'a number of heads, or null' }, residualOptions);

/**
 * A residual block, followed by an attention block unless `heads` is null.
 * @example
 * const config = { inputs: 4, outputs: 8, embedding: 16, groups: 2 } as const
 * const attends = ({ params }: UNetBlock<4, 8, 16>) => params.leaves.some(({ path }) => path.startsWith('attention'))
 * attends(unetBlock({ ...config, heads: 2 })) // → true
 * attends(unetBlock({ ...config, heads: null })) // → false
 */
export const unetBlock = <const C extends number, const D extends number, const E extends number>(
  given: ResidualBlockConfig<C, D, E> & { readonly heads: number | null },
): UNetBlock<Channels<C>, Channels<D>, Channels<E>> => {
  const { heads, ...config } = fields(given);
  const { outputs: channels, groups } = config;
  const parts = {
    residual: residualBlock<C, D, E>(config),
    ...(heads !== null && { attention: attentionBlock<D>({ channels, heads, groups }) }),
  };
  return layer(parts, ({ residual, attention }) =>
    dual<Residual<Channels<C>, Channels<D>, Channels<E>>>(
      'unetBlock',
      hasInput,
      <B extends Dim, H extends Dim, W extends Dim>(
        x: Tensor<[B, H, W, Channels<C>]>,
        embedding: Tensor<[B, Channels<E>]>,
        dropout?: Key,
      ) => {
        const h = residual(x, embedding, dropout);
        return attention === undefined ? h : attention(h);
      },
    ),
  );
};
