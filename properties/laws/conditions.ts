/** Denoisers that are conditioned on an image. */
import fc from 'fast-check';
import {
  type Denoiser,
  exactDenoiser,
  type Grid,
  type Process,
  sampler,
  superResolution,
  uncorrected,
} from 'noisefold/diffusion';
import { ascribeLike, averagePool, constantOf, foldIn, fork, scalar, sub, upsample } from 'noisefold/dsl';
import { gridded } from '../arbitraries/diffusion.js';
import { type Named, runsOn, solverOf } from '../arbitraries/solvers.js';
import { valueOf } from '../oracles/plans.js';
import { drawn } from '../oracles/running.js';
import { approx, type Law } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
const numbers = (min: number, max: number, length: number): fc.Arbitrary<readonly number[]> =>
  fc.array(within(min, max), { minLength: length, maxLength: length });

/** E[x_0|x_t, means] of pixels N(m, v), each for itself: E[x_0|x_t], moved to the mean that is asked for. */
const enlarging = (process: Process, mean: number, variance: number): Denoiser<null, [2, 2, 1]> => {
  const { apply, ...blind } = exactDenoiser(process)<[2, 2, 1]>({
    shape: [2, 2, 1],
    weights: [1],
    means: [[mean, mean, mean, mean]],
    variances: [variance],
  });
  return {
    ...blind,
    condition: { channels: 1 },
    apply: (_, x, at) => {
      const alone = apply(null, x, at);
      const excess = sub(at.condition!.image)(averagePool(alone));
      return ascribeLike(x)(sub(upsample(excess))(alone));
    },
  };
};

interface Gridded {
  readonly process: Process;
  readonly grid: Grid;
}

const asked: Law<
  readonly [Named, Gridded, readonly [number, number], readonly number[], readonly number[], number]
> = {
  name: 'samples have the means that they were asked for',
  formula:
    'x_0 of any solver on any grid, with E[x_0|x_t, y] of pixels N(m, v) whose mean in each square is y: its mean in the square is y, within 2¹⁶ roundings of 1/√ᾱ at its noisiest timestep with signal',
  source: 'the mean given y is y; SR3 (Saharia et al. 2021)',
  arbitrary: fc
    .tuple(
      solverOf,
      gridded.filter(({ steps }) => steps <= 12),
      fc.tuple(within(-1, 1), within(0.01, 1)),
      numbers(-1, 1, 2),
      numbers(-4, 4, 8),
      fc.nat(),
    )
    .filter(([{ solver }, given]) => runsOn(solver, given)),
  runs: 40,
  violation: async ([{ solver }, { process, grid }, [mean, variance], means, begin, seed]) => {
    const denoiser = enlarging(process, mean, variance);
    const { steps, legs, start, step } = valueOf(
      sampler({ process, denoiser, solver, grid, correction: uncorrected }),
    );
    const found = await drawn([seed, 0], (key) => {
      const condition = { image: constantOf(means, 2, 1, 1, 1) };
      const first = start(constantOf(begin, 2, 2, 2, 1));
      const last = Array.from({ length: steps }, (_, i) => i).reduce(
        (state, i) => step(null, state, { index: scalar(i, 'int32'), key: foldIn(i)(key), condition }).state,
        first,
      );
      return superResolution({ factor: 2 })(last.x, fork(key, 'condition').condition).image;
    });
    // A step that goes by ε̂ = (x_t - a·x̂₀)/s gives x̂₀ back as (x_t - s·ε̂)/a, with the roundings of x_t. Formulas of
    // several steps multiply them by their coefficients, which grow without bound as legs grow unlike each other.
    const scales = legs.map(({ from }) => from.scale).filter((scale) => scale > 0);
    return approx('means', found as ArrayLike<number>, means, (2 ** 16 * ULP) / Math.min(1, ...scales));
  },
};

/**
 * Denoisers that are conditioned on an image.
 *
 * @example
 * conditionLaws[0]!.name // → 'samples have the means that they were asked for'
 * for (const law of conditionLaws) await checkLaw(law, 0.05)
 */
export const conditionLaws: readonly Law[] = [asked];
