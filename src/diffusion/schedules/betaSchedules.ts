/** Schedules from betas. */
import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { hinted, refined, share } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { ramp } from '../../internal/numerics/ramp.js';
import { checkedBetas, type Schedule, timestepCount } from './schedule.js';

const HINT = 'scheduleFromBetas takes betas in any order';
const beta = hinted(t.number, HINT);
const rangeOf = (first: number, last: number) => ({
  /** β_0; DDPM's 1e-4 if left out. */
  start: optional(beta, first),
  /** β_{T-1}; DDPM's 0.02 if left out. */
  end: optional(beta, last),
});

/** The first and the last beta. */
export interface BetaRange extends OptionsOf<ReturnType<typeof rangeOf>> {}

/** A schedule of T betas. `betas` is called only if T is a valid number of timesteps. */
const ruled = (where: string, T: number, betas: () => ArrayLike<number>): either.Either<NoisefoldError, Schedule> =>
  F.pipe(
    timestepCount(where, T),
    E.flatMap(() => checkedBetas(where, betas())),
  );

/** Makes a schedule constructor from a function of a range and T to betas. The range is DDPM's if left out. */
/* @__NO_SIDE_EFFECTS__ */
const ranged = (
  where: string,
  betas: (range: Required<BetaRange>, T: number) => Float64Array,
  first = 1e-4,
  last = 0.02,
) => {
  const options = schema(where, rangeOf(first, last)).rule(({ start, end }) =>
    start > 0 && start <= end && end < 1
      ? null
      : {
          field: start > 0 ? 'end' : 'start',
          expected: 'rising betas, 0 < start ≤ end < 1',
          actual: `start = ${start}, end = ${end}`,
          hint: HINT,
        },
  );
  return <G = unknown>(
    T: number,
    range?: Exact<G, keyof BetaRange> & BetaRange,
  ): either.Either<NoisefoldError, Schedule> =>
    F.pipe(
      options.decode(range),
      E.flatMap((known) => ruled(where, T, () => betas(known, T))),
    );
};

/**
 * The linear schedule of DDPM (Ho et al. 2020, section 4): β from 1e-4 to 0.02 at T = 1000. For other T the betas are
 * multiplied by 1000/T, so that the whole process adds the same noise. Returns a `ConfigError` for T < 20, because the last
 * β would exceed 1.
 * @example
 * const schedule = unwrap(linear(1000))
 * schedule.betas[0] // → 0.0001
 * schedule.betas[999] // → 0.02
 * const wrong = linear(10)
 * isLeft(wrong) && wrong.left.expected // → 'T ≥ 20'
 */
export const linear = (T: number): either.Either<NoisefoldError, Schedule> =>
  Number.isFinite(T) && T < 20
    ? fail('ConfigError', {
        where: 'linear',
        expected: 'T ≥ 20',
        actual: `${T}`,
        hint: 'fewer steps need betas above 1: use cosine, or respace a longer process',
      })
    : ruled('linear', T, () => ramp((1000 / T) * 1e-4, (1000 / T) * 0.02, T));

/**
 * Betas from `start` to `end` in equal steps, with the same ends for every T: 'linear' of DDPM at T = 1000, and `linear` of
 * diffusers at any T. Fewer steps add less noise: at T = 100 a third of the signal is left.
 *
 * @param range - `start` 1e-4, `end` 0.02 if left out; unless 0 < start ≤ end < 1, a `ConfigError`
 * @example
 * unwrap(linearUnscaled(3)).betas // → [0.0001, 0.01005, 0.02]
 * unwrap(linearUnscaled(2, { end: 0.5 })).betas // → [0.0001, 0.5]
 */
export const linearUnscaled = ranged('linearUnscaled', ({ start, end }, T) => ramp(start, end, T));

/** Betas with square roots in equal steps. */
const rootLinear = ({ start, end }: Required<BetaRange>, T: number): Float64Array =>
  ramp(Math.sqrt(start), Math.sqrt(end), T).map((root) => root ** 2);

/**
 * Betas with square roots in equal steps, in DDPM's range: 'quad' of Ho et al.'s code.
 *
 * @param range - `start` 1e-4, `end` 0.02 if left out; unless 0 < start ≤ end < 1, a `ConfigError`
 * @example unwrap(quadratic(3)).betas // → [0.0001, 0.00573, 0.02]
 */
export const quadratic = ranged('quadratic', rootLinear);

/**
 * The schedule of latent diffusion ('linear' in the code of Rombach et al. 2022, 'scaled_linear' of diffusers): {@link quadratic}
 * from 0.00085 to 0.012, the range of Stable Diffusion. Other models of the paper, such as the model of faces, use 0.0015 to
 * 0.0195.
 *
 * @param range - `start` and `end`; unless 0 < start ≤ end < 1, a `ConfigError`
 * @example unwrap(scaledLinear(3)).betas // → [0.00085, 0.00481, 0.012]
 */
export const scaledLinear = ranged('scaledLinear', rootLinear, 0.00085, 0.012);

/**
 * Betas along a sigmoid from -6 to 6 (GeoDiff, Xu et al. 2022; 'sigmoid' of diffusers). See {@link sigmoidAlphaBar} for ᾱ
 * along a sigmoid.
 *
 * @param range - `start` 1e-4, `end` 0.02 if left out; unless 0 < start ≤ end < 1, a `ConfigError`
 * @example unwrap(sigmoidBetas(3)).betas // → [0.000149, 0.01005, 0.01995]
 */
export const sigmoidBetas = ranged('sigmoidBetas', ({ start, end }, T) =>
  ramp(-6, 6, T).map((x) => start + (end - start) / (1 + Math.exp(-x))),
);

/**
 * The same β at every timestep, 'const' of Ho et al.'s code; 0.02 if left out. Returns a `ConfigError` if β is not in
 * (0, 1), or leaves no signal before the last of T steps.
 * @example unwrap(constantBetas(3, 0.5)).alphaBars // → [0.5, 0.25, 0.125]
 */
export const constantBetas = (T: number, beta = 0.02): either.Either<NoisefoldError, Schedule> =>
  ruled('constantBetas', T, () => Array.from({ length: T }, () => beta));

const partOfSteps = argument(
  'warmupBetas',
  hinted(refined(share, 'a fraction of the timesteps, from 0 to 1', share.is), "0.1 and 0.5 are Ho et al.'s"),
);

/**
 * Betas that rise linearly from `start` to `end` over the first ⌊fraction·T⌋ timesteps, then stay at `end`: 'warmup10' (0.1)
 * and 'warmup50' (0.5) of Ho et al.'s code.
 *
 * @param fraction - the part of the timesteps over which they rise, from 0 to 1
 * @param range - `start` 1e-4, `end` 0.02 if left out; unless 0 < start ≤ end < 1, a `ConfigError`
 * @example unwrap(warmupBetas(6, 0.5)).betas // → [0.0001, 0.01005, 0.02, 0.02, 0.02, 0.02]
 */
export const warmupBetas = <G = unknown>(
  T: number,
  fraction: number,
  range?: Exact<G, keyof BetaRange> & BetaRange,
): either.Either<NoisefoldError, Schedule> =>
  F.pipe(
    partOfSteps.decode(fraction),
    E.flatMap((part) => warmup(part)(T, range)),
  );

const warmup = (fraction: number) =>
  ranged('warmupBetas', ({ start, end }, T) => {
    const betas = new Float64Array(T).fill(end);
    betas.set(ramp(start, end, Math.floor(T * fraction)));
    return betas;
  });

/**
 * β_t = 1/(T-t): every step removes 1/T of the signal's variance, and no signal is left at the end (Sohl-Dickstein et al.
 * 2015, section 2.4.1; 'jsd' of Ho et al.'s code). So ᾱ_t = 1 - (t+1)/T.
 * @example unwrap(reciprocalBetas(4)).alphaBars // → [0.75, 0.5, 0.25, 0]
 */
export const reciprocalBetas = (T: number): either.Either<NoisefoldError, Schedule> =>
  ruled('reciprocalBetas', T, () => Float64Array.from({ length: T }, (_, t) => 1 / (T - t)));
