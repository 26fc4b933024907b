import type { ConditionValues } from '../../conditions/values.js';
import {
  add,
  bernoulliLike,
  type Dim,
  fullLike,
  jvp,
  type Key,
  mul,
  type NoisefoldError,
  onesLike,
  type Shape,
  square,
  sumPerSample,
  type Tensor,
  where,
  zerosLike,
} from '../../dsl/index.js';
import { asTangent } from '../../dsl/transforms/grads.js';
import type { Exact, InferredFrom } from '../../internal/exact.js';
import { hinted } from '../../internal/decode.js';
import { E, type either, F } from '../../internal/fp.js';
import { optional, schema } from '../../internal/schema.js';
import { forEachSample, perSample } from '../channels/batch.js';
import { type BatchKeys, drawnBy } from '../channels/batchKeys.js';
import { type Channel, normOf, preservesVariance } from '../channels/channel.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { overPath, reparameterizeOn } from '../denoisers/overNoising.js';
import { levelsWithSignal } from '../denoisers/requireSignal.js';
import { everyStep, type Grid, gridPart, spaced } from '../grids/grid.js';
import { lookupIn } from '../paths/discretePath.js';
import { isDiscrete, type Noising, pathOf } from '../paths/noising.js';
import type { Level } from '../channels/level.js';
import { karrasGrid } from '../grids/sigmaGrid.js';
import { denoiserPart, noisingPart } from '../parts.js';
import { rejectMeanGuidance } from '../guidance/classifierGuidance.js';
import { rejectRenoise } from '../guidance/contrast.js';
import { steeredOn } from '../guidance/steering.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { entryAt } from '../channels/entries.js';
import { risingLevels } from './risingLevels.js';

/** The state of an integration to noise: the samples, and the change of log-volume so far. */
export interface LikelihoodState<B extends Dim, I extends Shape> {
  readonly x: Tensor<[B, ...I]>;
  readonly stretch: Tensor<[B]>;
}

/** The inputs of a step besides parameters and state. */
export interface LikelihoodInputs<B extends Dim> {
  /** The index of the step, 0…steps-1 from data to noise. */
  readonly index: Tensor<[], 'int32'>;
  /** One key for the batch or for each sample. Use the same for each step, so that the random direction stays the same. */
  readonly key: BatchKeys;
  /** The values of each sample, such as its class, by name, for a denoiser that is conditioned on them. */
  readonly conditions?: ConditionValues<B>;
}

/** An integration from data to noise: `start`, then `step` at index 0…steps-1, then `finish`. */
export interface Likelihood<P, I extends Shape> {
  readonly steps: number;
  /** The rising timesteps of the path, one more than steps. */
  readonly timesteps: readonly number[];
  readonly start: <B extends Dim>(x: Tensor<[B, ...I]>) => LikelihoodState<B, I>;
  readonly step: <B extends Dim>(
    params: P,
    state: LikelihoodState<B, I>,
    inputs: LikelihoodInputs<NoInfer<B>>,
  ) => LikelihoodState<B, I>;
  /** The log-density log p(x) of each sample, in nats. */
  readonly finish: <B extends Dim>(state: LikelihoodState<B, I>) => Tensor<[B]>;
}

/** The angle φ of q(x_t|x_0) = N(cos φ·x_0, sin² φ). */
const angleOf = ({ alpha, sigma }: Channel): number => Math.atan2(sigma, alpha);

/** Rademacher noise: -1 or 1 with probability ½ each. */
const rademacher =
  <S extends Shape>(x: Tensor<S>) =>
  (key: Key): Tensor<S> =>
    where(bernoulliLike(key, 0.5, x), onesLike(x), fullLike(x, -1)) as Tensor<S>;

/** log N(x; 0, I) of each sample. */
const standardLogDensity = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>): Tensor<[B]> =>
  sumPerSample(mul(add(square(x), Math.log(2 * Math.PI)), -0.5));

/** The derivatives of a state by φ: the velocity v, and the divergence of the flow. */
interface Slope<B extends Dim, I extends Shape> {
  readonly velocity: Tensor<[B, ...I]>;
  readonly divergence: Tensor<[B]>;
}

/** dx/dφ = v(x), and d log p/dφ = zᵀ·∂v/∂x·z, for a random direction z. */
const slopeOf = <B extends Dim, I extends Shape>(
  v: (x: Tensor<[B, ...I]>) => Tensor<[B, ...I]>,
  x: Tensor<[B, ...I]>,
  z: Tensor<[B, ...I]>,
): Slope<B, I> => {
  const { value, tangent } = jvp(v)(x, asTangent<Tensor<[B, ...I]>>(z));
  return { velocity: value, divergence: sumPerSample(mul(tangent, z)) };
};

/** A step of Heun's method between two timesteps, whose angles are 2·half apart: y + half·(k₁ + k₂). */
const heun = <B extends Dim, I extends Shape>(
  { x, stretch }: LikelihoodState<B, I>,
  slopeAt: (x: Tensor<[B, ...I]>, t: Tensor<[], 'int32'>) => Slope<B, I>,
  t: Tensor<[], 'int32'>,
  half: Tensor<[]>,
): LikelihoodState<B, I> => {
  const k1 = slopeAt(x, t);
  const k2 = slopeAt(add(x, mul(k1.velocity, mul(half, 2))), add(t, 1));
  return {
    x: add(x, mul(add(k1.velocity, k2.velocity), half)),
    stretch: add(stretch, mul(add(k1.divergence, k2.divergence), half)),
  };
};

interface LikelihoodParts<P, I extends Shape> {
  readonly noising: Noising;
  readonly denoiser: Denoiser<P, I>;
  readonly grid?: number | Grid;
}

const levelsOf = risingLevels(
  'likelihood',
  (steps) => (noising) => (isDiscrete(noising) ? spaced(steps) : karrasGrid(steps))(noising),
);

const partsOf = schema(
  'likelihood',
  {
    noising: noisingPart,
    denoiser: denoiserPart,
    grid: optional(hinted(gridPart, 'leave it out for every timestep'), everyStep),
  } satisfies Record<keyof LikelihoodParts<never, []>, unknown>,
  'likelihood takes no guidance',
);

/**
 * The exact likelihood of a model by its probability flow ODE (Song et al. 2021, section 4.3 and appendix D.2). In the angle
 * φ of x_t = cos φ·x_0 + sin φ·ε the flow is dx/dφ = v̂ (Salimans & Ho 2022, appendix D), and
 * log p(x) = log N(x_T; 0, I) + ∫ div v̂ dφ. Heun's method, of second order, integrates between the timesteps of a grid,
 * with two evaluations and two Jacobian-vector products a step. The divergence is Hutchinson's estimate z·∂v̂·z with
 * z = ±1, which is unbiased, and exact for a diagonal Jacobian. On a path that does not preserve the variance, such as
 * {@link rectifiedFlow}, x is x_t/√(α² + σ²).
 *
 * The samples are treated as x_t of the first timestep of the grid, the least noise that the model knows, and the result is
 * the density there. For bytes, add noise of their width first, and see `bitsOfBytes`.
 *
 * @param parts - `grid`: a number, which means {@link spaced} from the first timestep to the last, and on a continuous path
 *   {@link karrasGrid} from 80 to 0.002; or a grid of at least two; every timestep of a schedule if left out. Invalid parts are a
 *   `ConfigError`
 * @example
 * // data N(0, I) do not move: v̂ = 0
 * const still: Denoiser<null, [2]> = { predicts: 'v', apply: (_, x) => zerosLike(x) }
 * const noising = unwrap(ddpm(cosine(8)))
 * const result = unwrap(likelihood({ noising, denoiser: still }))
 * result.steps // → 7
 * result.finish(result.start(zeros(1, 2))) // → [-1.838]
 */
export const likelihood = <P, I extends Shape, G = unknown>(
  parts: Exact<G, keyof LikelihoodParts<never, []>> & InferredFrom<LikelihoodParts<P, I>, 'denoiser'>,
): either.Either<NoisefoldError, Likelihood<P, I>> =>
  F.pipe(
    partsOf.decode<LikelihoodParts<P, I>>(parts),
    E.bind('levels', ({ noising, grid }) => levelsOf(noising, grid)),
    E.tap(({ denoiser, levels }) => levelsWithSignal('likelihood', levels, denoiser)),
    E.tap(({ denoiser }) => rejectMeanGuidance('likelihood', denoiser, 'the flow of likelihood')),
    E.tap(({ denoiser }) => rejectRenoise('likelihood', denoiser, 'the flow of likelihood')),
    E.map(({ noising, denoiser, levels }) => {
      const timesteps = levels.map(({ t }) => t);
      const angles = levels.map(angleOf);
      const halfAt = entryAt(angles.slice(1).map((angle, i) => (angle - angles[i]!) / 2));
      const isEven = levels.every(preservesVariance);
      const [first] = levels as [Level, ...Level[]]; // at least two levels
      const normAt = entryAt(levels.map(normOf));
      // the evaluations, whose time is their index
      const evaluations = lookupIn(levels, pathOf(noising).clock);
      const { apply } = F.pipe(
        denoiser,
        overPath(evaluations),
        steeredOn(evaluations, { correction: uncorrected }),
        reparameterizeOn(evaluations, 'v'),
      );
      return {
        steps: timesteps.length - 1,
        timesteps,
        start: (x) =>
          isEven
            ? { x, stretch: zerosLike(perSample(x)) }
            : { x: mul(x, 1 / normOf(first)), stretch: mul(perSample(onesLike(x)), -Math.log(normOf(first))) },
        step: (params, state, { index, key, ...conditioning }) => {
          const { x } = state;
          const z = drawnBy(key, rademacher)(x);
          const v = (at: typeof x, t: typeof index) =>
            apply(params, isEven ? at : mul(at, normAt(t)), { ...conditioning, t: forEachSample(x)(t) });
          return heun(state, (from, t) => slopeOf((at) => v(at, t), from, z), index, halfAt(index));
        },
        finish: ({ x, stretch }) => add(standardLogDensity(x), stretch),
      };
    }),
  );
