/** Options that all guidance by two predictions has: the interval of noise levels, and the rescaling of the result. */
import {
  add,
  and,
  ascribeLike,
  cast,
  type Dim,
  dims,
  div,
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
import { exactTuple, finite, hinted, refined, share } from '../../internal/decode.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { argument, type Fields, type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Conditioning } from '../denoisers/denoiser.js';
import { overElements, perSample } from '../channels/batch.js';
import { type CheckedRule, type Contrast, type ContrastRule, guidanceStateOf, requiredLevel } from './contrast.js';

/** The guidance scale. */
export const scalePart = hinted(refined(finite, 'a finite guidance scale', finite.is), '1 is unguided; try 2');

/** The fields of the options. */
export const refinementFields = {
  /**
   * φ of guidance rescale (Lin et al. 2024, eq. 15 and 16; 0.7 there): rescales the standard deviation of each guided prediction
   * toward that of the conditional one. 0, the default, changes nothing; 1 rescales fully. A constant prediction does not change.
   */
  rescale: optional(hinted(refined(share, 'a rescale between 0 and 1', share.is), '0.7 is usual; 0 is off'), 0),
  /**
   * The interval of the denoiser's timesteps at which to guide, both ends included; all if left out (Kynkäänniemi et al. 2024).
   * Outside of the interval the result is the conditional prediction. The interval saves no time, because the compiled step is the
   * same for every timestep and evaluates both predictions.
   */
  interval: optional(
    hinted(
      exactTuple([t.number, t.number], 'an interval [first, last]'),
      '{ interval: [200, 800] } guides only between these timesteps',
    ),
  ),
  /** The interval of the noise σ/α at which to guide, [least, greatest], as in the paper. */
  sigmas: optional(
    hinted(exactTuple([t.number, t.number], 'an interval [least, greatest] of σ'), '{ sigmas: [0.3, 5] }'),
  ),
};

/** Options of guidance by two predictions. */
export interface Refinement extends OptionsOf<typeof refinementFields> {}

/** The rules of {@link refinementFields}. */
export const inOrder = ({ interval: [first, last] = [0, 0], sigmas: [least, greatest] = [0, 0] }: Refinement) =>
  !(Number.isInteger(first) && Number.isInteger(last) && 0 <= first && first <= last)
    ? {
        field: 'interval' as const,
        expected: 'an interval of whole timesteps, 0 ≤ first ≤ last',
        actual: `[${first}, ${last}]`,
        hint: 'timesteps begin at 0, which has the least noise',
      }
    : !(0 <= least && least <= greatest)
      ? {
          field: 'sigmas' as const,
          expected: 'an interval of noise levels, 0 ≤ least ≤ greatest',
          actual: `[${least}, ${greatest}]`,
          hint: 'σ = 0 is the data',
        }
      : null;

/** The variance of each sample, `[B, ...I]` to `[B]`; exactly 0 if all its numbers are equal. */
const variance = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>): Tensor<[B]> => {
  const [B] = dims(x);
  // subtracts the first number, because the mean of equal numbers is rounded, so that their variance would not be 0
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

/** Tests for each sample if guidance acts at its time and noise level. */
const actsAt = <B extends Dim>(name: string, { interval, sigmas }: Refinement, at: Conditioning<B>) => {
  const tests = [
    ...(interval ? [and(greaterEqual(at.t, interval[0]), lessEqual(at.t, interval[1]))] : []),
    ...(sigmas
      ? F.pipe(requiredLevel(name, at), ({ alpha, sigma }) => [
          and(greaterEqual(sigma, mul(alpha, sigmas[0])), lessEqual(sigma, mul(alpha, sigmas[1]))),
        ])
      : []),
  ];
  return tests.length === 0 ? null : tests.reduce((all, test) => and(all, test));
};

/** The guided prediction where guidance acts, and the positive prediction elsewhere. */
const withinInterval = <B extends Dim, I extends Shape>(
  name: string,
  interval: Refinement,
  { positive, at, x }: Omit<Contrast<B, I>, 'memory'>,
  prediction: Tensor<[B, ...I]>,
): Tensor<[B, ...I]> => {
  const acts = actsAt(name, interval, at);
  return acts ? where(greater(overElements(x)(cast(acts, 'float32')), 0), prediction, positive) : prediction;
};

/** A rule that acts only in its interval, with its result rescaled. */
export const refinedRule = (
  name: string,
  { rescale = 0, ...interval }: Refinement,
  { combine, renoise, ...rule }: ContrastRule,
): CheckedRule => ({
  ...rule,
  accepts: ({ timesteps = Infinity }) =>
    interval.interval === undefined || interval.interval[0] < timesteps
      ? E.right(undefined)
      : fail('ConfigError', {
          where: `${name}.interval`,
          expected: `an interval that begins at a timestep of the denoiser, 0 to ${timesteps - 1}`,
          actual: `[${interval.interval.join(', ')}]`,
          hint: 'no step would be guided',
        }),
  combine: <B extends Dim, I extends Shape>(contrast: Contrast<B, I>) => {
    const result = guidanceStateOf(combine(contrast));
    const { positive } = contrast;
    const inside = withinInterval(name, interval, contrast, result.prediction);
    const scale = () => add(mul(deviationRatio(positive, inside), rescale), 1 - rescale);
    return { ...result, prediction: rescale === 0 ? inside : scaleBy(inside, scale()) };
  },
  ...(renoise && { renoise: (contrast) => withinInterval(name, interval, contrast, renoise(contrast)) }),
});

/**
 * Makes the rule of guidance by a scale from the scale and the options: {@link refinementFields} and the fields of the rule.
 * Returns a `ConfigError` for invalid options.
 */
/* @__NO_SIDE_EFFECTS__ */
export const byScale = <O extends Fields, S = number>(
  name: string,
  own: O,
  ruleOf: (scale: S, options: Filled<O>) => ContrastRule,
  scaleType: t.Type<S> = scalePart as t.Mixed as t.Type<S>, // S is number
) => {
  const options = schema(name, { ...refinementFields, ...own }).rule(inOrder);
  return (scale: S, settings: unknown): either.Either<NoisefoldError, CheckedRule> =>
    F.pipe(
      options.decode(settings),
      E.tap(() => argument(name, scaleType).decode(scale)),
      E.map((known) => refinedRule(name, known, ruleOf(scale, known))),
    );
};
