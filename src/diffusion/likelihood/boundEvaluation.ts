import { type Dim, meanPerSample, normalLike, type Shape, square, sub, type Tensor } from '../../dsl/index.js';
import { hinted } from '../../internal/decode.js';
import { fail, type NoisefoldError, orRaise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { E, type either, F } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { converted } from '../denoisers/overNoising.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { type Grid, gridPart } from '../grids/grid.js';
import { exponentialGrid } from '../grids/sigmaGrid.js';
import { forEachSample } from '../channels/batch.js';
import { drawnBy, requiredKeys } from '../channels/batchKeys.js';
import { leavesSignal } from '../channels/channel.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { qSample } from '../paths/forward.js';
import type { Level } from '../channels/level.js';
import { isDiscrete, type Noising, pathOf } from '../paths/noising.js';
import { measuredAlong } from './continuousBound.js';
import { cdfFields, type CdfOptions } from './discretizedGaussian.js';
import { pMeanVariance, reverseFields, type ReverseOptions } from './reverse.js';
import { risingLevels } from './risingLevels.js';
import { type BoundInputs, boundTerm, type Measured } from './variationalBound.js';

const boundOptions = schema('boundAt', {
  ...reverseFields,
  ...cdfFields,
  /**
   * The levels of the terms on a continuous path. A number means equal steps of log σ from 80 to 0.002; 100 if left out. The bound of
   * a schedule has a term for each timestep.
   */
  grid: optional(hinted(gridPart, 'more levels need more evaluations, and vary less with the key')),
});

/** Options of {@link boundAt}. */
export interface BoundOptions extends OptionsOf<typeof boundOptions> {}

/** Returns a `ConfigError` if the last level, at which the integral over the log-SNR begins, has no signal. */
const endingWithSignal =
  (where: string) =>
  (levels: readonly Level[]): either.Either<NoisefoldError, readonly Level[]> =>
    leavesSignal(levels.at(-1)!)
      ? E.right(levels)
      : fail('ConfigError', {
          where: `${where}.grid`,
          expected: 'levels with signal, between which the bound is an integral over the log-SNR',
          actual: `none at t = ${levels.at(-1)!.t}`,
          hint: 'give a number, or exponentialGrid(100, { max: 80 })',
        });

/** The levels of the terms of a bound, from the least noise to the most. Returns a `ConfigError` for an invalid grid. */
export const boundLevels = (
  where: string,
  noising: Noising,
  grid: number | Grid | undefined,
): either.Either<NoisefoldError, readonly Level[]> => {
  if (!isDiscrete(noising))
    return F.pipe(
      risingLevels(where, (steps) => exponentialGrid(steps))(noising, grid ?? 100),
      E.flatMap(endingWithSignal(where)),
    );
  return grid === undefined
    ? E.right(pathOf(noising).list!)
    : fail('ConfigError', {
        where: `${where}.grid`,
        expected: 'none: the bound of a schedule has a term for each of its timesteps',
        actual: 'a grid',
        hint: 'measure the process of fewer timesteps: unwrap(respace(spaced(50))(noising))',
      });
};

/** The terms of a process of timesteps: {@link boundTerm}. */
const measuredAt = <P, I extends Shape>(
  noising: DiscreteNoising,
  denoiser: Denoiser<P, I>,
  { cdf, ...reverseOptions }: Required<ReverseOptions & CdfOptions>,
) => {
  const diffuse = qSample(noising);
  const reverse = pMeanVariance(noising, denoiser, reverseOptions);
  const term = boundTerm(noising, { cdf });
  const toNoise = converted(noising, 'x0', 'epsilon');
  return <B extends Dim>(
    params: P,
    x0: Tensor<[B, ...I]>,
    { t: one, key, noise: own, ...conditioning }: NoInfer<BoundInputs<B, I>>,
  ): Measured<B> => {
    const t = forEachSample(x0)(one);
    const noise = own ?? drawnBy(requiredKeys('boundAt', key), normalLike)(x0);
    const xt = diffuse(t, noise)(x0);
    const result = reverse(params, xt, { ...conditioning, t });
    return {
      bits: term(t, x0, xt)(result),
      x0Error: meanPerSample(square(sub(result.x0, x0))),
      noiseError: meanPerSample(square(sub(toNoise(t, xt)(result.x0), noise))),
    };
  };
};

/**
 * Measures the term of the variational bound at one t for a batch, and the errors of x̂₀ and ε̂. Compile it once and run it
 * for t = T-1…0; {@link foldBits} adds up the terms and that of {@link priorTerm}. x̂₀ is clipped, unless `correction` is given.
 * With `noise` in place of `key` a term can be compared with that of other code.
 *
 * On a continuous path the terms belong to the levels of a grid (VDM, Kingma et al. 2021, section 5): the term of the least noise
 * is -log p(x₀|x_t) with p(x₀|x_t) ∝ q(x_t|x₀). Each other term is ½·∫ ‖ε - ε̂‖² dλ from the previous level to its own, estimated
 * at one random λ for each sample.
 *
 * - `x0`: `[B, ...I]`, bytes as levels in [-1, 1]
 *
 * @param options - `variance`, `correction`, `cdf`, and `grid` of a continuous path. Raises `ConfigError` for invalid options
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const terms = (of: Noising) => program({ x0: 'B', t: ':int32', k: 'key' }, ({ x0, t, k }) =>
 *   boundAt(of, white)(null, x0, { t, key: k }).bits)
 * await using nf = await open(reference())
 * await nf.run(evaluate(terms(noising), { B: 1 })({ x0: Float32Array.of(1), t: 500, k: key(7) })) // → [0]
 * await nf.run(evaluate(terms(rectifiedFlow()), { B: 1 })({ x0: Float32Array.of(1), t: 99, k: key(7) })) // → [0]
 */
export const boundAt = <P, I extends Shape, G = unknown>(
  noising: Noising,
  denoiser: Denoiser<P, I>,
  options?: Exact<G, keyof BoundOptions> & BoundOptions,
) => {
  const { grid, ...settings } = boundOptions.demand(options);
  const levels = orRaise(boundLevels('boundAt', noising, grid));
  return isDiscrete(noising)
    ? measuredAt(noising, denoiser, settings)
    : measuredAlong(noising, denoiser, levels, settings);
};

/** The bound of a batch, in bits per dimension: for each sample L_T, and the terms of {@link boundAt} from the least noise on. */
export interface BatchBits {
  readonly prior: ArrayLike<number>;
  readonly terms: readonly ArrayLike<number>[];
}

/** The variational bound of a data set, in bits per dimension. */
export interface DatasetBits {
  /** The bound: the sum of `prior` and `terms`. */
  readonly total: number;
  /** L_T. */
  readonly prior: number;
  /** The term of each t from 0 to T-1, or of each level of a grid on a continuous path. */
  readonly terms: Float64Array;
}

const average = (some: readonly ArrayLike<number>[], samples: number): number =>
  some.reduce((sum, batch) => Array.from(batch).reduce((a, b) => a + b, sum), 0) / samples;

/**
 * The bound of a data set from the bounds of its batches, on the host: means over all samples, and their sum over t. Returns
 * a `ConfigError` for a batch without a term for each t and sample, and if there are no samples.
 * @example
 * const batches = [{ prior: [0.5], terms: [[3], [1]] }, { prior: [0.5], terms: [[4], [2]] }]
 * unwrap(foldBits(2)(batches)).total // → 5.5
 * const wrong = foldBits(3)(batches)
 * isLeft(wrong) && wrong.left.actual // → '2 timesteps in batch 0'
 */
export const foldBits =
  (T: number) =>
  (batches: readonly BatchBits[]): either.Either<NoisefoldError, DatasetBits> => {
    const samples = batches.reduce((sum, { prior }) => sum + prior.length, 0);
    const short = batches.findIndex(({ terms }) => terms.length !== T);
    const uneven = batches.findIndex(({ prior, terms }) => terms.some((term) => term.length !== prior.length));
    if (samples === 0 || short !== -1 || uneven !== -1)
      return fail('ConfigError', {
        where: 'foldBits',
        expected: `a term for each of ${T} timesteps and each sample`,
        actual:
          short !== -1
            ? `${batches[short]!.terms.length} timesteps in batch ${short}`
            : uneven !== -1
              ? `terms and L_T of different numbers of samples in batch ${uneven}`
              : 'no sample',
        hint: 'the bound is a sum over every timestep of the process',
      });
    const prior = average(
      batches.map((batch) => batch.prior),
      samples,
    );
    const terms = Float64Array.from({ length: T }, (_, t) =>
      average(
        batches.map((batch) => batch.terms[t]!),
        samples,
      ),
    );
    return E.right({ total: terms.reduce((a, b) => a + b, prior), prior, terms });
  };
