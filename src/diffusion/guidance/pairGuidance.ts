/** Guidance by the predictions of two denoisers. */
import { type NoisefoldError, type Shape } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { argument } from '../../internal/schema.js';
import { convertedAt } from '../denoisers/atLevel.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import type { NamesIn, TakesConditions } from '../../conditions/marks.js';
import { mergedConditions } from '../../conditions/conditions.js';
import { ignoreOthers } from '../denoisers/mapDenoiser.js';
import { denoiserPart } from '../parts.js';
import type { ClassifierGuidance } from './classifierGuidance.js';
import { type CheckedRule, type ContrastRule, type Chain, guidedByPair, requiredLevel, ruleOf } from './contrast.js';

/** {@link pairGuidance} for a checked rule; `where` is its name in errors. */
export const pairGuidanceOf =
  <Q, J extends Shape>(
    where: string,
    other: Denoiser<Q, J>,
    rule: either.Either<NoisefoldError, CheckedRule>,
  ): ClassifierGuidance<Q, J, never> =>
  <P extends { readonly guide: Q }, I extends J>(denoiser: Denoiser<P, I>) =>
    F.pipe(
      rule,
      E.tap(() => argument(where, denoiserPart).decode(other)),
      E.bindTo('checked'),
      E.tap(() => sameClock(where, other, denoiser)),
      E.bind('conditions', () => mergedConditions(where, denoiser.conditions, other.conditions)),
      E.flatMap(({ checked, conditions }) => {
        const second = ignoreOthers(other as Denoiser<Q, I>); // `other` supports samples of the shape J, which includes I
        const chainOf =
          (of: Denoiser<P, I>): Chain<P, I> =>
          (params, x, at) => {
            const prediction = second.apply(params.guide, x, at);
            const { predicts } = denoiser;
            return [
              other.predicts === predicts
                ? prediction
                : convertedAt(other.predicts, predicts, requiredLevel(where, at))(x, prediction),
              ignoreOthers(of).apply(params, x, at),
            ];
          };
        const timesteps = Math.min(denoiser.timesteps ?? Infinity, other.timesteps ?? Infinity);
        return E.map((guided: Denoiser<P, I>) => ({
          ...guided,
          conditions,
          ...(timesteps < Infinity && { timesteps }),
        }))(guidedByPair(where, checked, denoiser, chainOf));
      }),
    );

/** Returns a `ConfigError` unless two denoisers take the same times. */
const sameClock = (where: string, other: Clocked, denoiser: Clocked): either.Either<NoisefoldError, void> =>
  clockOf(other) === clockOf(denoiser)
    ? E.right(undefined)
    : fail('ConfigError', {
        where,
        expected: `a second denoiser whose network takes ${clockOf(denoiser)}, as the first`,
        actual: `a denoiser of ${clockOf(other)}`,
        hint: 'train both alike',
      });
type Clocked = Pick<Denoiser<never, Shape>, 'noiseLabels' | 'clock'>;

/**
 * Guidance of your own from the predictions of a denoiser and of a second denoiser. The field `guide` beside the first denoiser's
 * parameters has the parameters of the second, as for {@link classifierGuided}. Returns a `ConfigError` for an invalid rule and for
 * networks that take different times.
 * @example
 * const first: Denoiser<{ guide: null }, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const second: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const away = pairGuidance(second, { combine: ({ positive, negative }) => sub(mul(positive, 2), negative) })
 * unwrap(away(first)).apply({ guide: null }, zeros(1), { t: iota(1) }) // → [2]
 */
export const pairGuidance = <Q, J extends Shape, C = unknown>(
  other: Denoiser<Q, J> & TakesConditions<C>,
  rule: ContrastRule,
): ClassifierGuidance<Q, J, NamesIn<C>> =>
  pairGuidanceOf('pairGuidance', other, ruleOf('pairGuidance').decode<ContrastRule>(rule));

/** The number that a network takes as its time, in words. */
const clockOf = ({ noiseLabels = false, clock = 'timestep' }: Clocked): string =>
  noiseLabels ? 'noise labels' : clock === 'level' ? 'noise levels' : 'timesteps';
