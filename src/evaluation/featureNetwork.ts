/** Networks whose features the metrics compare. */
import type { Dim, Resident, Tensor, TreeSpec } from '../dsl/index.js';
import type { ImageExtents, ImageShape } from '../training/data/dataset.js';

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
