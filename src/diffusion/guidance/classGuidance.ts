/** Guidance by the predictions of a denoiser with a class and without one. */
import { type Dim, fullLike, type NoisefoldError, type Shape } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { joinConditions } from '../denoisers/condition.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { checkUnconditional, requiredLabel } from '../denoisers/labelChecks.js';
import { joinBatches, splitBatches } from '../channels/batch.js';
import type { NoiseLevel } from '../paths/path.js';
import type { ClassGuidance } from './guidance.js';
import { type CheckedRule, type ContrastRule, guidedByPair, type Pair, ruleOf } from './contrast.js';

/** Joins the noise levels of two batches, like `joinBatches`. */
const doubled = <B extends Dim>({ alpha, sigma, norm, rates }: NoiseLevel<B>): NoiseLevel<Dim> => ({
  alpha: joinBatches(alpha, alpha),
  sigma: joinBatches(sigma, sigma),
  ...(norm && { norm: joinBatches(norm, norm) }),
  ...(rates && {
    rates: { alpha: joinBatches(rates.alpha, rates.alpha), sigma: joinBatches(rates.sigma, rates.sigma) },
  }),
});

/** Predictions with the class and without, from one evaluation of a doubled batch with the same condition. */
const byClass =
  <P, I extends Shape>(where: string, classes: number, { apply }: Denoiser<P, I>): Pair<P, I> =>
  (params, x, at) => {
    const label = requiredLabel(where, at.label);
    const { condition, level } = at;
    return splitBatches(x)(
      apply(params, joinBatches(x, x), {
        ...at,
        t: joinBatches(at.t, at.t),
        ...(level && { level: doubled(level) }),
        label: joinBatches(label, fullLike(label, classes)),
        ...(condition && { condition: joinConditions(condition, condition) }),
      }),
    );
  };

/** {@link classGuidance} with a checked rule, by its name in errors. */
export const classGuidanceOf =
  (where: string, rule: either.Either<NoisefoldError, CheckedRule>): ClassGuidance =>
  (denoiser) =>
    F.pipe(
      rule,
      E.bindTo('checked'),
      E.bind('classes', () =>
        denoiser.classes === undefined
          ? fail('ConfigError', {
              where,
              expected: 'a denoiser with classes',
              actual: 'one without classes',
              hint: 'train it with labels and label dropout, or sample unguided',
            })
          : E.right(denoiser.classes),
      ),
      E.tap(() => checkUnconditional(where, denoiser)),
      E.flatMap(({ checked, classes }) => guidedByPair(where, checked, denoiser, byClass(where, classes, denoiser))),
    );

/**
 * Guidance of your own from the predictions with the class of each sample and without a class, which come from one evaluation
 * of a doubled batch. {@link cfg} is `negative + scale·(positive - negative)`.
 *
 * Returns a `ConfigError` for a denoiser without classes or one trained only with labels, and for an invalid rule. Sampling
 * without labels raises a `ConfigError`.
 * @example
 * const denoiser: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   classes: 1,
 *   apply: (_, x, { label }) => add(cast(label!, 'float32'), x), // 0 for class 0, 1 without a class
 * }
 * const mean = classGuidance({ combine: ({ positive, negative }) => mul(add(positive, negative), 0.5) })
 * unwrap(mean(denoiser)).apply(null, zeros(1), { t: iota(1), label: iota(1) }) // → [0.5]
 */
export const classGuidance = (rule: ContrastRule): ClassGuidance =>
  classGuidanceOf('classGuidance', ruleOf('classGuidance').decode<ContrastRule>(rule));
