/** The conditioning of a U-Net: timesteps, classes, vectors, tokens, images. */
import type { ConditionSpec } from '../../conditions/conditions.js';
import { type Classes, type ConditionValues, imageOf, labelOf, tokensOf, vectorOf } from '../../conditions/values.js';
import {
  add,
  cast,
  concat,
  type Dim,
  dims,
  fullLike,
  type Key,
  less,
  matmul,
  resizeBilinear,
  silu,
  type Tensor,
  zeros,
  zerosLike,
} from '../../dsl/index.js';
import { classEmbedding, type ClassEmbedding, timeEmbedding, type TimeEmbedding } from '../layers/embedding.js';
import { fanInUniform } from '../layers/initializers.js';
import { type Bound, type Layer, type ParamsOf, parameterOf } from '../layers/layer.js';
import type { Times } from '../layers/timeFeatures.js';
import { embeddingOf } from './encoderConfig.js';
import type { TokenContext } from './transformerBlock.js';
import type { UNetArchitecture } from './unetConfig.js';

/** The conditioning of a U-Net. */
export interface UNetConditioning<B extends Dim> {
  /** The time of each sample, `[B]`: timesteps counted from 0, or numbers that may be fractional. */
  readonly t: Times<B>;
  /** The values of each sample, by name; a missing value means none. */
  readonly conditions?: ConditionValues<B>;
  /** The key for dropout; without it there is no dropout. */
  readonly dropout?: Key;
}

/** The layers of a condition: the embedding of a class, the matrix of a vector, or the time embedding of an image's noise level. */
type ConditionLayers = Readonly<
  Record<string, ClassEmbedding | TimeEmbedding | { readonly w: Layer<Tensor<[Dim, Dim]>, Tensor<[Dim, Dim]>> }>
>;

/** The layers of the conditions, by name; `${name}Time` for the noise level of an image. */
const conditionLayers = (c: UNetArchitecture): ConditionLayers => {
  const { timeChannels, embedding } = embeddingOf(c);
  const layersOf = (name: string, spec: ConditionSpec): ConditionLayers => {
    if ('classes' in spec) {
      const { classes, nothing = 'row', required, at } = spec;
      const noClass = required === true ? 'never' : nothing;
      return at === 'input'
        ? { [name]: classEmbedding({ classes, outputs: timeChannels, noClass, affine: true }) }
        : { [name]: classEmbedding({ classes, outputs: embedding, noClass }) };
    }
    if ('vector' in spec) {
      const outputs = spec.at === 'input' ? timeChannels : embedding;
      return { [name]: { w: parameterOf<[Dim, Dim]>(fanInUniform(), spec.vector, outputs) } };
    }
    return 'image' in spec && spec.noiseLevel === true ? { [`${name}Time`]: timeLayer(c) } : {};
  };
  return Object.assign(
    {},
    ...Object.entries(c.conditions ?? {}).map(([name, spec]) => layersOf(name, spec)),
  ) as ConditionLayers;
};

const timeLayer = (c: UNetArchitecture): TimeEmbedding => {
  const { timesteps, sinusoid } = c;
  const { timeChannels: size, embedding: outputs } = embeddingOf(c);
  return timeEmbedding({ timesteps, sinusoid, size, outputs });
};

/** The embedding of the time, and the layers of the conditions beside it. */
export const embeddingLayers = (c: UNetArchitecture): { readonly time: TimeEmbedding } =>
  Object.assign({ time: timeLayer(c) }, conditionLayers(c));
type EmbeddingLayers = ReturnType<typeof embeddingLayers>;

/** The parameters of the embedding of the time. Those of conditions stand beside it, by name. */
export interface UNetEmbeddingParams extends ParamsOf<EmbeddingLayers> {}

/** The sum of vectors; undefined for none. */
const sumOf = <B extends Dim>(vectors: readonly Tensor<[B, Dim]>[]): Tensor<[B, Dim]> | undefined =>
  vectors.length === 0 ? undefined : vectors.reduce((sum, vector) => add(sum, vector));

/**
 * The embedding that all residual blocks share, `[B, E]`: silu(time(t, those at its input) + those at its output), with the
 * embeddings of classes and vectors, and of the noise levels of images at the output.
 */
export const embed = <B extends Dim>(
  c: UNetArchitecture,
  net: Bound<EmbeddingLayers>,
  conditioning: UNetConditioning<B>,
): Tensor<[B, Dim]> => {
  const { t } = conditioning;
  const { time } = net;
  const bound = net as unknown as Readonly<Record<string, unknown>>; // the layers of conditions have the types of their kinds
  const embedded = (name: string, spec: ConditionSpec): readonly Tensor<[B, Dim]>[] => {
    if ('classes' in spec) {
      const classes: Classes<B> = labelOf(conditioning, name) ?? fullLike(cast(t, 'int32'), spec.classes); // none
      return [(bound[name] as Bound<ClassEmbedding>)(classes)];
    }
    if ('vector' in spec) {
      const vector = vectorOf(conditioning, name);
      const { w } = bound[name] as { readonly w: Tensor<[Dim, Dim]> };
      return vector === undefined ? [] : [matmul(vector, w)];
    }
    if (!('image' in spec) || spec.noiseLevel !== true) return [];
    const level = imageOf(conditioning, name)?.t ?? zerosLike(cast(t, 'int32')); // of no image, as where it is dropped
    return [(bound[`${name}Time`] as Bound<TimeEmbedding>)(level)];
  };
  const conditions = Object.entries(c.conditions ?? {});
  const isAtInput = (spec: ConditionSpec): boolean => 'at' in spec && spec.at === 'input';
  const inputs = sumOf(conditions.flatMap(([name, spec]) => (isAtInput(spec) ? embedded(name, spec) : [])));
  const outputs = conditions.flatMap(([name, spec]) => (isAtInput(spec) ? [] : embedded(name, spec)));
  return silu(outputs.reduce((sum, vector) => add(sum, vector), time(t, inputs)));
};

/** The condition of tokens, if a network has one. */
const tokensIn = ({ conditions = {} }: UNetArchitecture) =>
  Object.entries(conditions).flatMap(([name, spec]) => ('tokens' in spec ? [{ name, spec }] : []))[0];

/** The length of the tokens that a network is conditioned on. */
export const tokenSizeOf = (c: UNetArchitecture): number | undefined => tokensIn(c)?.spec.tokens;

/** The tokens of each sample; without a value one token that does not count. Undefined for a network without tokens. */
export const tokensFor = <B extends Dim>(
  c: UNetArchitecture,
  images: Tensor<[B, Dim, Dim, Dim]>,
  conditioning: UNetConditioning<B>,
): TokenContext<B> | undefined => {
  const own = tokensIn(c);
  if (own === undefined) return undefined;
  const B = dims(images)[0] as number; // programs are traced with numbers
  const none = { tokens: zeros(B, 1, own.spec.tokens), mask: less(zeros(B, 1), 0) };
  return tokensOf(conditioning, own.name) ?? (none as TokenContext as TokenContext<B>);
};

/** The channels of the images that a network is conditioned on. */
export const imageChannelsOf = ({ conditions = {} }: UNetArchitecture): number =>
  Object.values(conditions).reduce((sum, spec) => sum + ('image' in spec ? spec.image : 0), 0);

/**
 * Appends the images of the conditions as channels: `[B, H, W, C]` → `[B, H, W, C + channels]`. An image of another size is
 * resized bilinearly; a missing image is zeros, of the noise level 0.
 */
export const withImages = <B extends Dim>(
  { conditions = {} }: UNetArchitecture,
  images: Tensor<[B, Dim, Dim, Dim]>,
  conditioning: UNetConditioning<B>,
): Tensor<[B, Dim, Dim, Dim]> => {
  const [B, height, width] = dims(images) as readonly number[] as readonly [number, number, number]; // programs are traced with numbers
  return Object.entries(conditions).reduce((joined, [name, spec]) => {
    if (!('image' in spec)) return joined;
    const image =
      imageOf(conditioning, name)?.image ?? (zeros(B, height, width, spec.image) as Tensor<[Dim, Dim, Dim, Dim]>);
    const [, ownHeight, ownWidth] = dims(image);
    const isOfSize = ownHeight === height && ownWidth === width;
    return concat(joined, (isOfSize ? image : resizeBilinear(image, height, width)) as typeof images);
  }, images);
};
