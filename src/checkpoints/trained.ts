/** Trained networks: the results of `fit` and `loadTrained`. */
import type { ClassifierModel, Model, Parameterization, Noising } from '../diffusion/index.js';
import type { Resident } from '../dsl/index.js';
import type { IfNoClasses, WithoutClasses } from '../internal/classes.js';
import type { ImageExtents, ImageShape } from '../data/dataset.js';

/** A network `M` with parameters on a backend. */
interface TrainedNetwork<P, I extends ImageShape, M> {
  readonly model: M;
  readonly noising: Noising;
  /** Height, width and channels of an image. */
  readonly image: ImageExtents<I>;
  /** The averaged parameters. */
  readonly params: Resident<P>;
  /** The names of the classes, by label, if the data set of the training has names. */
  readonly classes?: readonly string[];
}

declare const known: unique symbol;

/**
 * A model with parameters on a backend. `K` is what its type knows of its classes: {@link WithoutClasses}, or nothing.
 */
export interface Trained<P, I extends ImageShape, out K = unknown> extends TrainedNetwork<
  P,
  I,
  Omit<Model<P, I>, 'init'>
> {
  /**
   * The rate at which labels were dropped in training. At 0, `cfg` and samples without a label are a `ConfigError`. If
   * it is missing, nothing is checked.
   */
  readonly labelDropout?: number;
  /**
   * True if the loss of the training was one for `consistency`, false if it was another one of this library; then `consistency` and `tcd`
   * are a `ConfigError`. If it is missing, nothing is checked.
   */
  readonly estimatesEnd?: boolean;
  /** The process of the training, with which `sample` compares `noising`. If it is missing, nothing is compared. */
  readonly trainingNoising?: Noising;
  /** Phantom: absent at run time. */
  readonly [known]?: K;
}

/** A classifier of noised images with parameters on a backend: `sample` takes it as `guide`. */
export interface TrainedClassifier<Q, I extends ImageShape> extends TrainedNetwork<
  Q,
  I,
  Omit<ClassifierModel<Q, I>, 'init'>
> {
  readonly labelDropout?: undefined;
  readonly estimatesEnd?: undefined;
}

/** A trained denoiser or classifier. */
export type AnyTrained<P, I extends ImageShape> = Trained<P, I> | TrainedClassifier<P, I>;

/** The result of `fit` for a network `M`. */
export type TrainedOf<P, I extends ImageShape, M> = M extends { readonly predicts: Parameterization }
  ? Trained<P, I, IfNoClasses<M, WithoutClasses, unknown>>
  : TrainedClassifier<P, I>;
