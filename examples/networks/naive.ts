/** The NaiveUnet of minDiffusion (Ryu 2022): plain convolutions, and the time as sines of learned frequencies. */
import type { Model } from 'noisefold/diffusion';
import {
  add,
  addBias,
  addPerSample,
  ascribeLike,
  averagePooling,
  cast,
  concat,
  convTranspose2d,
  type Dim,
  div,
  expandDims,
  matmul,
  maxPool,
  relu,
  sin,
  type Tensor,
} from 'noisefold/dsl';
import {
  allZeros,
  convLayer,
  fanInUniform,
  groupNormLayer,
  layer,
  linearLayer,
  parameter,
  type ParamsOf,
} from 'noisefold/nn';

/** `[B, H, W, C]` */
type Images = Tensor<[Dim, Dim, Dim, Dim]>;

/** A 3×3 convolution, group norm and ReLU. */
const unit = (inputs: number, outputs: number) =>
  layer(
    { conv: convLayer({ inputs, outputs }), norm: groupNormLayer({ channels: outputs, groups: 8 }) },
    ({ conv, norm }) =>
      (x: Images): Images =>
        relu(norm(conv(x))),
  );

/** Three units. In a residual block the last two are added to the first. */
const block = (inputs: number, outputs: number, isResidual = false) =>
  layer(
    { first: unit(inputs, outputs), others: [unit(outputs, outputs), unit(outputs, outputs)] },
    ({ first, others }) =>
      (x: Images): Images => {
        const h = first(x);
        const y = others.reduce((y, unit) => unit(y), h);
        // oxlint-disable-next-line oxc/approx-constant -- the number of the published code
        return isResidual ? div(add(h, y), 1.414) : y;
      },
  );

/** A transposed convolution that makes `size` × `size` pixels of each pixel. */
const enlarge = (inputs: number, outputs: number, size: number) =>
  layer(
    { kernel: parameter(fanInUniform(), size, size, outputs, inputs), bias: parameter(allZeros, outputs) },
    ({ kernel, bias }) =>
      (x: Images): Images =>
        addBias(convTranspose2d(x, kernel, { strides: [size, size], padding: 'valid' }), bias),
  );

/** Joins images with those of the encoder, doubles the size, and applies two blocks. */
const up = (inputs: number, outputs: number) =>
  layer(
    { enlarge: enlarge(inputs, outputs, 2), blocks: [block(outputs, outputs), block(outputs, outputs)] },
    ({ enlarge, blocks }) =>
      (x: Images, skip: Images): Images =>
        blocks.reduce((h, block) => block(h), enlarge(concat(x, skip))),
  );

/** Sines of t·ω with learned frequencies ω, then an affine map: `[B]` → `[B, D]`. */
const timeEmbedding = (D: number) =>
  layer(
    { omega: parameter(fanInUniform(), 1, D), output: linearLayer({ inputs: D, outputs: D }) },
    ({ omega, output }) =>
      (t: Tensor<[Dim]>): Tensor<[Dim, Dim]> =>
        output(sin(matmul(expandDims(t, 1), omega))),
  );

/** A U-Net of `N` features: `x: [B, H, W, channels]`, whose size is a multiple of 32, and times `t: [B]` → images like x. */
export const naiveUnet = (channels: number, N: number) =>
  layer(
    {
      input: block(channels, N, true),
      time: timeEmbedding(2 * N),
      down: { first: block(N, N), second: block(N, 2 * N), third: block(2 * N, 2 * N) },
      middle: { enlarge: enlarge(2 * N, 2 * N, 4), norm: groupNormLayer({ channels: 2 * N, groups: 8 }) },
      up: { third: up(4 * N, 2 * N), second: up(4 * N, N), first: up(2 * N, N) },
      output: convLayer({ inputs: 2 * N, outputs: channels }),
    },
    ({ input, time, down, middle, up, output }) =>
      <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
        x: Tensor<[B, H, W, C]>,
        t: Tensor<[NoInfer<B>]>,
      ): typeof x => {
        const images: Images = x;
        const e = time(t); // [B, 2N]
        const h = input(images); // [B, H, W, N]
        const h1 = maxPool(down.first(h)); // [B, H/2, W/2, N]
        const h2 = maxPool(down.second(h1)); // [B, H/4, W/4, 2N]
        const h3 = maxPool(down.third(h2)); // [B, H/8, W/8, 2N]
        const mean = relu(averagePooling(h3, { window: [4, 4] })); // [B, H/32, W/32, 2N]
        const y3 = relu(middle.norm(middle.enlarge(addPerSample(mean, e)))); // like h3
        const y2 = addPerSample(up.third(y3, h3), e); // like h2
        const y = up.first(up.second(y2, h2), h1); // like h
        return ascribeLike(output(concat(y, h)), x);
      },
  );

/** The network as a model of ε for T timesteps, which it takes as (t + 1)/T. */
export const naiveModel = <H extends number, W extends number, C extends number>(
  image: readonly [H, W, C],
  features: number,
  T: number,
) => {
  const network = naiveUnet(image[2], features);
  return {
    ...network,
    predicts: 'epsilon',
    timesteps: T,
    apply: (params, x, { t }) => network.apply(params)(x, div(add(cast(t, 'float32'), 1), T)),
  } satisfies Model<ParamsOf<typeof network>, readonly [H, W, C]>;
};
