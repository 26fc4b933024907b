/** Networks whose features the metrics compare. */
import { type Dim, type Resident, type Tensor, treeSpec, type TreeSpec } from '../dsl/index.js';
import type { Image, ImageExtents, ImageShape } from '../training/data/dataset.js';

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
}

/**
 * A function of images as a feature network without parameters.
 * @param image - height, width and channels of an image
 * @example
 * // the mean of each channel as its features
 * const network = featuresOf([1, 2, 3], (images) => mean(images, [1, 2]))
 * const images: Images = { data: Float32Array.of(0, 0.25, 0.5, 1, 0.75, 0.5), shape: [1, 1, 2, 3] }
 * const nf = await open(reference())
 * const { features } = await nf.run(extractFeatures(network, images))
 * features // → { data: [0.5, 0.5, 0.5], shape: [1, 3] }
 * await nf.close()
 */
export const featuresOf = <const I extends readonly [number, number, number]>(
  image: I,
  features: (images: Tensor<['B', ...Image<I>]>) => Tensor<['B', Dim]>,
): FeatureNetwork<object, Image<I>> => ({
  model: {
    image: image as unknown as ImageExtents<Image<I>>,
    params: treeSpec<object>({}),
    apply: () => (images) => ({ features: features(images) }),
  },
  params: {},
});
