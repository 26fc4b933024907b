/**
 * The U-Net of DDPM (Ho et al. 2020, appendix B; Ronneberger et al. 2015): residual blocks on the way down and up, attention
 * at some resolutions and at the bottleneck, and skip connections from every activation on the way down.
 */
import {
  ascribeLike,
  concat,
  type Dim,
  dims,
  fork,
  halve,
  type Key,
  type NoisefoldError,
  type Shape,
  showShape,
  silu,
  type Tensor,
  type Widened,
} from '../../dsl/index.js';
import { refuseShape } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { convLayer, downsampleLayer, groupNormLayer, upsampleLayer } from '../layers/layers.js';
import { allZeros } from '../layers/initializers.js';
import { type Bound, layer, type ParamsOf, type Trainable } from '../layers/layer.js';
import { attentionBlock, residualBlock, type UNetBlock, unetBlock } from './blocks.js';
import { embed, embeddingLayers, type UNetConditioning, withCondition } from './unetConditioning.js';
import { headsOver, levelsOf, type UNetArchitecture, unetArchitecture, type UNetConfig } from './unetConfig.js';

/** The parameters of a U-Net; `levels` go from full resolution to the bottleneck. */
export interface UNetParams extends ParamsOf<ReturnType<typeof layersOf>> {}

/** The parameters of one level of a U-Net. */
export type UNetLevelParams = UNetParams['levels'][number];

/** The outputs of a U-Net with a learned variance, both `[B, ...I]`. */
export interface UNetOutputs<B extends Dim, I extends Shape> {
  readonly prediction: Tensor<[B, ...I]>;
  readonly variance: Tensor<[B, ...I]>;
}

/** A U-Net for images of shape `I`, with its configuration: a model for `noisefold/diffusion`. */
export interface UNet<I extends Shape>
  extends Trainable<UNetParams>, Pick<UNetArchitecture, 'predicts' | 'timesteps' | 'classes' | 'condition'> {
  readonly config: UNetArchitecture;
  /** Predicts from x_t, `[B, ...I]`, and its conditioning: `[B, ...I]`. */
  readonly apply: <B extends Dim>(
    params: UNetParams,
    x: Tensor<[B, ...I]>,
    at: UNetConditioning<NoInfer<B>>,
  ) => Tensor<[B, ...I]>;
  /** Prediction and variance of one evaluation, if the variance is learned; `apply` is the first of them. */
  readonly learned?: {
    readonly as: 'range' | 'logVariance';
    readonly apply: <B extends Dim>(
      params: UNetParams,
      x: Tensor<[B, ...I]>,
      at: UNetConditioning<NoInfer<B>>,
    ) => UNetOutputs<B, I>;
  };
}

type Images<B extends Dim> = Tensor<[B, Dim, Dim, Dim]>;

const layersOf = (c: UNetArchitecture) => {
  const { base, groups, adaptiveGroupNorm, dropout } = c;
  const kind = { groups, adaptiveGroupNorm, dropout, embedding: 4 * base };
  const levels = levelsOf(c);
  const layersOfLevels = levels.map(({ channels, attends }, l) => {
    const below = levels[l + 1]?.channels;
    const heads = attends ? headsOver(c.heads, channels) : null;
    const block = (inputs: number): UNetBlock => unetBlock({ ...kind, inputs, outputs: channels, heads });
    // the channels of the skip connections: the input of the level, and the output of each block
    const skips = [levels[l - 1]?.channels ?? base, ...Array.from({ length: c.blocks }, () => channels)];
    return {
      down: skips.slice(0, -1).map(block),
      ...(below !== undefined && {
        downsample: downsampleLayer({ channels }),
        upsample: upsampleLayer({ channels: below }),
      }),
      up: [...skips].reverse().map((skip, j) => block(skip + (j === 0 ? (below ?? channels) : channels))),
    };
  });
  const { channels } = levels.at(-1)!; // an architecture has a level
  const residual = residualBlock({ ...kind, inputs: channels, outputs: channels });
  return {
    ...embeddingLayers(c),
    input: convLayer({ inputs: c.image[2] + (c.condition?.channels ?? 0), outputs: base }),
    levels: layersOfLevels,
    middle: {
      before: residual,
      attention: attentionBlock({ channels, heads: headsOver(c.heads, channels), groups }),
      after: residual,
    },
    norm: groupNormLayer({ channels: levels[0]!.channels, groups }),
    output: convLayer({
      inputs: levels[0]!.channels,
      outputs: c.image[2] * (c.learnedVariance === undefined ? 1 : 2),
      initializer: allZeros,
    }),
  };
};
type Net = Bound<ReturnType<typeof layersOf>>;
/** A key for the dropout of each block, by its path. */
type KeyOf = (path: string) => Key | undefined;

/** Level `l` and those below, down and up again: `[B, H, W, C]` → `[B, H, W, D]`, conditioned on the embedding `e`. */
const throughLevels = <B extends Dim>(net: Net, x: Images<B>, e: Tensor<[B, Dim]>, keyOf: KeyOf, l = 0): Images<B> => {
  const { down, downsample, upsample, up } = net.levels[l]!;
  const { before, attention, after } = net.middle;
  const skips = down.reduce<readonly Images<B>[]>(
    (hs, block, j) => [...hs, block(hs.at(-1)!, e, keyOf(`levels.${l}.down.${j}`))],
    [x],
  );
  const deepest = skips.at(-1)!;
  const below =
    downsample && upsample
      ? upsample(throughLevels(net, downsample(deepest), e, keyOf, l + 1))
      : F.pipe(deepest, before(e, keyOf('middle.before')), attention, after(e, keyOf('middle.after')));
  return up.reduce((h, block, j) => block(concat(h, skips.at(-1 - j)!), e, keyOf(`levels.${l}.up.${j}`)), below);
};

/** From images to the output of the last convolution: `[B, H, W, C]`, or `[B, H, W, 2·C]` with a learned variance. */
const evaluated =
  (c: UNetArchitecture, net: Net) =>
  <B extends Dim>(x: Tensor<[B, ...Shape]>, at: UNetConditioning<B>): Images<B> => {
    if (showShape(dims(x).slice(1)) !== showShape(c.image))
      refuseShape('unet', `images [B, ${c.image.join(', ')}]`, dims(x), 'make the model for images of this size');
    const { dropout } = at;
    const keyOf: KeyOf = (path) => (dropout === undefined || c.dropout === 0 ? undefined : fork(dropout, path)[path]);
    const e = embed(c, net, at);
    const images = withCondition(c, x as unknown as Images<B>, at.condition); // checked above
    return F.pipe(throughLevels(net, net.input(images), e, keyOf), net.norm, silu, net.output);
  };

const built = <I extends Shape>(c: UNetArchitecture): UNet<I> => {
  const { params, init, apply } = layer(layersOf(c), (net) => evaluated(c, net));
  const { learnedVariance: as, predicts, timesteps, classes, condition } = c;
  const both: NonNullable<UNet<I>['learned']>['apply'] = (params, x, at) => {
    const [prediction, variance] = halve(apply(params)(x, at)); // side by side, each of the size of x
    return { prediction: ascribeLike(prediction, x), variance: ascribeLike(variance, x) };
  };
  const first: UNet<I>['apply'] = (params, x, at) =>
    as === undefined ? ascribeLike(apply(params)(x, at), x) : both(params, x, at).prediction; // of the size of x
  return {
    params,
    init,
    config: c,
    predicts,
    timesteps,
    ...(classes !== undefined && { classes }),
    ...(condition !== undefined && { condition }),
    apply: Object.assign(first, { config: c }), // files of trained models tell by this that it is unchanged
    ...(as !== undefined && { learned: { as, apply: Object.assign(both, { config: c }) } }),
  };
};

/**
 * Makes a U-Net of a configuration, or a `ConfigError` that says what to change. The last convolution, and the last layer of
 * each residual and attention block, start at zero.
 * @example
 * const model = unet({ image: [28, 28, 1], base: 24, multipliers: [1, 2, 2], attention: [7], predicts: 'v' })
 * model // : E.Either<NoisefoldError, UNet<[28, 28, 1]>>
 * pipe(model, E.map(({ config }) => config.blocks)) // → E.right(2)
 */
export const unet = <const I extends readonly [number, number, number]>(
  config: UNetConfig<I>,
): either.Either<NoisefoldError, UNet<Widened<I>>> => F.pipe(unetArchitecture(config), E.map(built<Widened<I>>));
