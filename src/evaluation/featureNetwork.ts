/** Networks whose features the metrics compare. */
import { type Dim, type Resident, type Shape, type Tensor, type TreeSpec, treeSpec } from '../dsl/index.js';
import { extentsFor, type ImageExtents, type ImageShape, type ImageShapeOf, type ImageSize } from '../data/dataset.js';
import { callback, list } from '../internal/parts.js';
import { argument } from '../internal/schema.js';

/** The outputs of a feature network for B images. */
export interface Perception {
  /** `[B, D]` */
  readonly features: Tensor<['B', Dim]>;
  /** The probabilities of the classes, `[B, K]`, if the network is a classifier. */
  readonly probabilities?: Tensor<['B', Dim]>;
}

/** A network of features as a function of its parameters `P`, for images of shape `I`. */
export interface FeatureModel<P, I extends ImageShape> {
  /** Height, width and channels of an image. */
  readonly image: ImageExtents<I>;
  readonly params: TreeSpec<P>;
  /** The function of images `[B, height, width, channels]` in [-1, 1]. */
  readonly apply: (params: P) => (images: Tensor<['B', ...I]>) => Perception;
}

/** A feature network with parameters on a backend. */
export interface FeatureNetwork<P, I extends ImageShape> {
  readonly model: FeatureModel<P, I>;
  readonly params: Resident<P>;
  /**
   * The version of the function, for `featureShards`: a run does not use the features of another version. Parameters
   * need no version, because a digest tells them apart.
   */
  readonly version?: string;
}

const imageOf = argument('featuresOf: image', list('the shape of an image, such as [28, 28, 1]'));
const functionOfImages = argument('featuresOf: features', callback('a function of images', 'write (images) => …'));

/**
 * Makes a feature network without parameters of a function of images `[B, height, width, channels]` in [-1, 1] that
 * returns features `[B, D]`.
 *
 * @param image - height, width and channels of an image
 * @example
 * const means = featuresOf([2, 2, 1], (images) => mean(images, [1, 2])) // the mean of each channel
 * const images: Images = { data: Float32Array.of(0, 0, 0, 1, 1, 1, 1, 1), shape: [2, 2, 2, 1] }
 * const nf = await open(reference())
 * const { features } = await nf.run(extractFeatures(means, images))
 * features // → { data: [0.25, 1], shape: [2, 1] }
 * await nf.close()
 */
export const featuresOf = <const I extends ImageSize>(
  image: I,
  features: (images: Tensor<['B', ...ImageShapeOf<I>]>) => Tensor<[Dim, Dim]>,
): FeatureNetwork<object, ImageShapeOf<I>> => {
  imageOf.demand(image);
  functionOfImages.demand(features);
  return {
    model: {
      image: extentsFor<ImageShapeOf<I>>(image),
      params: treeSpec<object>({}),
      apply: () => (images) => {
        const result: Tensor<Shape> = features(images);
        return { features: result as Tensor<['B', Dim]> }; // checked when it runs
      },
    },
    params: {},
  };
};
