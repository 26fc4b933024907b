/** Gaussians over tensors: one variance for each sample, or one for each element. */
import type { Dim, Shape, Tensor } from '../../dsl/index.js';

/** A Gaussian for each sample: the mean has the shape of the samples, the variance is one number for each, `[B]`. */
export interface Gaussian<B extends Dim, I extends Shape> {
  readonly mean: Tensor<[B, ...I]>;
  readonly variance: Tensor<[B]>;
  readonly logVariance: Tensor<[B]>;
}

/** Independent Gaussians, one for each element. */
export interface DiagonalGaussian<S extends Shape> {
  readonly mean: Tensor<S>;
  readonly logVariance: Tensor<S>;
}
