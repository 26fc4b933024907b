/** Trained networks: the results of `fit` and `loadTrained`. */
import type { ClassifierModel, Model, Parameterization, Noising } from '../diffusion/index.js';
import { noisingPart as anyNoising, predictsPart } from '../diffusion/parts.js';
import { treeSpecPart } from '../dsl/graph/spec.js';
import type { NoisefoldError, Resident } from '../dsl/index.js';
import { functionOf, hinted, positive } from '../internal/decode.js';
import { fail } from '../internal/errors.js';
import { E, type either, F, t } from '../internal/fp.js';
import { callback, isObject, part, partOf } from '../internal/parts.js';
import { argument } from '../internal/schema.js';
import { type Conditions, recognizedBy, recognizedType } from '../conditions/conditions.js';
import type { ConditionDropout } from '../conditions/dropout.js';
import type { TakesConditions } from '../conditions/marks.js';
import type { ImageExtents, ImageShape, Names } from '../data/dataset.js';

/** A network `M` with parameters on a backend. */
interface TrainedNetwork<P, I extends ImageShape, M> {
  readonly model: M;
  readonly noising: Noising;
  /** Height, width and channels of an image. */
  readonly image: ImageExtents<I>;
  /** The averaged parameters. */
  readonly params: Resident<P>;
  /** The names of the classes, by the name of the condition, if the data set of the training has names. */
  readonly names?: Names;
}

declare const known: unique symbol;

/**
 * A model with parameters on a backend. `K` are the conditions of the model, by name, if its type shows them.
 */
export interface Trained<P, I extends ImageShape, out K = unknown> extends TrainedNetwork<
  P,
  I,
  Omit<Model<P, I>, 'init'>
> {
  /**
   * The dropout of conditions in training. Conditions that were never dropped are required: guidance by them and samples without
   * them are a `ConfigError`. If the field is missing, `sample` does not check this.
   */
  readonly conditionDropout?: ConditionDropout;
  /**
   * True if the network learned the ends of the flow, by a loss such as `consistencyLosses`; false for other losses of this
   * library. If false, `consistency` and `tcd` are a `ConfigError`. If the field is missing, `sample` does not check this.
   */
  readonly estimatesEnd?: boolean;
  /** The process of the training. `sample` compares `noising` with it, if the field is there. */
  readonly trainingNoising?: Noising;
  /** Phantom: absent at run time. */
  readonly [known]?: K;
}

/** A classifier of noisy images with parameters on a backend: `sample` takes it as `guide`. */
export interface TrainedClassifier<Q, I extends ImageShape> extends TrainedNetwork<
  Q,
  I,
  Omit<ClassifierModel<Q, I>, 'init'>
> {
  readonly conditionDropout?: undefined;
  readonly estimatesEnd?: undefined;
}

/** A trained denoiser or classifier. */
export type AnyTrained<P, I extends ImageShape> = Trained<P, I> | TrainedClassifier<P, I>;

/** The conditions that the type of a network shows; unknown if it does not. */
type ConditionsOf<M> = M extends TakesConditions<infer C> ? C : unknown;

/** The result of `fit` for a network `M`. */
export type TrainedOf<P, I extends ImageShape, M> = M extends { readonly predicts: Parameterization }
  ? Trained<P, I, ConditionsOf<M>>
  : TrainedClassifier<P, I>;

/** True for a classifier, which has `classes` and, unlike a denoiser, no `predicts`. */
export const isClassifier = <X>(x: X): x is Extract<X, { readonly classes: number | Conditions }> =>
  isObject(x) && 'classes' in x && !('predicts' in x);

export const noisingPart = anyNoising as t.Type<Noising>; // parts.ts does not import the type: that would be a cycle

export const conditioners = hinted(
  t.record(t.string, functionOf('a function that makes a condition, such as superResolution({ factor: 2 })')),
  'give the functions by name: { lowRes: superResolution({ factor: 2 }) }',
);

/** The values that a network takes with each sample: the conditions of a denoiser, or the classes that a classifier recognizes. */
export const conditionsOf = <P, I extends ImageShape>(network: object): Conditions => {
  const { conditions, classes } = network as Partial<Model<P, I> & ClassifierModel<P, I>>;
  return isClassifier(network) ? recognizedBy(classes!) : (conditions ?? {});
};

/** The conditions that a network takes from its data: those that are not made from the samples. */
export const fromData = (network: object, made: object = {}): Conditions =>
  Object.fromEntries(Object.entries(conditionsOf(network)).filter(([name]) => !(name in made)));

/** A denoiser or a classifier, with parameters and these fields. */
/* @__NO_SIDE_EFFECTS__ */
export const networkWith = (more: t.Props): t.Type<unknown> => {
  const fields = { apply: callback('a function of tensors'), params: treeSpecPart, ...more };
  const names = Object.keys(fields);
  const denoiser = partOf(part('a model', 'predicts', ...names), { predicts: predictsPart, ...fields });
  const classifier = partOf(part('a classifier', 'classes', ...names), { classes: recognizedType, ...fields });
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
            hint: 'give a denoiser; `sample` takes a classifier as `guide`',
          })
        : E.right(network),
    )(checkedNetwork(where)(trained));

/** The prediction of a network, for snapshots and files: the parameterization of a denoiser, or 'class'. */
export const predictionOf = (model: object & { readonly predicts?: Parameterization }): Parameterization | 'class' =>
  model.predicts ?? 'class';
