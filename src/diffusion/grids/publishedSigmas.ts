/** Noise levels of published samplers: k-diffusion's polyexponential and VP levels, and Align Your Steps. */
import type { Exact } from '../../internal/exact.js';
import { aboveZero, hinted, oneOf } from '../../internal/decode.js';
import { power } from '../../internal/numerics/power.js';
import { ramp } from '../../internal/numerics/ramp.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { timestepCount } from '../schedules/schedule.js';
import type { Grid } from './grid.js';
import { entryBetween } from '../channels/entries.js';
import { gridBetween, type SigmaRange } from './sigmaGrid.js';

/** The range of a grid. */
export const rangeFields = {
  /** The least σ/α; the end of a schedule, or 0.002, if left out. */
  min: optional(hinted(aboveZero, 'sigmaRange gives the ends of a schedule')),
  /** The greatest σ/α; the end of a schedule, or 80, if left out. */
  max: optional(hinted(aboveZero, 'sigmaRange gives the ends of a schedule')),
};

/** {@link gridBetween} with a number of steps. */
export const gridOfSigmas = <A extends object>(
  where: string,
  steps: number,
  options: either.Either<NoisefoldError, A>,
  sigmas: (count: number, range: SigmaRange, options: A) => ArrayLike<number>,
): Grid =>
  gridBetween(options, (range, known) =>
    E.map((count: number) => sigmas(count, range, known))(timestepCount(where, steps)),
  );

const polyexponential = schema('polyexponentialGrid', {
  ...rangeFields,
  /** ρ, which bends the levels: above 1 toward the least; 1, even in ln σ, if left out. */
  rho: optional(hinted(aboveZero, '1 is even in ln σ'), 1),
});

interface Polyexponential extends OptionsOf<typeof polyexponential> {}

/**
 * The times of levels with ln σ_i = ln σ_min + (1 - i/(N-1))^ρ·(ln σ_max - ln σ_min): `get_sigmas_polyexponential` of k-diffusion.
 * With ρ = 1 it is {@link exponentialGrid}. See {@link atSigmas}. Returns a `ConfigError` for an invalid range.
 * @example
 * const grid = polyexponentialGrid(3, { min: 0.25, max: 4, rho: 2 })
 * unwrap(grid(edm())) // → [4, 0.5, 0.25]
 */
export const polyexponentialGrid = <G = unknown>(
  steps: number,
  options?: Exact<G, keyof Polyexponential> & Polyexponential,
): Grid =>
  gridOfSigmas('polyexponentialGrid', steps, polyexponential.decode(options), (count, { min, max }, { rho }) => {
    const [low, high] = [Math.log(min), Math.log(max)];
    return ramp(1, 0, count).map((u) => Math.exp(low + power(u, rho) * (high - low)));
  });

const vp = schema('vpGrid', {
  /** β_d of the path; 19.9 if left out. */
  betaD: optional(hinted(aboveZero, '19.9 is usual'), 19.9),
  /** β_min of the path; 0.1 if left out. */
  betaMin: optional(hinted(aboveZero, '0.1 is usual'), 0.1),
  /** The least time, above 0; 0.001 if left out. */
  epsilon: optional(hinted(aboveZero, '0.001 is usual'), 0.001),
});

interface VpGrid extends OptionsOf<typeof vp> {}

/**
 * The times of levels that are even in the time of the continuous VP path (Song et al. 2021; EDM, Karras et al. 2022, table 1):
 * σ(t) = √(e^{β_d·t²/2 + β_min·t} - 1), with t from 1 to ε: `get_sigmas_vp` of k-diffusion. See {@link atSigmas}.
 * @example unwrap(vpGrid(3)(edm())) // → [152.167, 3.422, 0.0105]
 */
export const vpGrid = <G = unknown>(steps: number, options?: Exact<G, keyof VpGrid> & VpGrid): Grid =>
  gridOfSigmas('vpGrid', steps, vp.decode(options), (count, _, { betaD, betaMin, epsilon }) =>
    ramp(1, epsilon, count).map((t) => Math.sqrt(Math.expm1((betaD / 2) * t * t + betaMin * t))),
  );

/** The levels of Align Your Steps (Sabour et al. 2024) for ten steps of three models. The last stands for the data. */
const ALIGNED = {
  sd1: [
    14.6146412293, 6.4745760956, 3.8636745985, 2.694615152, 1.8841921177, 1.3943805092, 0.9642583904, 0.6523686016,
    0.3977456272, 0.1515232662, 0.0291671582,
  ],
  sdxl: [
    14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289, 0.3798540708,
    0.2332364134, 0.1114188177, 0.0291671582,
  ],
  svd: [700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002],
} as const;

const modelOf = argument('alignYourSteps', hinted(oneOf('sd1', 'sdxl', 'svd'), "take 'sd1', 'sdxl' or 'svd'"));

/**
 * The times of the optimized levels of Align Your Steps (Sabour et al. 2024): of Stable Diffusion 1.5 ('sd1') and XL ('sdxl'), and
 * of Stable Video Diffusion ('svd'). For other numbers of steps than ten, ln σ is linear between them, as in the code of the
 * paper. See {@link atSigmas}.
 * @example unwrap(alignYourSteps(10, 'sd1')(edm())).slice(0, 3) // → [14.615, 6.475, 3.864]
 */
export const alignYourSteps = (steps: number, model: keyof typeof ALIGNED): Grid =>
  gridOfSigmas('alignYourSteps', steps, E.bindTo('name')(modelOf.decode(model)), (count, _, { name }) => {
    const logs = ALIGNED[name].map(Math.log);
    return Array.from({ length: count }, (_, i) => Math.exp(entryBetween(logs, (i / count) * (logs.length - 1))));
  });
