/**
 * The U-Net of DDPM (Ho et al. 2020, appendix B; Ronneberger et al. 2015): residual blocks on the way down
 * and up, attention at some resolutions and at the bottleneck, and at each level every activation of the way
 * down joined to the way up.
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
  raise,
  type ScaleAndShift,
  type Shape,
  showShape,
  silu,
  type Tensor,
  type Widened,
} from '../dsl/index.js';
import { E, type either, F } from '../internal/fp.js';
import { attentionBlock, type AttentionBlockParams } from './attentionBlock.js';
import { convLayer, type ConvParams } from './conv.js';
import { groupNormLayer } from './groupNorm.js';
import { allZeros } from './initializers.js';
import { collect, type Trainable } from './layer.js';
import { residualBlock, type ResidualBlockParams } from './residualBlock.js';
import { downsampleLayer, upsampleLayer } from './sampling.js';
import { unetBlock, type UNetBlockParams } from './unetBlock.js';
import {
  besideCondition,
  embed,
  embeddingLayers,
  type UNetConditioning,
  type UNetEmbeddingParams,
} from './unetConditioning.js';
import {
  headsOver,
  type Level,
  levelsOf,
  type UNetArchitecture,
  unetArchitecture,
  type UNetConditionConfig,
  type UNetConfig,
} from './unetConfig.js';

/** The parameters of one level of a U-Net. */
export interface UNetLevelParams {
  readonly down: readonly UNetBlockParams[];
  /** To the level below, and from it; absent at the bottleneck. */
  readonly downsample?: ConvParams<Dim, Dim>;
  readonly upsample?: ConvParams<Dim, Dim>;
  readonly up: readonly UNetBlockParams[];
}

/** The parameters of a U-Net. */
export interface UNetParams extends UNetEmbeddingParams {
  readonly input: ConvParams<Dim, Dim>;
  /** From full resolution to the bottleneck. */
  readonly levels: readonly UNetLevelParams[];
  readonly middle: {
    readonly before: ResidualBlockParams;
    readonly attention: AttentionBlockParams;
    readonly after: ResidualBlockParams;
  };
  readonly norm: ScaleAndShift<Dim>;
  readonly output: ConvParams<Dim, Dim>;
}

/** What a U-Net that learns its variance gives: both `[B, ...I]`. */
export interface UNetOutputs<B extends Dim, I extends Shape> {
  readonly prediction: Tensor<[B, ...I]>;
  readonly variance: Tensor<[B, ...I]>;
}

/** A U-Net for images of shape `I`, with what it was made from: a model in the sense of `noisefold/diffusion`. */
export interface UNet<I extends Shape> extends Trainable<UNetParams> {
  readonly config: UNetArchitecture;
  readonly predicts: UNetArchitecture['predicts'];
  /** The number of classes, where there are some; the label of that number is no class. */
  readonly classes?: number;
  /** The images that it is conditioned on, where it is. */
  readonly condition?: UNetConditionConfig;
  /** The number of timesteps, 0…timesteps-1. */
  readonly timesteps: number;
  /** `params`, x_t of `[B, ...I]` and its conditioning to a prediction of `[B, ...I]`. */
  readonly apply: <B extends Dim>(
    params: UNetParams,
    x: Tensor<[B, ...I]>,
    at: UNetConditioning<NoInfer<B>>,
  ) => Tensor<[B, ...I]>;
  /** Where its variance is learned: prediction and variance, of one evaluation; `apply` is the first of them. */
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

const repeated = <A>(n: number, f: (i: number) => A): readonly A[] =>
  Array.from({ length: n }, (_, i) => f(i));

/** The layers of a level. Its first activation comes from above, and is joined to the way up like the others. */
const levelOf = (c: UNetArchitecture, levels: readonly Level[], l: number) => {
  const { channels, attends } = levels[l]!;
  const entering = levels[l - 1]?.channels ?? c.base;
  const below = levels[l + 1]?.channels;
  const block = (inputs: number): ReturnType<typeof unetBlock> =>
    unetBlock({
      inputs,
      outputs: channels,
      embedding: 4 * c.base,
      groups: c.groups,
      adaptiveGroupNorm: c.adaptiveGroupNorm,
      dropout: c.dropout,
      heads: attends ? headsOver(c.heads, channels) : null,
    });
  return {
    down: repeated(c.blocks, (j) => block(j === 0 ? entering : channels)),
    ...(below !== undefined && {
      downsample: downsampleLayer({ channels }),
      upsample: upsampleLayer({ channels: below }),
    }),
    up: repeated(c.blocks + 1, (j) =>
      block((j === 0 ? (below ?? channels) : channels) + (j === c.blocks ? entering : channels)),
    ),
  };
};

const layersOf = (c: UNetArchitecture) => {
  const levels = levelsOf(c);
  const embedding = 4 * c.base;
  const { channels } = levels.at(-1)!; // an architecture has a level
  const { groups, adaptiveGroupNorm, dropout } = c;
  const kind = { groups, adaptiveGroupNorm, dropout, embedding };
  const residual = residualBlock({ ...kind, inputs: channels, outputs: channels });
  return {
    ...embeddingLayers(c),
    input: convLayer({ inputs: c.image[2] + (c.condition?.channels ?? 0), outputs: c.base }),
    levels: levels.map((_, l) => levelOf(c, levels, l)),
    middle: {
      before: residual,
      attention: attentionBlock({ channels, heads: headsOver(c.heads, channels), groups: c.groups }),
      after: residual,
    },
    norm: groupNormLayer({ channels: levels[0]!.channels, groups: c.groups }),
    output: convLayer({
      inputs: levels[0]!.channels,
      outputs: c.image[2] * (c.learnedVariance === undefined ? 1 : 2),
      initializer: allZeros,
    }),
  };
};
type Layers = ReturnType<typeof layersOf>;

/** One level, and all below it. */
const through =
  <B extends Dim>(
    layers: Layers,
    params: UNetParams,
    embedding: Tensor<[B, Dim]>,
    keyOf: (path: string) => Key | undefined,
  ) =>
  (l: number) =>
  (entering: Images<B>): Images<B> => {
    const [level, p] = [layers.levels[l]!, params.levels[l]!];
    const skips = level.down.reduce<readonly Images<B>[]>(
      (hs, block, j) => [
        ...hs,
        block.apply(p.down[j]!)(embedding, keyOf(`levels.${l}.down.${j}`))(hs.at(-1)!),
      ],
      [entering],
    );
    const below = (h: Images<B>): Images<B> =>
      level.downsample && p.downsample && level.upsample && p.upsample
        ? F.pipe(
            h,
            level.downsample.apply(p.downsample),
            through(layers, params, embedding, keyOf)(l + 1),
            level.upsample.apply(p.upsample),
          )
        : F.pipe(
            h,
            layers.middle.before.apply(params.middle.before)(embedding, keyOf('middle.before')),
            layers.middle.attention.apply(params.middle.attention),
            layers.middle.after.apply(params.middle.after)(embedding, keyOf('middle.after')),
          );
    return level.up.reduce(
      (h, block, j) =>
        block.apply(p.up[j]!)(embedding, keyOf(`levels.${l}.up.${j}`))(concat(skips.at(-1 - j)!)(h)),
      below(skips.at(-1)!),
    );
  };

const isImage = (image: readonly number[], x: Tensor<Shape>): void => {
  if (showShape(dims(x).slice(1)) !== showShape(image))
    raise('ShapeError', {
      where: 'unet',
      expected: `images [B, ${image.join(', ')}]`,
      actual: showShape(dims(x)),
      hint: 'make the model for images of this size',
    });
};

/** From images to what the last convolution gives, `[B, H, W, C]`, or `[B, H, W, 2·C]` where the variance is learned. */
const evaluated = (c: UNetArchitecture, layers: Layers) => {
  return <B extends Dim>(params: UNetParams, x: Tensor<[B, ...Shape]>, at: UNetConditioning<B>) => {
    isImage(c.image, x);
    const { dropout } = at;
    const keyOf = (path: string): Key | undefined =>
      dropout === undefined || c.dropout === 0 ? undefined : fork(dropout, path)[path];
    const embedding: Tensor<[B, Dim]> = embed(layers, params, at);
    const images = x as unknown as Images<B>; // which has just been checked
    return F.pipe(
      besideCondition(c, images, at.condition),
      layers.input.apply(params.input),
      through(layers, params, embedding, keyOf)(0),
      layers.norm.apply(params.norm),
      silu,
      layers.output.apply(params.output),
    );
  };
};

const built = <I extends Shape>(c: UNetArchitecture): UNet<I> => {
  const layers = layersOf(c);
  const { learnedVariance: as } = c;
  const evaluate = evaluated(c, layers);
  const both: NonNullable<UNet<I>['learned']>['apply'] = (params, x, at) => {
    // prediction and variance side by side, each of the size where the way down began
    const [prediction, variance] = halve()(evaluate(params, x, at));
    return { prediction: ascribeLike(x)(prediction), variance: ascribeLike(x)(variance) };
  };
  return {
    ...collect(layers),
    predicts: c.predicts,
    ...(c.classes !== undefined && { classes: c.classes }),
    ...(c.condition !== undefined && { condition: c.condition }),
    timesteps: c.timesteps,
    config: c,
    ...(as === undefined
      ? { apply: (params, x, at) => ascribeLike(x)(evaluate(params, x, at)) } // the size where the way down began
      : { apply: (params, x, at) => both(params, x, at).prediction, learned: { as, apply: both } }),
  };
};

/**
 * A U-Net from its configuration; a `ConfigError` says what to change in one that cannot work. The last
 * convolution begins at zero, and so does what each residual and attention block adds.
 *
 * @example
 * const model = unet({ image: [28, 28, 1], base: 24, multipliers: [1, 2, 2], attention: [7], predicts: 'v' })
 * model // : E.Either<NoisefoldError, UNet<[28, 28, 1]>>
 * pipe(model, E.map(({ config }) => config.blocks)) // → E.right(2)
 */
export const unet = <const I extends readonly [number, number, number]>(
  config: UNetConfig<I>,
): either.Either<NoisefoldError, UNet<Widened<I>>> =>
  F.pipe(
    unetArchitecture(config),
    E.map((architecture) => built<Widened<I>>(architecture)),
  );
