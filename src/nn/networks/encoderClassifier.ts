/**
 * The classifier of noisy images of ADM (Dhariwal & Nichol 2021, section 4): the encoder of a U-Net, pooled to classes.
 */
import {
  concatAll,
  type Dim,
  dims,
  type Key,
  mean,
  type NoisefoldError,
  relu,
  reshape,
  type Shape,
  silu,
  type Tensor,
  type Widened,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import {
  type Conditions,
  type ConditionsConfig,
  recognizedBy,
  recognizedType,
  sizeOf,
} from '../../conditions/conditions.js';
import { hinted, oneOf, positive } from '../../internal/decode.js';
import { E, type either, F, type t } from '../../internal/fp.js';
import { type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { timeEmbedding } from '../layers/embedding.js';
import { allZeros } from '../layers/initializers.js';
import {
  beside,
  type Bound,
  type CheckedParts,
  type Layer,
  layer,
  type ParamsOf,
  type Trainable,
} from '../layers/layer.js';
import { groupNormLayer, linearLayer } from '../layers/layers.js';
import type { Times } from '../layers/timeFeatures.js';
import { attentionPool } from './attentionPool.js';
import { encoded, encoderLayers, type Images, imagesFor, throughMiddle } from './encoder.js';
import { encoderFits, groupsFit, headsFit } from './encoderChecks.js';
import {
  embeddingOf,
  type Encoder,
  type EncoderConfig,
  encoderFields,
  type ImageDimensions,
  inputChannelsOf,
  levelsOf,
  present,
} from './encoderConfig.js';

const optionsOfClassifier = {
  /** The number of classes of `label`; or the classes of several conditions, by name: `{ hair: ['short', 'long'], glasses: 2 }`. */
  classes: recognizedType as t.Type<number | ConditionsConfig>,
  /**
   * The reduction of an image to a vector: `attention` (the default, as in ADM's classifiers); `adaptive`, the mean of
   * the bottleneck; `spatial`, the means of all activations and a hidden layer; `normalizedSpatial`, the same with a
   * group norm.
   */
  pool: optional(oneOf('attention', 'adaptive', 'spatial', 'normalizedSpatial'), 'attention'),
  /** The length of the hidden layer of the spatial pools; default 2048. */
  hidden: optional(hinted(positive, '2048 is usual'), 2048),
};

/** The configuration of a classifier of noisy images. */
export interface ClassifierConfig<I extends ImageDimensions = ImageDimensions>
  extends EncoderConfig<I>, OptionsOf<typeof optionsOfClassifier> {}

const options = /* @__PURE__ */ schema('encoderClassifier', { ...encoderFields, ...optionsOfClassifier })
  .rule(encoderFits)
  .rule((c) => (c.pool === 'normalizedSpatial' ? groupsFit(c.groups, `hidden ${c.hidden}`, [c.hidden]) : null))
  .rule((c) => (c.pool === 'attention' ? headsFit('heads', c.heads, { ...c, middle: 'attention' }) : null));

/** A valid configuration with its defaults: plain JSON, for checkpoints. */
export type ClassifierArchitecture = Omit<Filled<typeof options.fields, ClassifierConfig>, 'classes'> & {
  readonly classes: number | Conditions;
};

/**
 * Decodes the configuration of a classifier from a file or a program, and adds the defaults. Returns a `ConfigError`
 * that says what to change for an invalid value, an unknown field, or a network that cannot be built.
 * @example
 * const architecture = classifierArchitecture({ image: [28, 28, 1], base: 32, multipliers: [1, 2], classes: 0 })
 * isLeft(architecture) && architecture.left.where // → 'encoderClassifier.classes'
 */
export const classifierArchitecture = (config: unknown): either.Either<NoisefoldError, ClassifierArchitecture> =>
  F.pipe(
    options.decode<ClassifierConfig>(config),
    E.map((c) => present(options.fields, c) as ClassifierArchitecture), // decoded classes are specifications
  );

/** The length of the means of all activations. */
const lengthOfMeans = (c: Encoder): number => {
  const widths = levelsOf(c).map(({ channels }) => channels);
  const entering = [inputChannelsOf(c), ...widths]; // the channels that enter each level, and those of the bottleneck
  return [...entering, ...widths.map((width) => c.blocks * width)].reduce((a, b) => a + b);
};

/** The mean of the pixels, `[B, C]`. */
const pooled = <B extends Dim>(x: Images<B>): Tensor<[B, Dim]> => mean(x, [1, 2]);

/** A vector as an image of one pixel. */
const onePixel = <B extends Dim>(x: Tensor<[B, Dim]>): Images<B> => {
  const [B, C] = dims(x) as readonly number[] as readonly [number, number]; // programs are traced with numbers
  return reshape(x, B, 1, 1, C) as Tensor<[Dim, Dim, Dim, Dim]> as Images<B>;
};

/** The means of all activations, `[B, lengthOfMeans]`. */
const meansOf = <B extends Dim>(activations: readonly Images<B>[]): Tensor<[B, Dim]> =>
  concatAll(activations.map(pooled) as unknown as readonly [Tensor<[B, Dim]>], -1); // there is at least one

/** Images of the bottleneck, and the activations before them → classes. */
type Pool = <B extends Dim>(x: Images<B>, activations: readonly Images<B>[]) => Tensor<[B, Dim]>;

const pool = <T>(parts: CheckedParts<T>, body: (net: Bound<T>) => Pool) => layer<T, Pool>(parts, body);

/** The layers after the encoder, by `pool`. */
const poolsOf = (c: ClassifierArchitecture) => {
  const { height, width, channels } = levelsOf(c).at(-1)!; // an architecture has at least one level
  const { groups, epsilon } = c;
  const outputs = Object.values(recognizedBy(c.classes)).reduce((all, spec) => all + sizeOf(spec), 0);
  const ofPixels = { pixels: height * width, inputs: channels, outputs, heads: c.heads };
  const norm = groupNormLayer({ channels, groups, epsilon });
  const last = linearLayer({ inputs: channels, outputs, initializer: allZeros });
  const hidden = linearLayer({ inputs: lengthOfMeans(c), outputs: c.hidden });
  const output = linearLayer({ inputs: c.hidden, outputs });
  return {
    attention: () => pool({ norm, pool: attentionPool(ofPixels) }, (net) => (x) => net.pool(silu(net.norm(x)))),
    adaptive: () => pool({ norm, output: last }, (net) => (x) => net.output(pooled(silu(net.norm(x))))),
    spatial: () => pool({ hidden, output }, (net) => (x, all) => net.output(relu(net.hidden(meansOf([...all, x]))))),
    normalizedSpatial: () =>
      pool(
        { hidden, hiddenNorm: groupNormLayer({ channels: c.hidden, groups, epsilon }), output },
        (net) => (x, all) => net.output(pooled(silu(net.hiddenNorm(onePixel(net.hidden(meansOf([...all, x]))))))),
      ),
  };
};
type Pools = ReturnType<typeof poolsOf>;
type PoolParams = Partial<ParamsOf<ReturnType<Pools['attention']>> & ParamsOf<ReturnType<Pools['normalizedSpatial']>>>;

/** The layers before the pool. */
const bodyLayers = (c: ClassifierArchitecture) => {
  const { timesteps, sinusoid, image } = c;
  const { timeChannels: size, embedding: outputs } = embeddingOf(c);
  return { time: timeEmbedding({ timesteps, sinusoid, size, outputs }), ...encoderLayers(c, image[2]) };
};

/** The parameters of a classifier of noisy images. */
export interface ClassifierParams extends ParamsOf<ReturnType<typeof bodyLayers>>, PoolParams {}

/**
 * A classifier of noisy images of shape `I`, with its configuration. `fit` trains it, and `classifierGuided` takes it.
 */
export interface EncoderClassifier<I extends Shape> extends Trainable<ClassifierParams> {
  readonly config: ClassifierArchitecture;
  readonly classes: number | Conditions;
  /** The number of timesteps; absent for a classifier of continuous time. */
  readonly timesteps?: number;
  /** Maps x_t, `[B, ...I]`, and the time of each sample to log p(y|x_t) up to a constant, `[B, classes]`. */
  readonly apply: <B extends Dim>(
    params: ClassifierParams,
    x: Tensor<[B, ...I]>,
    t: Times<NoInfer<B>>,
    dropout?: Key,
  ) => Tensor<[B, Dim]>;
}

const layersOf = (c: ClassifierArchitecture) =>
  beside(
    layer(bodyLayers(c), (net) => net),
    poolsOf(c)[c.pool]() as Layer<PoolParams, Pool>, // of one pool
  );
type Net = ReturnType<ReturnType<typeof layersOf>['apply']>;

const evaluated =
  (c: ClassifierArchitecture, [net, toClasses]: Net) =>
  <B extends Dim>(x: Tensor<[B, ...Shape]>, t: Times<B>, key: Key | undefined): Tensor<[B, Dim]> => {
    const context = { embedding: silu(net.time(t)), key };
    const activations = encoded(net, imagesFor('encoderClassifier', c, x), context);
    return toClasses(throughMiddle(net, activations.at(-1)!, context), activations);
  };

const built = <I extends Shape>(c: ClassifierArchitecture): EncoderClassifier<I> => {
  const { params, init, apply } = layersOf(c);
  const classified: EncoderClassifier<I>['apply'] = (p, x, t, dropout) => evaluated(c, apply(p))(x, t, dropout);
  return {
    params,
    init,
    config: c,
    classes: c.classes,
    ...(c.timesteps !== 'continuous' && { timesteps: c.timesteps }),
    apply: Object.assign(classified, { config: c }), // saving a trained classifier uses this to check that its functions are unchanged
  };
};

/**
 * Makes a classifier of noisy images from a configuration, or returns a `ConfigError` that says what to change. Its
 * layers are the encoder of `unet`, followed by a pooling layer over the bottleneck.
 * @example
 * const network = unwrap(encoderClassifier({ image: [28, 28, 1], base: 16, multipliers: [1, 2, 2], classes: 10, resample: 'residual' }))
 * network // : EncoderClassifier<[28, 28, 1]>
 * network.config.pool // → 'attention'
 */
export const encoderClassifier = <const I extends ImageDimensions, G = unknown>(
  config: Exact<G, keyof ClassifierConfig> & ClassifierConfig<I>,
): either.Either<NoisefoldError, EncoderClassifier<Widened<I>>> =>
  F.pipe(classifierArchitecture(config), E.map(built<Widened<I>>));
