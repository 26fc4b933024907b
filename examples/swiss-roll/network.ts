/** The network: residual blocks of points, with the time as an input of each block. */
import { function as F } from 'fp-ts';
import type { Model } from 'noisefold/diffusion';
import { add, type Dim, silu, type Tensor } from 'noisefold/dsl';
import { allZeros, layer, linearLayer, type ParamsOf, timeEmbedding, type Times } from 'noisefold/nn';

const block = layer(
  {
    inner: linearLayer({ inputs: 64, outputs: 64 }),
    shift: linearLayer({ inputs: 32, outputs: 64 }),
    outer: linearLayer({ inputs: 64, outputs: 64, initializer: allZeros }),
  },
  ({ inner, shift, outer }) =>
    <B extends Dim>(h: Tensor<[B, 64]>, e: Tensor<[B, 32]>): Tensor<[B, 64]> =>
      add(outer(silu(add(inner(h), shift(e)))), h),
);

const parts = {
  time: timeEmbedding({ timesteps: 'continuous', size: 32, outputs: 32, sinusoid: 'ddpm' }),
  first: linearLayer({ inputs: 2, outputs: 64 }),
  blocks: [block, block, block],
  last: linearLayer({ inputs: 64, outputs: 2, initializer: allZeros }),
};
export type Params = ParamsOf<typeof parts>;

const points = layer(
  parts,
  ({ time, first, blocks, last }) =>
    <B extends Dim>(x: Tensor<[B, 2]>, t: Times<B>): Tensor<[B, 2]> => {
      const e = silu(time(t)); // [B, 32]
      const h = blocks.reduce((h, block) => block(h, e), first(x)); // [B, 64]
      return F.pipe(h, silu, last);
    },
);

/** A function of points `[B, 2]` at times `[B]`, and what it predicts. */
export const network = (predicts: Model<Params, [2]>['predicts']): Model<Params, [2]> => ({
  ...points,
  predicts,
  apply: (params, x, { t }) => points.apply(params)(x, t),
});
