/** What knows where samples are to go. */
import {
  type Dim,
  grad,
  logSoftmax,
  mul,
  type NoisefoldError,
  oneHot,
  type Shape,
  sum,
  type Tensor,
} from '../dsl/index.js';
import { fail } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { bothSteerings } from './steering.js';
import { type Conditioning, type Denoiser, hearing, type Steering } from './denoiser.js';
import { requiredGuide, requiredLabel } from './required.js';

/** A classifier of noisy data, with parameters `Q`, of samples of shape `I`. */
export interface Classifier<Q, I extends Shape> {
  /** The number of classes: labels are 0…classes-1. */
  readonly classes: number;
  /** `params`, x_t of `[B, ...I]` and the timestep of each, `[B]`, to log p(y|x_t) but for a constant, `[B, classes]`. */
  readonly apply: <B extends Dim>(
    params: Q,
    x: Tensor<[B, ...I]>,
    t: Tensor<[NoInfer<B>], 'int32'>,
  ) => Tensor<[B, Dim]>;
}

/** A gradient of one's own, with parameters `Q`: of a likelihood, or of an energy, with the sign of its fall. */
export interface GuideGradient<Q, J extends Shape> {
  /** `params`, x_t of `[B, ...I]` and its conditioning to ∇ log p(y|x_t), of the shape of x_t. */
  readonly gradient: <B extends Dim, I extends J>(
    params: Q,
    x: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>>,
  ) => Tensor<[B, ...I]>;
}

/** What samples are guided by. */
export type Guide<Q, J extends Shape> = Classifier<Q, J> | GuideGradient<Q, J>;

/** ∇ log p(y|x), of the shape of x: samples are independent, so that of a classifier is the gradient of their sum. */
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
    // a float32 tensor has a gradient of its own type, which the compiler does not compute while I is open
    return grad((place: Tensor<[B, ...I]>) =>
      sum(mul(logSoftmax(apply(requiredGuide(params.guide), place, at.t)), oneHot(label, classes) as Tensor<[B, Dim]>)),
    )(x) as Tensor<[B, ...I]>;
  };

/**
 * A denoiser with a guide that steers it: it has the classes of a classifier, whether or not it hears of them itself.
 * `ConfigError` where it has others, or the scale is not finite.
 */
export const withGuide = <P, Q, J extends Shape, I extends J>(
  where: string,
  guide: Guide<Q, J>,
  scale: number,
  denoiser: Denoiser<P, I>,
  steering: Steering<P, I>,
): either.Either<NoisefoldError, Denoiser<P, I>> => {
  if (!Number.isFinite(scale))
    return fail('ConfigError', {
      where,
      expected: 'a finite guidance scale',
      actual: `${scale}`,
      hint: '1 is the posterior of the class, more sharpens it',
    });
  const guided = { ...denoiser, steering: bothSteerings(denoiser.steering, steering)! };
  if ('gradient' in guide) return E.right(guided);
  const { classes } = guide;
  const { classes: own = classes } = denoiser;
  return own === classes
    ? E.right({ ...hearing(denoiser), classes, steering: guided.steering })
    : fail('ConfigError', {
        where,
        expected: `a classifier of the ${own} classes of the denoiser`,
        actual: `one of ${classes}`,
        hint: 'train both with the same labels',
      });
};
