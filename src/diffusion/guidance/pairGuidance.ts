/** Guidance by the predictions of two denoisers. */
import { type NoisefoldError, type Shape } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { argument } from '../../internal/schema.js';
import { convertedAt } from '../denoisers/atLevel.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { acceptLabels } from '../denoisers/mapDenoiser.js';
import { denoiserPart } from '../parts.js';
import type { ClassifierGuidance } from './classifierGuidance.js';
import { type CheckedRule, type ContrastRule, guidedByPair, type Pair, requiredLevel, ruleOf } from './contrast.js';

/** {@link pairGuidance} with a checked rule, by its name in errors. */
export const pairGuidanceOf =
  <Q, J extends Shape>(
    where: string,
    other: Denoiser<Q, J>,
    rule: either.Either<NoisefoldError, CheckedRule>,
  ): ClassifierGuidance<Q, J> =>
  <P extends { readonly guide: Q }, I extends J>(denoiser: Denoiser<P, I>) =>
    F.pipe(
      rule,
      E.tap(() => argument(where, denoiserPart).decode(other)),
      E.tap(() => alike(where, other, denoiser)),
      E.flatMap((checked) => {
        const second = acceptLabels(other as Denoiser<Q, I>); // of samples of the shape J, of which I is one
        const pair: Pair<P, I> = (params, x, at) => {
          const prediction = second.apply(params.guide, x, at);
          const { predicts } = denoiser;
          return [
            denoiser.apply(params, x, at),
            other.predicts === predicts
              ? prediction
              : convertedAt(other.predicts, predicts, requiredLevel(where, at))(x, prediction),
          ];
        };
        const timesteps = Math.min(denoiser.timesteps ?? Infinity, other.timesteps ?? Infinity);
        return E.map((guided: Denoiser<P, I>) => ({ ...guided, ...(timesteps < Infinity && { timesteps }) }))(
          guidedByPair(where, checked, denoiser, pair),
        );
      }),
    );

/** Checks that two denoisers take the same times and labels. Otherwise a `ConfigError`. */
const alike = (where: string, other: Alike, denoiser: Alike): either.Either<NoisefoldError, void> => {
  const wrong = (expected: string, actual: string) =>
    fail('ConfigError', { where, expected, actual, hint: 'train both alike' });
  if (clockOf(other) !== clockOf(denoiser))
    return wrong(
      `a second denoiser whose network takes ${clockOf(denoiser)}, as the first`,
      `one that takes ${clockOf(other)}`,
    );
  return other.classes === undefined || other.classes === denoiser.classes
    ? E.right(undefined)
    : wrong(`a second denoiser of ${denoiser.classes ?? 'no'} classes, as the first`, `one of ${other.classes}`);
};
type Alike = Pick<Denoiser<never, Shape>, 'noiseLabels' | 'clock' | 'classes'>;

/**
 * Guidance of your own from the predictions of a denoiser and of another one, whose parameters are the field `guide` beside
 * those of the first, as for {@link classifierGuided}. Returns a `ConfigError` for an invalid rule and for networks that take
 * different times.
 * @example
 * const first: Denoiser<{ guide: null }, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const second: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const away = pairGuidance(second, { combine: ({ positive, negative }) => sub(mul(positive, 2), negative) })
 * unwrap(away(first)).apply({ guide: null }, zeros(1), { t: iota(1) }) // → [2]
 */
export const pairGuidance = <Q, J extends Shape>(other: Denoiser<Q, J>, rule: ContrastRule): ClassifierGuidance<Q, J> =>
  pairGuidanceOf('pairGuidance', other, ruleOf('pairGuidance').decode<ContrastRule>(rule));

/** The number that a network takes as its time, in words. */
const clockOf = ({ noiseLabels = false, clock = 'timestep' }: Alike): string =>
  noiseLabels ? 'noise labels' : clock === 'level' ? 'noise levels' : 'timesteps';
