/** The guide of a sampling: parameters, or a trained classifier, which must match the model. */
import type { Conditions } from '../../conditions/conditions.js';
import type { Names } from '../../data/dataset.js';
import { type GuidedParams, overParams } from '../../diffusion/index.js';
import { isValue, leafSpec, type Resident, treeSpec } from '../../dsl/index.js';
import { valueShape } from '../../dsl/run/value.js';
import { mapLeaves } from '../../dsl/types/tree.js';
import { raise, showShape } from '../../internal/errors.js';
import { isClassifier, type Trained, type TrainedClassifier } from '../../checkpoints/trained.js';
import { otherLevel } from './noiseLevels.js';
import { namesOf, requireSameNames } from '../../data/classNames.js';
import type { ImageShape } from '../../data/dataset.js';

const isTrained = <Q, I extends ImageShape>(
  guide: Resident<Q> | TrainedClassifier<Q, I> | undefined,
): guide is TrainedClassifier<Q, I> => {
  const { model, noising, params } = Object(guide) as Partial<TrainedClassifier<Q, I>>;
  return isClassifier(model) && noising !== undefined && params !== undefined;
};

/** The conditions of a denoiser. */
type Takes = { readonly conditions?: Conditions };

/**
 * The parameters of a guide, and the names of its classes. Raises `ConfigError` for a classifier of other images, other noise
 * levels, or other classes.
 */
const guideParts = <Q, I extends ImageShape>(
  where: string,
  { model, image, noising, names }: Pick<Trained<never, I>, 'image' | 'noising' | 'names'> & { readonly model: Takes },
  guide: Resident<Q> | TrainedClassifier<Q, I> | undefined,
): { readonly params: Resident<Q> | undefined; readonly names?: Names } => {
  const refuse = (expected: string, actual: string, hint: string): never =>
    raise('ConfigError', { where: `${where}: guide`, expected, actual, hint });
  if (!isTrained(guide))
    return isClassifier(guide)
      ? refuse('a trained classifier, or parameters', 'a model alone', 'give the result of fit')
      : { params: guide };
  const [own, other] = [showShape(image), showShape(guide.image)];
  if (own !== other) refuse(`a classifier of images ${own}`, `one of ${other}`, 'train both on the same images');
  const difference = otherLevel(noising, guide.noising);
  if (difference !== undefined)
    refuse(
      'a classifier that was trained with the process of the model',
      difference,
      'give `fit` the same `noising` for both',
    );
  requireSameNames(
    `${where}: guide`,
    namesOf(model.conditions, names),
    guide.names,
    'train both with the same `names` of the data',
  );
  return guide;
};

/**
 * A model with the parameters of its guide, if the guide has any, and with the names of the guide's classes if it has none. Raises
 * `ConfigError` for a classifier that was trained on other images or classes, or at other noise levels.
 */
export const besideGuide = <P, Q, I extends ImageShape>(
  where: string,
  { params, ...trained }: Trained<P, I>,
  source: Resident<Q> | TrainedClassifier<Q, I> | undefined,
): Trained<GuidedParams<P, Q>, I> => {
  const { params: guide, names } = guideParts(where, trained, source);
  return {
    ...trained,
    names: { ...names, ...trained.names },
    model: {
      ...overParams(({ denoiser }: GuidedParams<P, Q>) => denoiser)(trained.model),
      params: treeSpec({
        denoiser: trained.model.params,
        guide: mapLeaves(guide, isValue, (leaf) => leafSpec(valueShape(leaf))),
      }),
    },
    params: { denoiser: params, guide } as Resident<GuidedParams<P, Q>>, // a conditional type, which does not reduce while P and Q are generic
  };
};
