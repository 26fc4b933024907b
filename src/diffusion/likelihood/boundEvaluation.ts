import { type Dim, meanPerSample, normalLike, type Shape, square, sub, type Tensor } from '../../dsl/index.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { forEachSample } from '../levels/batch.js';
import { type BatchKeys, drawnBy } from '../levels/batchKeys.js';
import type { CdfOptions } from './discretizedGaussian.js';
import { boundTerm } from './variationalBound.js';
import type { Condition } from '../denoisers/condition.js';
import { converted } from '../denoisers/overNoising.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { qSample } from '../levels/forward.js';
import type { DiscreteNoising } from '../levels/discreteNoising.js';
import { pMeanVariance, type ReverseOptions } from './reverse.js';
import { demanding } from '../../internal/takes.js';
import { denoiserPart, discretePart } from '../parts.js';

/** The inputs of {@link boundAt} besides parameters and data. */
export interface BoundInputs<B extends Dim> {
  /** One timestep for the whole batch. */
  readonly t: Tensor<[], 'int32'>;
  /** The key of the noise, for the batch or for each sample. Use a different key at each t. */
  readonly key: BatchKeys;
  /** The class of each sample, `[B]`. */
  readonly label?: Tensor<[B], 'int32'>;
  /** The image that conditions each sample. */
  readonly condition?: Condition<B>;
}

/** The measurements at one t, for each sample. */
export interface Measured<B extends Dim> {
  /** The term of the bound, in bits per dimension: `boundTerm`. */
  readonly bits: Tensor<[B]>;
  /** The mean squared error of the corrected x̂₀. */
  readonly x0Error: Tensor<[B]>;
  /** The mean squared error of the ε̂ that follows from it. */
  readonly noiseError: Tensor<[B]>;
}

/**
 * Measures the term of the variational bound at one t for a batch, and the errors of x̂₀ and ε̂. Compile it once and run it
 * for t = T-1…0; {@link foldBits} adds up the terms. x̂₀ is clipped, unless `correction` is given.
 *
 * - `x0`: `[B, ...I]`, bytes as levels in [-1, 1]
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const terms = program({ x0: 'B', t: ':int32', k: 'key' }, ({ x0, t, k }) =>
 *   boundAt(noising, white)(null, x0, { t, key: k }).bits)
 * await using nf = await open(reference())
 * await nf.run(evaluate(terms, { B: 1 })({ x0: Float32Array.of(1), t: 500, k: key(7) })) // → [0]
 */
export const boundAt = demanding(
  'boundAt',
  { noising: discretePart, denoiser: denoiserPart },
  <P, I extends Shape>(
    noising: DiscreteNoising,
    denoiser: Denoiser<P, I>,
    options: ReverseOptions & CdfOptions = {},
  ) => {
    const { cdf, ...reverseOptions } = options;
    const transmit = qSample(noising);
    const reverse = pMeanVariance(noising, denoiser, reverseOptions);
    const term = boundTerm(noising, cdf && { cdf });
    const toNoise = converted(noising, 'x0', 'epsilon');
    return <B extends Dim>(
      params: P,
      x0: Tensor<[B, ...I]>,
      { t: one, key, ...given }: BoundInputs<NoInfer<B>>,
    ): Measured<B> => {
      const t = forEachSample(x0)(one);
      const noise = drawnBy(key, normalLike)(x0);
      const xt = transmit(t, noise)(x0);
      const found = reverse(params, xt, { ...given, t });
      return {
        bits: term(t, x0, xt)(found),
        x0Error: meanPerSample(square(sub(found.x0, x0))),
        noiseError: meanPerSample(square(sub(toNoise(t, xt)(found.x0), noise))),
      };
    };
  },
);

/** The bound of a batch, in bits per dimension: for each sample L_T, and the term of each t from 0 to T-1. */
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
  /** The term of each t from 0 to T-1. */
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
