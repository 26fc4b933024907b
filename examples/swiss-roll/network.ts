/** The model: a residual network of points, which is told the timestep in each of its blocks. */
import { function as F } from 'fp-ts';
import type { Model } from 'noisefold/diffusion';
import { add, concat, cos, type Dim, linear, mul, silu, sin, type Tensor } from 'noisefold/dsl';
import { allZeros, collect, linearLayer, type ParamsOf, timeEmbedding } from 'noisefold/nn';

export const timesteps = 1000;

const time = timeEmbedding({ timesteps, size: 32, outputs: 64, sinusoid: 'ddpm' });
const block = collect({
  inner: linearLayer({ inputs: 128, outputs: 128 }),
  shift: linearLayer({ inputs: 64, outputs: 128 }),
  outer: linearLayer({ inputs: 128, outputs: 128, initializer: allZeros }),
});
const layers = collect({
  time,
  first: linearLayer({ inputs: 10, outputs: 128 }),
  blocks: [block, block, block],
  last: linearLayer({ inputs: 128, outputs: 2, initializer: allZeros }),
});

export type Params = ParamsOf<typeof layers>;

const residual =
  <B extends Dim>(t: Tensor<[B, 64]>) =>
  (h: Tensor<[B, 128]>, p: ParamsOf<typeof block>): Tensor<[B, 128]> =>
    F.pipe(h, linear(p.inner), add(linear(p.shift)(t)), silu, linear(p.outer), add(h));

/** Waves of two lengths beside x itself, from which a narrow band is learned sooner (Tancik et al. 2020). */
const waves = <B extends Dim>(x: Tensor<[B, 2]>): Tensor<[B, 10]> => {
  const [slow, fast] = [mul(2)(x), mul(4)(x)];
  return F.pipe(x, concat(sin(slow)), concat(cos(slow)), concat(sin(fast)), concat(cos(fast)));
};

/** Predicts v of points `[B, 2]` at timesteps `[B]`. */
export const network: Model<Params, [2]> = {
  ...layers,
  predicts: 'v',
  timesteps,
  apply: (p, x, { t }) => {
    const told = residual(silu(time.apply(p.time)(t))); // [B, 64]
    return F.pipe(p.blocks.reduce(told, linear(p.first)(waves(x))), silu, linear(p.last));
  },
};
