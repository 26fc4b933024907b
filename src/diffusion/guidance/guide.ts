/** Guides of samples: classifiers, and gradients of log p(y|x_t). */
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
import { E, type either } from '../../internal/fp.js';
import { show } from '../../internal/decode.js';

import { type Conditioning, type Denoiser, type Guides, acceptLabels } from '../denoiser/denoiser.js';
import { requiredLabel } from '../conditioning/labelChecks.js';
import { entriesAt } from '../process/table.js';

/** A classifier of noisy data, with parameters `Q`, of samples of shape `I`. */
export interface Classifier<Q, I extends Shape> {
  /** The number of classes: labels are 0…classes-1. */
  readonly classes: number;
  /** The number of its timesteps, 0…timesteps-1; without it, any timestep is valid. */
  readonly timesteps?: number;
  /**
   * `params`, x_t of `[B, ...I]` and the timestep of each, `[B]`, to log p(y|x_t) up to a constant, `[B, classes]`. In
   * training also randomness for dropout layers; without it they do nothing.
   */
  readonly apply: <B extends Dim>(
    params: Q,
    x: Tensor<[B, ...I]>,
    t: Tensor<[NoInfer<B>], 'int32'>,
    dropout?: Key,
  ) => Tensor<[B, Dim]>;
}

/** A classifier to be trained: it knows its parameters. */
export interface ClassifierModel<Q, I extends Shape> extends Classifier<Q, I> {
  readonly params: TreeSpec<Q>;
  /** Parameters to begin with. */
  readonly init: (key: Key) => Q;
}

/** The gradient of a log-likelihood, or of a negated energy, with parameters `Q`. */
export interface GuideGradient<Q, J extends Shape> {
  /** `params`, x_t of `[B, ...I]` and its conditioning to ∇ log p(y|x_t), of the shape of x_t. */
  readonly gradient: <B extends Dim, I extends J>(
    params: Q,
    x: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>>,
  ) => Tensor<[B, ...I]>;
}

/** A guide of samples. */
export type Guide<Q, J extends Shape> = Classifier<Q, J> | GuideGradient<Q, J>;

/** The parameters of a guide that has some. Raises `ConfigError`. */
const requiredGuide = <Q>(params: Q | undefined): Q =>
  params === undefined
    ? raise('ConfigError', {
        where: 'guidance',
        expected: 'the parameters of the classifier',
        actual: 'none',
        hint: 'give them to `sample` as `guide`, or as a member `guide` of the parameters',
      })
    : params;

/**
 * ∇ log p(y|x), of the shape of x. Samples are independent, so that of a classifier is the gradient of their sum, as the
 * published scripts take it: ∇ Σ log p(y|x_t).
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
    // NaN for a label outside of the classes, of which `oneHot` would make zeros: no guidance
    const chosen = scaleBy(
      oneHot(label, classes) as Tensor<[B, Dim]>,
      entriesAt(new Float64Array(classes).fill(1))(label),
    );
    // a float32 tensor has a gradient of its own type, which the compiler does not compute while I is open
    return grad((place: Tensor<[B, ...I]>) =>
      sum(mul(logSoftmax(apply(requiredGuide(params.guide), place, at.t)), chosen)),
    )(x) as Tensor<[B, ...I]>;
  };

/** A guide, from JavaScript or not. */
const isGuide = (guide: unknown): boolean =>
  typeof guide === 'object' &&
  guide !== null &&
  ('gradient' in guide ? typeof guide.gradient === 'function' : 'apply' in guide && 'classes' in guide);

/** Two at once: their gradients are summed. */
export const bothGuides = <P, I extends Shape>(one: Guides<P, I> = {}, other: Guides<P, I> = {}): Guides<P, I> => {
  const score = one.score ?? other.score;
  const mean = one.mean ?? other.mean;
  return {
    ...(score && { score }),
    ...(one.score && other.score && { score: (...given) => add(one.score!(...given), other.score!(...given)) }),
    ...(mean && { mean }),
    ...(one.mean && other.mean && { mean: (...given) => add(one.mean!(...given), other.mean!(...given)) }),
  };
};

/**
 * A denoiser with the guides of a guide: it has the classes of the classifier, even if it ignores them itself, and the
 * timesteps that both know. Returns a `ConfigError` if it has other classes, for a scale that is not finite, and for an
 * invalid guide.
 */
export const withGuide = <P, Q, J extends Shape, I extends J>(
  where: string,
  guide: Guide<Q, J>,
  scale: number,
  denoiser: Denoiser<P, I>,
  own: Guides<P, I>,
): either.Either<NoisefoldError, Denoiser<P, I>> => {
  if (!isGuide(guide))
    return fail('ConfigError', {
      where,
      expected: 'a classifier { classes, apply }, or a gradient { gradient }',
      actual: show(guide),
      hint: 'give the guide, then its scale: the process is that of the sampler',
    });
  if (!Number.isFinite(scale))
    return fail('ConfigError', {
      where,
      expected: 'a finite guidance scale',
      actual: show(scale),
      hint: '1 is the posterior of the class, more sharpens it',
    });
  const guides = bothGuides(denoiser.guides, own);
  if ('gradient' in guide) return E.right({ ...denoiser, guides });
  const { classes, timesteps = denoiser.timesteps } = guide;
  const known = timesteps === undefined ? {} : { timesteps: Math.min(timesteps, denoiser.timesteps ?? Infinity) };
  return (denoiser.classes ?? classes) === classes
    ? E.right({ ...acceptLabels(denoiser), ...known, classes, guides })
    : fail('ConfigError', {
        where,
        expected: `a classifier of the ${denoiser.classes} classes of the denoiser`,
        actual: `one of ${classes}`,
        hint: 'train both with the same labels',
      });
};
