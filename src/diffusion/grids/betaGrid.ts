/** Times and noise levels at the quantiles of a beta distribution. */
import type { Exact } from '../../internal/exact.js';
import { aboveZero, hinted, refined } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import { E, F } from '../../internal/fp.js';
import { betaQuantile } from '../../internal/numerics/betaQuantile.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { isDiscrete, withoutEnds } from '../paths/noising.js';
import { withCount } from '../schedules/schedule.js';
import { betaSpaced } from '../schedules/spacedSigmas.js';
import { type Grid, roundHalfEven } from './grid.js';
import { gridOfSigmas, rangeFields } from './publishedSigmas.js';

const shape = optional(
  hinted(
    refined(aboveZero, 'a number above 0 and up to 100', (n) => n > 0 && n <= 100),
    '0.6 is usual; below 1 there are more steps near the ends',
  ),
  0.6,
);
const shapes = {
  /** α of the beta distribution, which bends the end at the data; 0.6 if left out. */
  alpha: shape,
  /** β of the beta distribution, which bends the end at the noise; 0.6 if left out. */
  beta: shape,
};
const betaOptions = schema('betaGrid', shapes);

interface Shapes extends OptionsOf<typeof betaOptions> {}

/** The nearest whole number, with halves to even as in NumPy. A number that equals a half up to rounding counts as a half. */
const nearest = (x: number): number => roundHalfEven(Math.round(x * 2 ** 20) / 2 ** 20);

/**
 * The times at the quantiles 1 - i/steps of a beta distribution (Lee et al. 2024, "Beta Sampling is All You Need"; the scheduler
 * 'beta' of ComfyUI): with α = β = 0.6 more steps near the noise and near the data than between them. On a schedule the grid has
 * the nearest timesteps of 0…T-1, each once, so that it may have fewer than `steps`. Returns a `ConfigError` on a path of σ: there
 * take {@link betaSigmaGrid}.
 * @example
 * unwrap(betaGrid(4)(rectifiedFlow())) // → [1, 0.8243, 0.5, 0.1757]
 * unwrap(betaGrid(4)(unwrap(ddpm(cosine(1000))))) // → [999, 823, 500, 176]
 */
export const betaGrid =
  <G = unknown>(steps: number, options?: Exact<G, keyof Shapes> & Shapes): Grid =>
  (noising) =>
    F.pipe(
      withCount('betaGrid', steps, betaOptions.decode(options)),
      E.flatMap(({ options: { alpha, beta }, count: n }) => {
        const quantile = betaQuantile(alpha, beta);
        const fractions = Array.from({ length: n }, (_, i) => quantile(1 - i / n));
        if (isDiscrete(noising))
          return E.right([...new Set(fractions.map((u) => nearest(u * (noising.schedule.T - 1))))]);
        return noising.time === 'unit'
          ? E.right(fractions)
          : fail('ConfigError', withoutEnds('betaGrid', noising, 'take betaSigmaGrid(25)'));
      }),
    );

const betaSigmaOptions = schema('betaSigmaGrid', {
  ...shapes,
  ...rangeFields,
});

interface BetaSigmaGrid extends OptionsOf<typeof betaSigmaOptions> {}

/**
 * The times of noise levels at the quantiles 1 - i/(steps - 1) of a beta distribution between the least and the greatest σ:
 * `use_beta_sigmas` of diffusers. See {@link atSigmas} and {@link betaGrid}. Returns a `ConfigError` for an invalid range.
 * @example unwrap(betaSigmaGrid(3, { min: 1, max: 5 })(edm())) // → [5, 3, 1]
 */
export const betaSigmaGrid = <G = unknown>(
  steps: number,
  options?: Exact<G, keyof BetaSigmaGrid> & BetaSigmaGrid,
): Grid => gridOfSigmas('betaSigmaGrid', steps, betaSigmaOptions.decode(options), betaSpaced);
