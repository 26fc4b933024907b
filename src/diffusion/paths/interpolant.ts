import { type Elementwise, onHost } from '../../dsl/index.js';
import { functionOf, refined } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { attempt, fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { type OptionsOf, schema } from '../../internal/schema.js';
import { along } from './curvePath.js';
import { sigmaOf } from '../channels/channel.js';
import type { ContinuousNoising } from './path.js';

const interpolantOf = schema('interpolant', {
  /** The name that identifies it in files. */
  name: refined(t.string, 'a name', (text) => text !== ''),
  /** α(t), which falls from 1, or from less if there is noise at t = 0: a function of each element of a tensor. */
  alpha: functionOf<Elementwise>('a function of times, such as (t) => sub(1, t)'),
  /** σ(t), which rises from 0, or from some noise, at t = 0. */
  sigma: functionOf<Elementwise>('a function of times, such as (t) => t'),
});

/** Your own path. */
export interface Interpolant extends Required<OptionsOf<typeof interpolantOf>> {}

/** The number of times at which an interpolant is checked. */
const CHECKS = 256;

/**
 * A noising process with your own α and σ over t of [0, 1], x_t = α(t)·x₀ + σ(t)·ε. They are functions of each element of a tensor,
 * such as `(t) => sub(1, square(t))`: one definition serves programs, the host in float64, and the derivatives. With noise at t =
 * 0, as in VDM (Kingma et al. 2021) and lucidrains' continuous schedules, the last step of a sampler leads to the data all the
 * same. Returns a `ConfigError` unless α(0) = 1 and σ(0) = 0, or σ(0) > 0 and 0 < α(0) ≤ 1; and unless σ/α rises, which is tested
 * at 256 times.
 * @example
 * const early = unwrap(interpolant({ name: 'early', alpha: (t) => square(sub(1, t)), sigma: (t) => t }))
 * levelsOf(early, [0.5])[0] // → { alpha: 0.25, sigma: 0.5, t: 0.5, rates: { alpha: -1, sigma: 1 } }
 * const wrong = interpolant({ name: 'flat', alpha: (t) => onesLike(t), sigma: (t) => mul(t, 0) })
 * isLeft(wrong) && wrong.left.actual // → '0 at t = 0.0039, after 0'
 */
export const interpolant = <G = unknown>(
  options: Exact<G, keyof Interpolant> & Interpolant,
): either.Either<NoisefoldError, ContinuousNoising> =>
  F.pipe(
    interpolantOf.decode<Interpolant>(options),
    E.bindTo('curves'),
    E.bind('path', ({ curves }) => attempt(() => along({ ...curves, time: 'unit' }))),
    E.flatMap(({ curves, path }) => {
      const wrong = (expected: string, actual: string) =>
        fail('ConfigError', {
          where: 'interpolant',
          expected,
          actual,
          hint: 'noise must rise from the data, at t = 0, to the end, at t = 1; rectifiedFlow has 1 - t and t',
        });
      const [alpha, sigma] = [onHost(curves.alpha)(0), onHost(curves.sigma)(0)];
      if (sigma > 0 ? !(alpha > 0 && alpha <= 1) : alpha !== 1 || sigma !== 0)
        return wrong('α = 1 and σ = 0 at t = 0, or noise with 0 < α ≤ 1', `α = ${alpha} and σ = ${sigma}`);
      const noises = Array.from({ length: CHECKS + 1 }, (_, i) =>
        i === 0 ? sigma / alpha : sigmaOf(path.levelAt(i / CHECKS)),
      );
      const falls = noises.findIndex((noise, i) => i > 0 && !(noise > noises[i - 1]!));
      return falls === -1
        ? E.right(path)
        : wrong(
            'σ/α that rises with t',
            `${noises[falls]} at t = ${(falls / CHECKS).toFixed(4)}, after ${noises[falls - 1]}`,
          );
    }),
  );
