/** The model: a residual network of points, which is told the timestep in each of its blocks. */
import { function as F } from 'fp-ts';
import type { Model } from 'noisefold/diffusion';
import { add, type Dim, linear, silu, type Tensor } from 'noisefold/dsl';
import { allZeros, collect, linearLayer, type ParamsOf, timeEmbedding } from 'noisefold/nn';

export const timesteps = 1000;

const time = timeEmbedding({ timesteps, size: 32, outputs: 32, sinusoid: 'ddpm' });
const block = collect({
  inner: linearLayer({ inputs: 64, outputs: 64 }),
  shift: linearLayer({ inputs: 32, outputs: 64 }),
  outer: linearLayer({ inputs: 64, outputs: 64, initializer: allZeros }),
});
const layers = collect({
  time,
  first: linearLayer({ inputs: 2, outputs: 64 }),
  blocks: [block, block, block],
  last: linearLayer({ inputs: 64, outputs: 2, initializer: allZeros }),
});

export type Params = ParamsOf<typeof layers>;

const residual =
  <B extends Dim>(t: Tensor<[B, 32]>) =>
  (h: Tensor<[B, 64]>, p: ParamsOf<typeof block>): Tensor<[B, 64]> =>
    F.pipe(h, linear(p.inner), add(linear(t, p.shift)), silu, linear(p.outer), add(h));

/** Predicts v of points `[B, 2]` at timesteps `[B]`. */
export const network: Model<Params, [2]> = {
  ...layers,
  predicts: 'v',
  timesteps,
  apply: (p, x, { t }) => {
    const told = residual(silu(time.apply(p.time)(t))); // [B, 32]
    return F.pipe(p.blocks.reduce(told, linear(x, p.first)), silu, linear(p.last));
  },
};
