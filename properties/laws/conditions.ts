/** Laws of denoisers that are conditioned. */
import fc from 'fast-check';
import {
  type Denoiser,
  exactDenoiser,
  type Grid,
  imageOf,
  type DiscreteNoising,
  sampler,
  type Sampler,
  superResolution,
  uncorrected,
} from 'noisefold/diffusion';
import {
  add,
  ascribeLike,
  averagePool,
  cast,
  concatAll,
  constantOf,
  cos,
  foldIn,
  fork,
  mul,
  onesLike,
  reshape,
  scalar,
  scaleBy,
  sub,
  upsample,
} from 'noisefold/dsl';
import { gridded } from '../arbitraries/diffusion.js';
import { type Named, solverOf } from '../arbitraries/solvers.js';
import { valueOf } from '../oracles/plans.js';
import { drawOnReference } from '../oracles/running.js';
import { kindLaws } from './kinds.js';
import { approx, type Law } from './law.js';

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
const numbers = (min: number, max: number, length: number): fc.Arbitrary<readonly number[]> =>
  fc.array(within(min, max), { minLength: length, maxLength: length });

/** E[x_0|x_t, means] of pixels N(m, v), each for itself: E[x_0|x_t], moved to the mean that is asked for. */
const enlarging = (noising: DiscreteNoising, mean: number, variance: number): Denoiser<null, [2, 2, 1]> => {
  const { apply, ...blind } = exactDenoiser(noising)<[2, 2, 1]>({
    shape: [2, 2, 1],
    weights: [1],
    means: [[mean, mean, mean, mean]],
    variances: [variance],
  });
  return {
    ...blind,
    conditions: { lowRes: { image: 1, required: true } },
    apply: (_, x, at) => {
      const alone = apply(null, x, at);
      const excess = sub(averagePool(alone), imageOf(at, 'lowRes')!.image);
      return ascribeLike(sub(alone, upsample(excess)), x);
    },
  };
};

/** Far above the roundings, and small. */
const TREMOR = 2 ** -20;

/**
 * The same, but for an error at each timestep. Formulas of several steps have coefficients without bound where steps are
 * unlike each other: what becomes of an error is seen, not known beforehand.
 */
const trembling = ({ apply, ...denoiser }: Denoiser<null, [2, 2, 1]>): Denoiser<null, [2, 2, 1]> => ({
  ...denoiser,
  apply: (params, x, at) =>
    add(apply(params, x, at), scaleBy(onesLike(x), mul(cos(mul(cast(at.t, 'float32'), 7)), TREMOR))),
});

interface Gridded {
  readonly noising: DiscreteNoising;
  readonly grid: Grid;
}

const asked: Law<readonly [Named, Gridded, readonly [number, number], readonly number[], readonly number[], number]> = {
  name: 'samples have the given means',
  formula:
    'x_0 of any solver on any grid, with E[x_0|x_t, y] of pixels N(m, v) whose mean in each square is y: its mean in the square is y, within 2⁻⁴³/√ᾱ of its noisiest timestep with signal, as often as an error of each x̂₀ grows on the way, and as the largest pixel is above 1',
  source: 'the mean given y is y; SR3 (Saharia et al. 2021)',
  arbitrary: fc.tuple(
    solverOf,
    gridded.filter(({ steps }) => steps <= 12),
    fc.tuple(within(-1, 1), within(0.01, 1)),
    numbers(-1, 1, 2),
    numbers(-4, 4, 8),
    fc.nat(),
  ),
  runs: 40,
  violation: async ([{ solver }, { noising, grid }, [mean, variance], means, begin, seed]) => {
    const samplerOf = (denoiser: Denoiser<null, [2, 2, 1]>) =>
      valueOf(sampler({ noising, denoiser, solver, grid, correction: uncorrected }));
    const samplesBy = async ({ steps, start, step }: Sampler<null, [2, 2, 1]>) => {
      const numbers = await drawOnReference([seed, 0], (key) => {
        const conditions = { lowRes: { image: constantOf(means, 2, 1, 1, 1) } };
        const first = start(constantOf(begin, 2, 2, 2, 1));
        const last = Array.from({ length: steps }, (_, i) => i).reduce(
          (state, i) => step(null, state, { index: scalar(i, 'int32'), key: foldIn(key, i), conditions }).state,
          first,
        );
        const { image } = superResolution({ factor: 2 })(last.x, fork(key, 'condition').condition);
        return concatAll([reshape(image, 2), reshape(last.x, 8)], 0);
      });
      const all = Array.from(numbers as ArrayLike<number>);
      return { means: all.slice(0, 2), pixels: all.slice(2) };
    };
    const exact = samplerOf(enlarging(noising, mean, variance));
    const actual = await samplesBy(exact);
    const moved = await samplesBy(samplerOf(trembling(enlarging(noising, mean, variance))));
    const growth = Math.max(...actual.means.map((m, i) => Math.abs(moved.means[i]! - m))) / TREMOR;
    // pixels that differ in their x̂₀ may come out large, and their mean has the roundings of them
    const largest = Math.max(1, ...actual.pixels.map(Math.abs));
    // Coefficients of several steps are solved for, and lose digits where steps are unlike each other; and
    // formulas that go by ε̂ = (x_t - a·x̂₀)/s give x̂₀ back as (x_t - s·ε̂)/a, with the roundings of x_t
    const alphas = exact.plan.map(({ from }) => from.alpha).filter((alpha) => alpha > 0);
    // there are up to twelve steps, with some eighty roundings in each
    const tolerance = (2 ** -43 * largest * (1 + growth)) / Math.min(1, ...alphas);
    return approx('means', actual.means, means, tolerance);
  },
};

/**
 * Laws of denoisers that are conditioned: on an image, and on conditions of all kinds.
 * @example
 * conditionLaws[0]!.name // → 'samples have the given means'
 * for (const law of conditionLaws) await checkLaw(law, 0.05)
 */
export const conditionLaws: readonly Law[] = [asked, ...kindLaws];
