/** Time grids by noise levels σ = √((1 - ᾱ)/ᾱ). */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { exactly, refined } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import type { Grid } from './grid.js';
import { timestepOfSigma } from '../schedules/noiseLevel.js';
import { ramp } from '../schedules/ramp.js';
import { type Schedule, timestepCount } from '../schedules/schedule.js';

/** The least and the greatest σ of a grid. */
export interface SigmaRange {
  readonly min: number;
  readonly max: number;
}

/** `steps` σ from max to min, equally apart after a change of scale. */
const along = (
  where: string,
  steps: number,
  { min, max }: SigmaRange,
  to: (sigma: number) => number,
  back: (scaled: number) => number,
): either.Either<NoisefoldError, Float64Array> =>
  min > 0 && min <= max && max < Infinity
    ? F.pipe(
        timestepCount(where, steps),
        E.map(() =>
          // the ends themselves: roundings would lead out of the range
          ramp(to(max), to(min), steps).map((at, i) => (i === 0 ? max : i === steps - 1 ? min : back(at))),
        ),
      )
    : fail('ConfigError', {
        where,
        expected: 'noise levels 0 < min ≤ max < ∞',
        actual: `min = ${min}, max = ${max}`,
        hint: 'at zero terminal SNR σ is infinite: say where to begin, such as { max: 80 }',
      });

const ends = { min: t.number, max: t.number } as const;

const rho = refined(t.number, 'rho > 0', (n) => n > 0 && n < Infinity);
const RHO_HINT = 'a rho of 7 is usual; 1 makes equal steps of σ';
const ENDS_HINT = 'sigmaRange gives the ends of a schedule';

const karrasOptions = optionsOf({ where: 'karrasSigmas', options: exactly(ends, { rho }), hint: RHO_HINT });
const exponentialOptions = optionsOf({ where: 'exponentialSigmas', options: exactly(ends), hint: ENDS_HINT });

const karrasGridOptions = optionsOf({
  where: 'karrasGrid',
  options: exactly({}, { ...ends, rho }),
  hint: RHO_HINT,
});
const exponentialGridOptions = optionsOf({
  where: 'exponentialGrid',
  options: exactly({}, ends),
  hint: ENDS_HINT,
});

/**
 * The noise levels of EDM (Karras et al. 2022, eq. 5), falling: σ_i = (σ_max^(1/ρ) +
 * i/(N-1)·(σ_min^(1/ρ) - σ_max^(1/ρ)))^ρ. The 0 that ends them in the paper, the data, is not among them. Returns a
 * `ConfigError` for an invalid range or a ρ ≤ 0.
 *
 * @param options - `rho` 7 if left out
 * @example karrasSigmas(4, { min: 0.002, max: 80 }) // → E.right([80, 9.723, 0.47, 0.002])
 */
export const karrasSigmas = (
  steps: number,
  options: SigmaRange & { readonly rho?: number },
): either.Either<NoisefoldError, Float64Array> =>
  F.pipe(
    karrasOptions(options),
    E.flatMap(({ rho = 7, ...range }) =>
      along(
        'karrasSigmas',
        steps,
        range,
        (sigma) => sigma ** (1 / rho),
        (root) => root ** rho,
      ),
    ),
  );

/**
 * Noise levels that fall by equal factors from `max` to `min`: 'exponential' of k-diffusion and diffusers, and equal
 * steps of the log-SNR. Returns a `ConfigError` for an invalid range.
 * @example exponentialSigmas(3, { min: 0.1, max: 10 }) // → E.right([10, 1, 0.1])
 */
export const exponentialSigmas = (steps: number, range: SigmaRange): either.Either<NoisefoldError, Float64Array> =>
  F.pipe(
    exponentialOptions(range),
    E.flatMap((given) => along('exponentialSigmas', steps, given, Math.log, Math.exp)),
  );

/** Moves falling timesteps apart where they meet: up from the data, then down from where there is no more room. */
const apart = (timesteps: readonly number[], T: number): readonly number[] => {
  const raised = [...timesteps];
  for (let i = raised.length - 2; i >= 0; i--) raised[i] = Math.max(raised[i]!, raised[i + 1]! + 1);
  return raised.map((t, i) => Math.min(t, T - 1 - i));
};

/**
 * The least and the greatest σ of a schedule: that of t = 0, and that of T-1, which is ∞ at zero terminal SNR.
 * @example pipe(linear(1000), E.map(sigmaRange)) // → E.right({ min: 0.01, max: 157.407 })
 */
export const sigmaRange = ({ T, sigmas }: Schedule): SigmaRange => ({ min: sigmas[0]!, max: sigmas[T - 1]! });

/** Noise levels that fall, and that a schedule comes through; others are a `ConfigError`. */
export const fallingSigmas = (
  where: string,
  sigmas: ArrayLike<number>,
  schedule: Schedule,
): either.Either<NoisefoldError, readonly number[]> => {
  const wanted = Array.from(sigmas);
  const { min, max } = sigmaRange(schedule);
  const falls = wanted.every((sigma, i) => i === 0 || sigma < wanted[i - 1]!);
  return wanted.length > 0 && falls && wanted.every((sigma) => sigma >= min && sigma <= max)
    ? E.right(wanted)
    : fail('ConfigError', {
        where,
        expected: `noise levels that fall, from ${max} to ${min} at most, those of the process`,
        actual: `[${wanted.join(', ')}]`,
        hint: 'the data, σ = 0, come after the last without being named; sigmaRange gives the ends',
      });
};

/**
 * The timesteps of the process whose noise is nearest, by ratio, to each of some falling σ (k-diffusion's
 * `sigma_to_t`, quantized): what is visited is their noise, and not σ itself, which {@link respaceAtSigmas} visits.
 * Each timestep is taken once: where two σ share their nearest, the noisier goes to the next one up, so that dense σ
 * become neighbours. σ that do not fall or that the process does not come through, or more of them than timesteps, are
 * a `ConfigError`.
 * @example
 * pipe(ddpm(linear(1000)), E.flatMap(atSigmas([80, 5, 1, 0.05]))) // → E.right([930, 565, 258, 11])
 * pipe(ddpm(linear(1000)), E.flatMap(atSigmas([0.012, 0.011, 0.0101]))) // → E.right([2, 1, 0])
 */
export const atSigmas =
  (sigmas: ArrayLike<number>): Grid =>
  ({ schedule }) =>
    F.pipe(
      fallingSigmas('atSigmas', sigmas, schedule),
      E.flatMap((falling) =>
        falling.length <= schedule.T
          ? E.right(apart(falling.map(timestepOfSigma(schedule)).map(Math.round), schedule.T))
          : fail('ConfigError', {
              where: 'atSigmas',
              expected: `at most ${schedule.T} noise levels`,
              actual: `${falling.length} of them`,
              hint: 'a sampler takes at most as many steps as the process has',
            }),
      ),
    );

/**
 * The timesteps {@link atSigmas} of {@link karrasSigmas}, between the noise levels of the process unless told
 * otherwise. At zero terminal SNR the greatest is ∞, and `max` is needed: `ConfigError`. Where whole timesteps are too
 * few, near the data, they become neighbours: {@link respaceAtSigmas} visits the paper's σ themselves.
 * @example
 * pipe(ddpm(linear(1000)), E.flatMap(karrasGrid(5))) // → E.right([999, 843, 593, 142, 0])
 * pipe(ddpm(linear(1000)), E.flatMap(karrasGrid(5, { max: 80 }))) // → E.right([930, 767, 501, 98, 0])
 */
export const karrasGrid =
  (steps: number, options: Partial<SigmaRange> & { readonly rho?: number } = {}): Grid =>
  (process) =>
    F.pipe(
      karrasGridOptions(options),
      E.flatMap(({ rho: exponent, min, max }) => {
        const { min: least, max: most } = sigmaRange(process.schedule);
        return karrasSigmas(steps, {
          min: min ?? least,
          max: max ?? most,
          ...(exponent !== undefined && { rho: exponent }),
        });
      }),
      E.flatMap((sigmas) => atSigmas(sigmas)(process)),
    );

/**
 * The timesteps {@link atSigmas} of {@link exponentialSigmas}, between the noise levels of the process unless told
 * otherwise. At zero terminal SNR the greatest is ∞, and `max` is needed: `ConfigError`.
 * @example pipe(ddpm(linear(1000)), E.flatMap(exponentialGrid(5))) // → E.right([999, 722, 302, 30, 0])
 */
export const exponentialGrid =
  (steps: number, options: Partial<SigmaRange> = {}): Grid =>
  (process) =>
    F.pipe(
      exponentialGridOptions(options),
      E.flatMap(({ min, max }) => {
        const { min: least, max: most } = sigmaRange(process.schedule);
        return exponentialSigmas(steps, { min: min ?? least, max: max ?? most });
      }),
      E.flatMap((sigmas) => atSigmas(sigmas)(process)),
    );
