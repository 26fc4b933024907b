/** Networks of the swiss roll, whose points are images of one pixel with two channels. */
import { unwrap } from 'noisefold';
import { type Conditioning, imageOf, meanFlow, type Model, preconditioned } from 'noisefold/diffusion';
import { add, ascribeLike, concat, type Dim, dims, reshape, silu, type Tensor, zeros } from 'noisefold/dsl';
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
  first: linearLayer({ inputs: 3, outputs: 64 }),
  blocks: [block, block, block],
  last: linearLayer({ inputs: 64, outputs: 2, initializer: allZeros }),
};
export type RollParams = ParamsOf<typeof parts>;
export type RollModel = Model<RollParams, [1, 1, 2]>;

/** From points and a number beside each, `[B, 3]`, at times `[B]`, to `[B, 2]`. */
const points = layer(
  parts,
  ({ time, first, blocks, last }) =>
    <B extends Dim>(x: Tensor<[B, 3]>, t: Times<B>): Tensor<[B, 2]> => {
      const e = silu(time(t)); // [B, 32]
      const h = blocks.reduce((before, next) => next(before, e), first(x)); // [B, 64]
      return last(silu(h));
    },
);

/** The number beside a point is that of its interval, or 0. */
const apply: RollModel['apply'] = <B extends Dim>(
  params: RollParams,
  x: Tensor<[B, 1, 1, 2]>,
  at: Conditioning<NoInfer<B>>,
) => {
  const [B] = dims(x);
  const interval = imageOf(at, 'interval')?.image;
  const beside = (interval === undefined ? zeros(B, 1) : reshape(interval, B, 1)) as Tensor<[B, 1]>; // of one pixel
  const rows: Tensor<[B, 3]> = concat(reshape(x, B, 2) as Tensor<[B, 2]>, beside);
  return ascribeLike(reshape(points.apply(params)(rows, at.t), B, 1, 1, 2), x);
};

const network: RollModel = { params: points.params, init: points.init, predicts: 'velocity', apply };

/** Models of a flow, of EDM, and of a mean velocity. */
export const models = {
  flow: network,
  edm: unwrap(preconditioned(network, { as: 'edm', sigmaData: 0.42 })) as RollModel,
  mean: meanFlow(network) as RollModel,
};
