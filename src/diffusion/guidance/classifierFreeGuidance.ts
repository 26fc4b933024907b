import {
  add,
  and,
  ascribeLike,
  cast,
  type Dim,
  dims,
  div,
  fullLike,
  greater,
  greaterEqual,
  lessEqual,
  meanPerSample,
  mul,
  onesLike,
  reshape,
  scaleBy,
  type Shape,
  slice,
  sqrt,
  square,
  squeeze,
  sub,
  type Tensor,
  where,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { fail } from '../../internal/errors.js';
import { exactTuple, finite, hinted, refined, share } from '../../internal/decode.js';
import { E, F, t } from '../../internal/fp.js';
import { argument, optional, schema } from '../../internal/schema.js';
import { joinBatches, splitBatches, perSample } from '../levels/batch.js';
import type { NoiseLevel } from '../levels/path.js';
import { joinConditions } from '../denoisers/condition.js';
import { requiredLabel, checkUnconditional } from '../denoisers/labelChecks.js';
import type { ClassGuidance } from './guidance.js';

/** Refinements of classifier-free guidance. */
export interface CfgOptions {
  /**
   * φ of guidance rescale (Lin et al. 2024, eq. 15 and 16; 0.7 there): rescales the standard deviation of each guided
   * prediction toward that of the conditional one. From 0, no change, to 1; 0 if left out. A constant prediction does not
   * change.
   */
  readonly rescale?: number;
  /**
   * The interval of the denoiser's timesteps at which to guide, both ends included; all if left out (Kynkäänniemi et al.
   * 2024). Outside of it the prediction is the conditional one. Saves no time: the compiled step is the same for every
   * timestep, and makes both predictions.
   */
  readonly interval?: readonly [first: number, last: number];
}

const cfgOptions = /* @__PURE__ */ schema('cfg', {
  rescale: optional(hinted(refined(share, 'a rescale between 0 and 1', share.is), '0.7 is usual; 0 is off'), 0),
  interval: optional(
    hinted(
      exactTuple([t.number, t.number], 'an interval [first, last]'),
      '{ interval: [200, 800] } guides only between these timesteps',
    ),
  ),
} satisfies Record<keyof CfgOptions, unknown>).rule(({ interval: [first, last] = [0, 0] }) =>
  Number.isInteger(first) && Number.isInteger(last) && 0 <= first && first <= last
    ? null
    : {
        field: 'interval',
        expected: 'an interval of whole timesteps, 0 ≤ first ≤ last',
        actual: `[${first}, ${last}]`,
        hint: 'timesteps begin at 0, which has the least noise',
      },
);
const scaleOf = argument('cfg', hinted(refined(finite, 'a finite guidance scale', finite.is), '1 is unguided; try 2'));

/** Joins the noise levels of two batches, like `joinBatches`. */
const joinLevels = <B extends Dim>(first: NoiseLevel<B>, second: NoiseLevel<B>): NoiseLevel<Dim> => ({
  alpha: joinBatches(first.alpha, second.alpha),
  sigma: joinBatches(first.sigma, second.sigma),
});

/** The variance of each sample, `[B, ...I]` to `[B]`; exactly 0 if all its numbers are equal. */
const variance = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>): Tensor<[B]> => {
  const [B] = dims(x);
  // subtract the first number first: the mean of equal numbers is rounded, so their variance would not be 0
  const origin = ascribeLike(squeeze(slice(reshape(x, B, -1), 1, 0, 1), 1) as Tensor<Shape>, perSample(x));
  const without = (of: Tensor<[B, ...I]>, numbers: Tensor<[B]>) => sub(of, scaleBy(onesLike(x), numbers));
  const moved = without(x, origin);
  return meanPerSample(square(without(moved, meanPerSample(moved))));
};

/** The ratio of the standard deviations of two batches, for each sample; 1 if the second is 0. */
const deviationRatio = <B extends Dim, I extends Shape>(
  over: Tensor<[B, ...I]>,
  under: Tensor<[B, ...I]>,
): Tensor<[B]> => {
  const divisor = variance(under);
  const varies = greater(divisor, 0);
  const one = onesLike(divisor);
  return sqrt(div(where(varies, variance(over), one), where(varies, divisor, one)));
};

/**
 * Classifier-free guidance (Ho & Salimans 2022, eq. 6): uncond + scale·(cond - uncond), where uncond is the prediction
 * without a class; the paper's w is scale - 1. A scale of 1 is unguided; 0 ignores the class. Without `rescale`, all
 * parameterizations give the same samples. Both predictions come from one evaluation of a doubled batch, with the same
 * condition. The denoiser must have been trained with label dropout.
 *
 * Returns a `ConfigError` for a denoiser without classes or one trained only with labels, a scale that is not finite,
 * invalid options, and an interval beyond the timesteps of the denoiser. Sampling without labels raises a `ConfigError`.
 * @example
 * const denoiser: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   classes: 1,
 *   apply: (_, x, { label }) => add(cast(label!, 'float32'), x), // 0 for class 0, 1 without a class
 * }
 * const at = { t: iota(1), label: iota(1) }
 * unwrap(cfg(3)(denoiser)).apply(null, zeros(1), at) // → [1 + 3 * (0 - 1)]
 * unwrap(cfg(3, { interval: [5, 9] })(denoiser)).apply(null, zeros(1), at) // → [0]
 */
export const cfg =
  <G = unknown>(scale: number, given?: Exact<G, keyof CfgOptions> & CfgOptions): ClassGuidance =>
  (denoiser) => {
    const { classes, timesteps = Infinity, apply } = denoiser;
    const options = F.pipe(
      cfgOptions.decode<CfgOptions>(given),
      E.tap(() => scaleOf.decode(scale)),
    );
    if (E.isLeft(options)) return options;
    const { rescale, interval } = options.right;
    if (interval !== undefined && interval[0] >= timesteps)
      return fail('ConfigError', {
        where: 'cfg.interval',
        expected: `an interval that begins at a timestep of the denoiser, 0 to ${timesteps - 1}`,
        actual: `[${interval.join(', ')}]`,
        hint: 'no step would be guided',
      });
    if (classes === undefined)
      return fail('ConfigError', {
        where: 'cfg',
        expected: 'a denoiser with classes',
        actual: 'one without classes',
        hint: 'train it with labels and label dropout, or sample unguided',
      });
    const unready = checkUnconditional('cfg', denoiser);
    if (E.isLeft(unready)) return unready;
    /** The weight of each sample at its timestep, `[B]`. */
    const weightAt = <B extends Dim>(t: Tensor<[B], 'int32' | 'float32'>): Tensor<[B]> => {
      const weight = fullLike(cast(t, 'float32'), scale);
      if (interval === undefined) return weight;
      const inside = and(greaterEqual(t, interval[0]), lessEqual(t, interval[1]));
      return where(inside, weight, onesLike(weight));
    };
    return E.right({
      ...denoiser,
      apply: (params, x, at) => {
        const label = requiredLabel('cfg', at.label);
        const { condition, level } = at;
        const [withClass, without] = splitBatches(x)(
          apply(params, joinBatches(x, x), {
            ...at,
            t: joinBatches(at.t, at.t),
            ...(level && { level: joinLevels(level, level) }),
            label: joinBatches(label, fullLike(label, classes)),
            ...(condition && { condition: joinConditions(condition, condition) }),
          }),
        );
        const guided = add(without, scaleBy(sub(withClass, without), weightAt(at.t)));
        if (rescale === 0) return guided;
        const ratio = deviationRatio(withClass, guided);
        return scaleBy(guided, add(mul(ratio, rescale), 1 - rescale));
      },
    });
  };
