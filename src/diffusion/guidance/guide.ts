/** Guides: classifiers of noisy data, and gradients of log p(y|x_t). */
import {
  add,
  argmax,
  type Dim,
  grad,
  type Key,
  logSoftmax,
  mul,
  type NoisefoldError,
  oneHot,
  scaleBy,
  type Shape,
  slice,
  sum,
  type Tensor,
  type TreeSpec,
} from '../../dsl/index.js';
import { type Conditions, mergedConditions, recognizedBy, sizeOf } from '../../conditions/conditions.js';
import { type Conditioned, labelOf } from '../../conditions/values.js';
import { raise } from '../../internal/errors.js';
import { E, type either, t } from '../../internal/fp.js';
import { finite, hinted, refined } from '../../internal/decode.js';
import { isObject } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';

import { type Conditioning, type Denoiser, type Guides } from '../denoisers/denoiser.js';
import { ignoreOthers } from '../denoisers/mapDenoiser.js';
import { entriesAt } from '../channels/entries.js';

/** A classifier of noisy data, with parameters `Q` and samples of shape `I`. */
export interface Classifier<Q, I extends Shape> {
  /** The number of classes of `label`, numbered from 0; or the classes of several conditions by name, `{ hair: { classes: 3 } }`. */
  readonly classes: number | Conditions;
  /** The number of timesteps that the classifier knows, 0…timesteps-1. If left out, any timestep is valid. */
  readonly timesteps?: number;
  /**
   * Maps `params`, x_t of `[B, ...I]` and the timesteps `[B]` to logits, log p(y|x_t) up to a constant, `[B, classes]`; those
   * of several conditions stand one after the other. In training it also gets the key of dropout layers; without a key dropout is off.
   */
  readonly apply: <B extends Dim>(
    params: Q,
    x: Tensor<[B, ...I]>,
    t: Tensor<[NoInfer<B>], 'int32' | 'float32'>,
    dropout?: Key,
  ) => Tensor<[B, Dim]>;
}

/** A trainable classifier: a classifier with a specification of its parameters. */
export interface ClassifierModel<Q, I extends Shape> extends Classifier<Q, I> {
  readonly params: TreeSpec<Q>;
  /** Initial parameters. */
  readonly init: (key: Key) => Q;
}

/** A guide as the gradient of a log-likelihood, or of a negated energy, with parameters `Q`. */
export interface GuideGradient<Q, J extends Shape> {
  /** Maps `params`, x_t of `[B, ...I]` and its conditioning to ∇ log p(y|x_t), of the shape of x_t. */
  readonly gradient: <B extends Dim, I extends J>(
    params: Q,
    x: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>>,
  ) => Tensor<[B, ...I]>;
}

/** A guide: a classifier or a gradient. */
export type Guide<Q, J extends Shape> = Classifier<Q, J> | GuideGradient<Q, J>;

/** The parameters of a guide. Raises `ConfigError` if they are missing. */
const requiredGuide = <Q>(params: Q | undefined): Q =>
  params === undefined
    ? raise('ConfigError', {
        where: 'guidance',
        expected: 'the parameters of the classifier',
        actual: 'none',
        hint: 'give them to `sample` as `guide`, or to a sampler as the field `guide` of its parameters',
      })
    : params;

/**
 * ∇ log p(y|x), of the shape of x. For a classifier, the gradient of the sum over the batch, ∇ Σ log p(y|x_t), as in the
 * published scripts: samples are independent.
 */
export const gradientOf =
  <Q, J extends Shape>(where: string, guide: Guide<Q, J>) =>
  <B extends Dim, I extends J>(
    params: { readonly guide: Q },
    x: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>>,
  ): Tensor<[B, ...I]> => {
    if ('gradient' in guide) return guide.gradient(params.guide, x, at);
    const { classes, apply } = guide;
    const specs = recognizedBy(classes);
    if (!Object.keys(specs).some((name) => at.conditions?.[name] !== undefined))
      requiredLabel(where, at, Object.keys(specs)[0]);
    // the gradient has the type of its float32 tensor; the compiler cannot compute this for a generic I
    return grad((place: Tensor<[B, ...I]>) => {
      const logits = apply(requiredGuide(params.guide), place, at.t);
      return recognized(specs, logits, at)
        .map(({ logP }) => sum(logP))
        .reduce((a, b) => add(a, b));
    })(x) as Tensor<[B, ...I]>;
  };

const guidePart = hinted(
  refined(
    t.unknown,
    'a classifier { classes, apply }, or a gradient { gradient }',
    (guide) =>
      isObject(guide) &&
      ('gradient' in guide ? typeof guide.gradient === 'function' : 'apply' in guide && 'classes' in guide),
  ),
  'give the guide, then its scale: of a trained classifier its model, classifierGuided(judge.model, 2)',
);
const scalePart = hinted(
  refined(finite, 'a finite guidance scale', finite.is),
  '1 samples the class; more sharpens the samples',
);

/** Combines two sets of guides: sums their gradients. */
export const bothGuides = <P, I extends Shape>(one: Guides<P, I> = {}, other: Guides<P, I> = {}): Guides<P, I> => {
  const score = one.score ?? other.score;
  const mean = one.mean ?? other.mean;
  return {
    ...(score && { score }),
    ...(one.score && other.score && { score: (...args) => add(one.score!(...args), other.score!(...args)) }),
    ...(mean && { mean }),
    ...(one.mean && other.mean && { mean: (...args) => add(one.mean!(...args), other.mean!(...args)) }),
  };
};

/**
 * Adds guides to a denoiser. The result takes the classes of the classifier, even if the denoiser has none, and the timesteps that
 * both the denoiser and the classifier know. Returns a `ConfigError` for an invalid guide, a scale that is not finite, and a
 * different number of classes.
 */
export const withGuide = <P, Q, J extends Shape, I extends J>(
  where: string,
  guide: Guide<Q, J>,
  scale: number,
  denoiser: Denoiser<P, I>,
  own: Guides<P, I>,
): either.Either<NoisefoldError, Denoiser<P, I>> => {
  const known = E.flatMap(() => argument(where, scalePart).decode(scale))(argument(where, guidePart).decode(guide));
  if (E.isLeft(known)) return known;
  const guides = bothGuides(denoiser.guides, own);
  if ('gradient' in guide) return E.right({ ...denoiser, guides });
  const { classes, timesteps = denoiser.timesteps } = guide;
  const limit = timesteps === undefined ? {} : { timesteps: Math.min(timesteps, denoiser.timesteps ?? Infinity) };
  return E.map((conditions: Conditions) => ({ ...ignoreOthers(denoiser), ...limit, conditions, guides }))(
    mergedConditions(where, denoiser.conditions, guided(classes)),
  );
};

/** The conditions of a guiding classifier. Those of a denoiser say if they are required. */
const guided = (classes: number | Conditions): Conditions =>
  typeof classes === 'number' ? { label: { classes } } : classes;

/** What a classifier says about one condition: log p(y|x_t) of each sample, 0 for a sample without a class, and the likeliest class. */
export interface Recognized<B extends Dim> {
  readonly logP: Tensor<[B]>;
  readonly y: Tensor<[B], 'int32'>;
  readonly likeliest: Tensor<[B], 'int32'>;
}

/** Reads the logits of a classifier, `[B, classes]`, for the conditions that have values. A class out of range gives NaN. */
export const recognized = <B extends Dim>(
  specs: Conditions,
  logits: Tensor<[B, Dim]>,
  at: Conditioned<B>,
): readonly Recognized<B>[] => {
  let first = 0;
  return Object.entries(specs).flatMap(([name, spec]) => {
    const classes = sizeOf(spec);
    const own = (Object.keys(specs).length === 1 ? logits : slice(logits, 1, first, classes)) as Tensor<[B, Dim]>;
    first += classes;
    const y = labelOf(at, name);
    if (y === undefined) return [];
    // NaN for a class out of range, for which the zeros of `oneHot` would silently turn guidance off; 0 for none
    const counts = entriesAt(new Float64Array(classes + 1).fill(1).with(classes, 0))(y);
    const isClass = scaleBy(oneHot(y, classes) as Tensor<[B, Dim]>, counts);
    return [
      {
        logP: sum(mul(logSoftmax(own), isClass), -1) as Tensor<[B]>,
        y,
        likeliest: argmax(own, -1) as Tensor<[B], 'int32'>,
      },
    ];
  });
};

/** The class of each sample, for guides and the losses of classifiers. Raises `ConfigError` if it is missing. */
export const requiredLabel = <B extends Dim>(
  where: string,
  at: Conditioned<B>,
  name = 'label',
  hint = 'give the sampler the classes, or leave guidance out',
): Tensor<[B], 'int32'> =>
  labelOf(at, name) ??
  raise('ConfigError', { where, expected: `the class of each sample, conditions.${name}`, actual: 'none', hint });
