import type { Dim, Key, Shape, Tensor } from '../dsl/index.js';
import type { Trainable } from './layer.js';
import type { Prediction } from './unetConfig.js';

/** What a model is told beside the noised images. */
export interface Conditioning<B extends Dim> {
  /** The timestep of each sample, `[B]`, counted from 0. */
  readonly t: Tensor<[B], 'int32'>;
  /** The class of each sample, `[B]`. Without it a model with classes takes them all to be of none. */
  readonly label?: Tensor<[B], 'int32'>;
  /** Randomness for dropout; without it nothing is dropped. */
  readonly dropout?: Key;
}

/** A denoising network with parameters `P` for samples of shape `I`. */
export interface Model<P, I extends Shape> extends Trainable<P> {
  readonly predicts: Prediction;
  /** The number of classes, where there are some; the label of that number is no class. */
  readonly classes?: number;
  /** `params`, x_t of `[B, ...I]` and its conditioning to a prediction of `[B, ...I]`. */
  readonly apply: <B extends Dim>(
    params: P,
    x: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>>,
  ) => Tensor<[B, ...I]>;
}
