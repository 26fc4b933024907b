/** Trained networks: the results of `fit` and `loadTrained`. */
import type { ClassifierModel, Model, Parameterization, Noising } from '../diffusion/index.js';
import { noisingPart as anyNoising, predictsPart } from '../diffusion/parts.js';
import { treeSpecPart } from '../dsl/graph/spec.js';
import type { NoisefoldError, Resident } from '../dsl/index.js';
import { functionOf, positive } from '../internal/decode.js';
import { fail } from '../internal/errors.js';
import { E, type either, F, t } from '../internal/fp.js';
import { callback, isObject, part, partOf } from '../internal/parts.js';
import { argument } from '../internal/schema.js';
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

/** True for a classifier, which has `classes` and, unlike a denoiser, no `predicts`. */
export const isClassifier = <X>(x: X): x is Extract<X, { readonly classes: number }> =>
  isObject(x) && 'classes' in x && !('predicts' in x);

export const noisingPart = anyNoising as t.Type<Noising>; // parts.ts does not import the type: that would be a cycle

export const conditioner = functionOf('a function that makes conditions, such as superResolution({ factor: 2 })');

/** A denoiser or a classifier, with parameters and these fields. */
/* @__NO_SIDE_EFFECTS__ */
export const networkWith = (more: t.Props): t.Type<unknown> => {
  const fields = { apply: callback('a function of tensors'), params: treeSpecPart, ...more };
  const names = Object.keys(fields);
  const denoiser = partOf(part('a model', 'predicts', ...names), { predicts: predictsPart, ...fields });
  const classifier = partOf(part('a classifier', 'classes', ...names), { classes: positive, ...fields });
  const kindOf = (x: unknown) => (isClassifier(x) ? classifier : denoiser);
  return new t.Type<unknown>(
    'a model',
    (x): x is unknown => kindOf(x).is(x),
    (x, context) => kindOf(x).validate(x, context),
    F.identity,
  );
};

const trainedPart = partOf(
  part('a trained model, as fit or loadTrained returns it', 'model', 'noising', 'image', 'params'),
  {
    model: networkWith({}),
    noising: noisingPart,
    image: t.readonlyArray(positive, 'the shape of an image, such as [28, 28, 1]'),
  },
);

/** Returns a trained network; `ConfigError` for anything else, such as a snapshot. */
export const checkedNetwork =
  (where: string) =>
  <A>(trained: A): either.Either<NoisefoldError, A> =>
    E.map(() => trained)(
      argument(`${where}: trained`, trainedPart, 'give the result of fit or loadTrained').decode(trained),
    );

/** Returns a trained denoiser; `ConfigError` for anything else, such as a classifier. */
export const checkedTrained =
  (where: string) =>
  <A extends { readonly model: unknown }>(trained: A): either.Either<NoisefoldError, A> =>
    E.flatMap((network: A) =>
      isClassifier(network.model)
        ? fail('ConfigError', {
            where: `${where}: trained`,
            expected: 'a trained denoiser',
            actual: 'a classifier',
            hint: 'give a model that predicts; `sample` takes a classifier as `guide`',
          })
        : E.right(network),
    )(checkedNetwork(where)(trained));

/** The prediction of a network, for snapshots and files: the parameterization of a denoiser, or 'class'. */
export const predictionOf = (model: object & { readonly predicts?: Parameterization }): Parameterization | 'class' =>
  model.predicts ?? 'class';
