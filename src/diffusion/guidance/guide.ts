/** Guides: classifiers of noisy data, and gradients of log p(y|x_t). */
import {
  add,
  type Dim,
  grad,
  type Key,
  logSoftmax,
  mul,
  type NoisefoldError,
  oneHot,
  scaleBy,
  type Shape,
  sum,
  type Tensor,
  type TreeSpec,
} from '../../dsl/index.js';
import { fail, raise } from '../../internal/errors.js';
import { E, type either, t } from '../../internal/fp.js';
import { finite, hinted, refined } from '../../internal/decode.js';
import { isObject } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';

import { type Conditioning, type Denoiser, type Guides } from '../denoisers/denoiser.js';
import { acceptLabels } from '../denoisers/mapDenoiser.js';
import { requiredLabel } from '../denoisers/labelChecks.js';
import { entriesAt } from '../channels/entries.js';

/** A classifier of noisy data, with parameters `Q` and samples of shape `I`. */
export interface Classifier<Q, I extends Shape> {
  /** The number of classes: labels are 0…classes-1. */
  readonly classes: number;
  /** The number of its timesteps, 0…timesteps-1. If left out, any timestep is valid. */
  readonly timesteps?: number;
  /**
   * Maps `params`, x_t of `[B, ...I]` and the timesteps `[B]` to logits, log p(y|x_t) up to a constant, `[B, classes]`. In
   * training it also gets the key of dropout layers; without it they do nothing.
   */
  readonly apply: <B extends Dim>(
    params: Q,
    x: Tensor<[B, ...I]>,
    t: Tensor<[NoInfer<B>], 'int32' | 'float32'>,
    dropout?: Key,
  ) => Tensor<[B, Dim]>;
}

/** A trainable classifier: one with a specification of its parameters. */
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
    const label = requiredLabel(where, at.label);
    // NaN for a label out of range, where `oneHot` gives zeros, which would mean no guidance
    const target = scaleBy(
      oneHot(label, classes) as Tensor<[B, Dim]>,
      entriesAt(new Float64Array(classes).fill(1))(label),
    );
    // the gradient of a float32 tensor has its type, which the compiler does not compute for a generic I
    return grad((place: Tensor<[B, ...I]>) =>
      sum(mul(logSoftmax(apply(requiredGuide(params.guide), place, at.t)), target)),
    )(x) as Tensor<[B, ...I]>;
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
 * Adds guides to a denoiser. The result has the classes of the classifier, even if the denoiser has none, and the timesteps
 * that both know. Returns a `ConfigError` for an invalid guide, a scale that is not finite, and a different number of
 * classes.
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
  return (denoiser.classes ?? classes) === classes
    ? E.right({ ...acceptLabels(denoiser), ...limit, classes, guides })
    : fail('ConfigError', {
        where,
        expected: `a classifier of ${denoiser.classes} classes, as many as the denoiser has`,
        actual: `one of ${classes} classes`,
        hint: 'train both with the same labels',
      });
};
