/** Time grids defined by noise levels σ/α. */
import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { listedNumbers } from '../../internal/listed.js';
import { hinted, refined } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type Grid, gridOfNumbers } from './grid.js';
import { sigmaOf } from '../channels/channel.js';
import { isSameSigma } from '../schedules/noiseLevel.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { isDiscrete, type Noising, pathOf } from '../paths/noising.js';
import type { ContinuousNoising } from '../paths/path.js';
import { EDM_RANGE, karras, spacedAlong } from '../schedules/spacedSigmas.js';
import { withCount, type Schedule } from '../schedules/schedule.js';

const sigma = hinted(t.number, 'sigmaRange gives the ends of a schedule');
const ends = {
  /** The least σ, above 0. */
  min: sigma,
  /** The greatest σ. */
  max: sigma,
};
const gridEnds = { min: optional(sigma), max: optional(sigma) };
const curved = {
  /** ρ: a larger one puts more levels at small σ, and 1 makes equal steps of σ; 7 if left out. */
  rho: optional(
    hinted(
      refined(t.number, 'rho > 0', (n) => n > 0 && n < Infinity),
      'a rho of 7 is usual; 1 makes equal steps of σ',
    ),
    7,
  ),
};

/** The least and the greatest σ of a grid. */
export interface SigmaRange extends OptionsOf<typeof ends> {}

/** A rule of the ends of a grid. */
const inOrder = ({ min, max }: SigmaRange) =>
  min > 0 && min <= max && max < Infinity
    ? null
    : ({
        field: min > 0 ? 'max' : 'min',
        expected: 'noise levels 0 < min ≤ max < ∞',
        actual: `min = ${min}, max = ${max}`,
        hint:
          min > 0
            ? 'at zero terminal SNR σ is infinite: give a maximum, such as { max: 80 }'
            : 'leave out σ = 0, the data, where the last step always ends: { min: 0.002 }',
      } as const);

const karrasOptions = /* @__PURE__ */ schema('karrasSigmas', { ...ends, ...curved }).rule(inOrder);
const exponentialOptions = /* @__PURE__ */ schema('exponentialSigmas', ends).rule(inOrder);
const karrasGridOptions = schema('karrasGrid', { ...gridEnds, ...curved });
const exponentialGridOptions = schema('exponentialGrid', gridEnds);

interface KarrasRange extends OptionsOf<typeof karrasOptions> {}

/**
 * The noise levels of EDM (Karras et al. 2022, eq. 5), falling: σ_i = (σ_max^(1/ρ) +
 * i/(N-1)·(σ_min^(1/ρ) - σ_max^(1/ρ)))^ρ. Does not include the paper's last level, 0, which is the data. Returns a
 * `ConfigError` for an invalid range and for ρ ≤ 0.
 *
 * @param options - `rho` 7 if left out
 * @example unwrap(karrasSigmas(4, { min: 0.002, max: 80 })) // → [80, 9.723, 0.47, 0.002]
 */
export const karrasSigmas = <G = unknown>(
  steps: number,
  options: Exact<G, keyof KarrasRange> & KarrasRange,
): either.Either<NoisefoldError, Float64Array> =>
  F.pipe(
    withCount('karrasSigmas', steps, karrasOptions.decode(options)),
    E.map(({ options: { rho, ...range }, count }) => karras(count, range, rho)),
  );

/**
 * Noise levels that fall by equal factors from `max` to `min`: 'exponential' of k-diffusion and diffusers, and equal
 * steps of the log-SNR. Returns a `ConfigError` for an invalid range.
 * @example unwrap(exponentialSigmas(3, { min: 0.1, max: 10 })) // → [10, 1, 0.1]
 */
export const exponentialSigmas = <G = unknown>(
  steps: number,
  range: Exact<G, keyof SigmaRange> & SigmaRange,
): either.Either<NoisefoldError, Float64Array> =>
  F.pipe(
    withCount('exponentialSigmas', steps, exponentialOptions.decode(range)),
    E.map(({ options: ends, count }) => spacedAlong(count, ends, Math.log, Math.exp)),
  );

/** The default of the least and the greatest σ of a grid. */
export const usualRange = (noising: Noising): SigmaRange =>
  isDiscrete(noising) ? sigmaRange(noising.schedule) : EDM_RANGE;

/**
 * The least and the greatest σ of a schedule, at t = 0 and at T-1. The greatest is ∞ at zero terminal SNR.
 * @example sigmaRange(unwrap(linear(1000))) // → { min: 0.01, max: 157.407 }
 */
export const sigmaRange = ({ T, sigmas }: Schedule): SigmaRange => ({ min: sigmas[0]!, max: sigmas[T - 1]! });

/** Checks that noise levels fall and are within the range of a schedule. Otherwise a `ConfigError`. */
export const fallingSigmas = (
  where: string,
  sigmas: ArrayLike<number>,
  schedule: Schedule,
): either.Either<NoisefoldError, readonly number[]> => {
  const levels = Array.from(sigmas);
  const { min, max } = sigmaRange(schedule);
  const falls = levels.every((sigma, i) => i === 0 || sigma < levels[i - 1]!);
  return levels.length > 0 &&
    falls &&
    levels.every((sigma) => (sigma >= min && sigma <= max) || isSameSigma(sigma, min) || isSameSigma(sigma, max))
    ? E.right(levels)
    : fail('ConfigError', {
        where,
        expected: `falling noise levels within those of the process, ${max} to ${min}`,
        actual: listedNumbers(levels),
        hint: 'leave out σ = 0, the data, where the last step always ends; sigmaRange gives the ends',
      });
};

/**
 * The grid of some falling σ: their times on a continuous path, and on a discrete one their timesteps (k-diffusion's `sigma_to_t`),
 * which may lie between two of the process. There the denoiser gets a fractional timestep, as a network of k-diffusion does.
 * Returns a `ConfigError` if σ do not fall or leave the range of the process.
 * @example
 * const noising = unwrap(ddpm(linear(1000)))
 * unwrap(atSigmas([80, 5, 1, 0.05])(noising)) // → [929.618, 565.354, 258.093, 10.947]
 * unwrap(atSigmas([3, 1])(rectifiedFlow())) // → [0.75, 0.5]
 */
export const atSigmas: (sigmas: ArrayLike<number>) => Grid = gridOfNumbers('atSigmas', (sigmas) => (noising) => {
  const { levelOfSigma } = pathOf(noising);
  return E.map((falling: readonly number[]) => falling.map((sigma) => levelOfSigma(sigma).t))(
    isDiscrete(noising) ? withTimesteps(sigmas, noising) : alongPath(sigmas, noising),
  );
});

/** Checks that noise levels fall and have timesteps. */
const withTimesteps = (sigmas: ArrayLike<number>, { schedule }: DiscreteNoising) =>
  F.pipe(
    fallingSigmas('atSigmas', sigmas, schedule),
    E.flatMap((falling) => {
      // without signal at the last timestep, there is no timestep for a σ just below ∞
      const greatest = schedule.sigmas.findLast(Number.isFinite)!;
      const between = falling.find((sigma) => sigma > greatest && sigma < Infinity && !isSameSigma(sigma, greatest));
      return between === undefined
        ? E.right(falling)
        : fail('ConfigError', {
            where: 'atSigmas',
            expected: `noise levels up to ${greatest}, the last of the process with signal, or ∞`,
            actual: `${between}`,
            hint: `give { max: ${greatest} }`,
          });
    }),
  );

/** Checks that noise levels fall and are on a continuous path. */
const alongPath = (
  sigmas: ArrayLike<number>,
  { time, last, levelAt }: ContinuousNoising,
): either.Either<NoisefoldError, readonly number[]> => {
  const levels = Array.from(sigmas);
  const most = time === 'unit' ? sigmaOf(levelAt(last)) : Number.MAX_VALUE;
  const isInside = (sigma: number): boolean => sigma > 0 && (sigma <= most || isSameSigma(sigma, most));
  return levels.length > 0 && levels.every((sigma, i) => isInside(sigma) && !(sigma >= levels[i - 1]!))
    ? E.right(levels)
    : fail('ConfigError', {
        where: 'atSigmas',
        expected: `falling noise levels above 0${most < Number.MAX_VALUE ? ` up to ${most}, the end of the path` : ''}`,
        actual: listedNumbers(levels),
        hint: 'leave out σ = 0, the data, where the last step always ends',
      });
};

/** Makes the grid of σ/α from a function of checked options and their range. The range is the usual range of the noising if left out. */
export const gridBetween =
  <A extends object>(
    options: either.Either<NoisefoldError, A>,
    sigmas: (range: SigmaRange, options: A) => either.Either<NoisefoldError, ArrayLike<number>>,
  ): Grid =>
  (noising) =>
    F.pipe(
      options,
      E.flatMap((known) => {
        const usual = usualRange(noising);
        const { min = usual.min, max = usual.max }: Partial<SigmaRange> = known;
        return sigmas({ min, max }, known);
      }),
      E.flatMap((levels) => atSigmas(levels)(noising)),
    );

/**
 * The times of {@link karrasSigmas}, equal steps of σ^{1/ρ}, on any path: see {@link atSigmas}. `min` and `max` are the ends of the
 * schedule if left out, and 0.002 and 80 on a continuous path, where σ ends at 0; at zero terminal SNR the greatest σ is ∞, and
 * without `max` this is a `ConfigError`.
 * @example
 * const noising = unwrap(ddpm(linear(1000)))
 * unwrap(karrasGrid(5)(noising)) // → [999, 843.355, 592.995, 141.817, 0]
 * unwrap(karrasGrid(5, { max: 80 })(noising)) // → [929.618, 767.052, 500.919, 98.392, 0]
 */
export const karrasGrid = <G = unknown>(
  steps: number,
  options?: Exact<G, keyof KarrasRange> & Partial<KarrasRange>,
): Grid => gridBetween(karrasGridOptions.decode(options), (range, { rho }) => karrasSigmas(steps, { ...range, rho }));

/**
 * The times of {@link exponentialSigmas}, equal steps of the log-SNR, on any path: see {@link atSigmas}. `min` and `max` are the ends of
 * the schedule if left out, and 0.002 and 80 on a continuous path, whose log-SNR has no end; at zero terminal SNR the greatest σ is
 * ∞, and without `max` this is a `ConfigError`.
 * @example
 * const noising = unwrap(ddpm(linear(1000)))
 * unwrap(exponentialGrid(5)(noising)) // → [999, 721.564, 302.308, 30.148, 0]
 * unwrap(exponentialGrid(3, { min: 1 / 3, max: 3 })(rectifiedFlow())) // → [0.75, 0.5, 0.25]
 */
export const exponentialGrid = <G = unknown>(
  steps: number,
  options?: Exact<G, keyof SigmaRange> & Partial<SigmaRange>,
): Grid => gridBetween(exponentialGridOptions.decode(options), (range) => exponentialSigmas(steps, range));
