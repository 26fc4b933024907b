/**
 * The U-Net of DDPM (Ho et al. 2020, appendix B; Ronneberger et al. 2015), ADM (Dhariwal & Nichol 2021) and EDM (Karras
 * et al. 2022): residual blocks in the encoder and the decoder, attention at some resolutions and at the bottleneck,
 * and skip connections from every activation of the encoder.
 */
import {
  ascribeLike,
  concat,
  type Dim,
  dims,
  halve,
  type NoisefoldError,
  type Shape,
  silu,
  type Tensor,
  type Widened,
} from '../../dsl/index.js';
import type { Conditions, ConditionsConfig } from '../../conditions/conditions.js';
import type { TakesConditions } from '../../conditions/marks.js';
import { requireConditions } from '../../conditions/values.js';
import type { Exact } from '../../internal/exact.js';
import { E, type either, F } from '../../internal/fp.js';
import { headsOver } from '../layers/heads.js';
import { allZeros } from '../layers/initializers.js';
import { type Bound, layer, type ParamsOf, type Trainable } from '../layers/layer.js';
import { convLayer, groupNormLayer } from '../layers/layers.js';
import { blockOf, encoded, encoderLayers, type Images, imagesFor, resampling, throughMiddle } from './encoder.js';
import { joinedChannelsOf, levelsOf } from './encoderConfig.js';
import {
  embed,
  embeddingLayers,
  imageChannelsOf,
  tokensFor,
  tokenSizeOf,
  type UNetConditioning,
  withImages,
} from './unetConditioning.js';
import { type UNetArchitecture, unetArchitecture, type UNetConfig } from './unetConfig.js';

/** The parameters of a U-Net; `levels` go from full resolution to the bottleneck. */
export interface UNetParams extends ParamsOf<ReturnType<typeof layersOf>> {}

/** The parameters of one level of a U-Net. */
export type UNetLevelParams = UNetParams['levels'][number];

/** The outputs of a U-Net with a learned variance, both `[B, ...I]`. */
export interface UNetOutputs<B extends Dim, I extends Shape> {
  readonly prediction: Tensor<[B, ...I]>;
  readonly variance: Tensor<[B, ...I]>;
}

/** A U-Net for images of shape `I` and conditions `C`, with its configuration: a model for `noisefold/diffusion`. */
export interface UNet<I extends Shape, C = unknown>
  extends Trainable<UNetParams>, Required<Pick<UNetConfig, 'predicts'>>, TakesConditions<C> {
  readonly config: UNetArchitecture;
  /** The number of timesteps; absent for a model of continuous time. */
  readonly timesteps?: number;
  /** True for a model of continuous time, which `preconditioned` turns into a denoiser. */
  readonly noiseLabels?: true;
  /** Its conditions, by name. */
  readonly conditions?: Conditions;
  /** Predicts from x_t, `[B, ...I]`, and its conditioning: `[B, ...I]`. */
  readonly apply: <B extends Dim>(
    params: UNetParams,
    x: Tensor<[B, ...I]>,
    conditioning: UNetConditioning<NoInfer<B>>,
  ) => Tensor<[B, ...I]>;
  /** The prediction with the identity in place of the attention maps at the bottleneck, for `pag`; absent without attention there, and with tokens. */
  readonly perturbed?: UNet<I>['apply'];
  /**
   * The prediction and the variance in one evaluation, if the variance is learned; `apply` returns only the prediction.
   */
  readonly learned?: {
    readonly as: 'range' | 'logVariance';
    readonly apply: <B extends Dim>(
      params: UNetParams,
      x: Tensor<[B, ...I]>,
      conditioning: UNetConditioning<NoInfer<B>>,
    ) => UNetOutputs<B, I>;
  };
}

/** The heads of block `j` of a level of the decoder; null without attention. */
const upHeadsOf = (c: UNetArchitecture, { channels, attends }: ReturnType<typeof levelsOf>[number], j: number) =>
  attends && (c.upAttention === 'every' || j === c.blocks) ? headsOver(c.upHeads ?? c.heads, channels) : null;

const layersOf = (c: UNetArchitecture) => {
  const encoder = encoderLayers(c, c.image[2] + imageChannelsOf(c), tokenSizeOf(c));
  const levels = levelsOf(c);
  const decoderInputs = joinedChannelsOf(c).toReversed(); // by level and block: the channels that enter it, with those of its skip
  const { channels } = levels[0]!; // an architecture has at least one level
  return {
    ...embeddingLayers(c),
    ...encoder,
    levels: encoder.levels.map((level, l) => {
      const { channels: width } = levels[l]!;
      const below = levels[l + 1]?.channels;
      return {
        ...level,
        ...(below !== undefined && { upsample: resampling(c, 'double', below) }),
        up: decoderInputs[l]!.map((inputs, j) =>
          blockOf(c, inputs, width, upHeadsOf(c, levels[l]!, j), tokenSizeOf(c)),
        ),
      };
    }),
    norm: groupNormLayer({ channels, groups: c.groups, epsilon: c.epsilon }),
    output: convLayer({
      inputs: channels,
      outputs: c.image[2] * (c.learnedVariance === undefined ? 1 : 2),
      initializer: allZeros,
    }),
  };
};
type Net = Bound<ReturnType<typeof layersOf>>;

/** From images to the output of the last convolution: `[B, H, W, C]`, or `[B, H, W, 2·C]` with a learned variance. */
const evaluated =
  (c: UNetArchitecture, net: Net) =>
  <B extends Dim>(
    x: Tensor<[B, ...Shape]>,
    conditioning: UNetConditioning<B>,
    identityAttention: boolean,
  ): Images<B> => {
    const images = imagesFor('unet', c, x);
    requireConditions('unet', c.conditions, conditioning.conditions, dims(x)[0]);
    const context = {
      embedding: embed(c, net, conditioning),
      key: conditioning.dropout,
      identityAttention,
      tokens: tokensFor(c, images, conditioning),
    };
    const skips = encoded(net, withImages(c, images, conditioning), context);
    let h = throughMiddle(net, skips.at(-1)!, context);
    for (const { upsample, up } of net.levels.toReversed()) {
      if (upsample !== undefined) h = upsample(h, context);
      for (const block of up) h = block(concat(h, skips.pop()!), context); // there is one for each block
    }
    return net.output(silu(net.norm(h)));
  };

const unetOf = <I extends Shape, C>(c: UNetArchitecture): UNet<I, C> => {
  const { params, init, apply } = layer(layersOf(c), (net) => evaluated(c, net));
  const { learnedVariance, predicts, timesteps, conditions, middle } = c;
  const predictBoth =
    (identityAttention: boolean): NonNullable<UNet<I>['learned']>['apply'] =>
    (params, x, conditioning) => {
      const [prediction, variance] = halve(apply(params)(x, conditioning, identityAttention)); // two halves of the channels, each of the shape of x
      return { prediction: ascribeLike(prediction, x), variance: ascribeLike(variance, x) };
    };
  const predict =
    (identityAttention: boolean): UNet<I>['apply'] =>
    (params, x, conditioning) =>
      learnedVariance === undefined
        ? ascribeLike(apply(params)(x, conditioning, identityAttention), x)
        : predictBoth(identityAttention)(params, x, conditioning).prediction; // of the shape of x
  return {
    params,
    init,
    config: c,
    predicts,
    ...(timesteps === 'continuous' ? ({ noiseLabels: true } as const) : { timesteps }),
    ...(conditions !== undefined && { conditions }),
    apply: Object.assign(predict(false), { config: c }), // saving a trained model uses this to check that its functions are unchanged
    ...(middle !== 'residual' && tokenSizeOf(c) === undefined && { perturbed: predict(true) }),
    ...(learnedVariance !== undefined && {
      learned: { as: learnedVariance, apply: Object.assign(predictBoth(false), { config: c }) },
    }),
  };
};

/** The conditions of a configuration with the fields of `G`: any if the fields or the names are not known, or may be left out. */
type ConditionsIn<G, C> = [keyof G] extends [never]
  ? unknown
  : 'conditions' extends keyof G
    ? G extends { readonly conditions: unknown }
      ? string extends keyof C
        ? unknown
        : C
      : unknown
    : C;

/**
 * Makes a U-Net from a configuration, or returns a `ConfigError` that says what to change. The last convolution, and
 * the last layer of each residual and attention block, start at zero.
 * @example
 * const config = { image: [28, 28, 1], base: 24, multipliers: [1, 2, 2], attention: [7], predicts: 'v' } as const
 * const model = unwrap(unet({ ...config, conditions: { label: 10 } }))
 * model // : UNet<[28, 28, 1], { readonly label: 10 }>
 * model.config.blocks // → 2
 * unwrap(unet(config)) // : UNet<[28, 28, 1], {}>
 */
export const unet = <
  const I extends readonly [height: number, width: number, channels: number],
  G = unknown,
  const C extends ConditionsConfig = {},
>(
  config: Exact<G, keyof UNetConfig> & UNetConfig<I> & { readonly conditions?: C },
): either.Either<NoisefoldError, UNet<Widened<I>, ConditionsIn<G, C>>> =>
  F.pipe(unetArchitecture(config), E.map(unetOf<Widened<I>, ConditionsIn<G, C>>));
