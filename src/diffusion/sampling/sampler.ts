import { type Dim, fork, type Key, type NoisefoldError, type Shape, type Tensor, zerosLike } from '../../dsl/index.js';
import type { NeedsClasses, NoClasses, SaysOfClasses } from '../../internal/classes.js';
import type { Itself } from '../../internal/itself.js';
import type { Exact, InferredFrom } from '../../internal/exact.js';
import { E, type either, F } from '../../internal/fp.js';
import { limitTimesteps } from '../conditioning/networkTimesteps.js';
import { forEachSample } from '../process/batch.js';
import type { Condition } from '../conditioning/condition.js';
import { clipToImage, type Correction, uncorrected } from '../reverse/x0Correction.js';
import { type Denoiser, overProcess } from '../denoiser/denoiser.js';
import { timestepsWithSignal } from '../denoiser/requireSignal.js';
import { type Guidance, unguided } from '../guidance/guidance.js';
import { everyStep, type Grid, gridOf, gridPart } from '../grids/grid.js';
import { gaussian, type Noise, requiredKey } from './noise.js';
import type { Process } from '../process/process.js';
import { rejectMeanGuidance } from '../guidance/classifierGuidance.js';
import { type Leg, legsOf } from '../grids/leg.js';
import type { SampleState, SampleStep, Solver } from '../solvers/solver.js';
import { steered } from '../reverse/steering.js';
import { entryAt } from '../process/table.js';
import { functionOf } from '../../internal/decode.js';
import { part } from '../../internal/parts.js';
import { type Filled, optional, schema } from '../../internal/schema.js';
import { denoiserPart, processPart } from '../parts.js';

/** The parts of a sampler, which are independent of each other. */
export interface SamplerParts<P, I extends Shape> {
  readonly process: Itself<Process>;
  readonly denoiser: Itself<Denoiser<P, I>>;
  readonly solver: Solver;
  /** A grid, or a number of timesteps, which means {@link trailing}. {@link everyStep} if left out. */
  readonly grid?: number | Grid;
  /** {@link unguided} if left out. */
  readonly guidance?: Guidance<NoInfer<P>, NoInfer<I>>;
  /** {@link clipToImage} if left out. */
  readonly correction?: Correction;
  /** {@link gaussian} if left out. */
  readonly noise?: Noise;
}

/** The inputs of a sampler's step besides parameters and state. */
export interface SamplerStepInputs<B extends Dim> {
  /** The index of the step, 0…steps-1 from noise to data. */
  readonly index: Tensor<[], 'int32'>;
  /** A different key for each step: on the host, `foldIn(i)(key)` at step i. Only a stochastic sampler needs it. */
  readonly key?: Key;
  /** The class of each sample, `[B]`. */
  readonly label?: Tensor<[B], 'int32'>;
  /** The image that conditions each sample. */
  readonly condition?: Condition<B>;
}

/**
 * Samples from noise to data: `start`, then `step` at index 0…steps-1; `x` of the last state is the sample. The graph of a
 * step is the same for every index: compile it once, and keep the state on the device.
 */
export interface Sampler<P, I extends Shape> {
  readonly steps: number;
  /** The timestep of each step's first evaluation: those of the grid, on the path of the solver. */
  readonly timesteps: readonly number[];
  /** The legs of its path, one for each step. */
  readonly legs: readonly Leg[];
  /** True if steps need a key. */
  readonly stochastic: boolean;
  /** The number of tensors that the state keeps besides x. */
  readonly memory: number;
  /** The initial state, x_T ~ N(0, I), from standard normal noise, `[B, ...I]`. */
  readonly start: <B extends Dim>(noise: Tensor<[B, ...I]>) => SampleState<[B, ...I]>;
  readonly step: <B extends Dim>(
    params: P,
    state: SampleState<[B, ...I]>,
    inputs: SamplerStepInputs<NoInfer<B>>,
  ) => SampleStep<[B, ...I]>;
}

/** Refuses `cfg` for a denoiser whose type says `C` of its classes, if it has none. */
interface ForClasses<C> {
  readonly denoiser: SaysOfClasses<C>;
  readonly guidance?: NeedsClasses<[C] extends [true] ? NoClasses : unknown>;
}

const partsOf = schema('sampler', {
  process: processPart,
  denoiser: denoiserPart,
  solver: part('a solver, such as ddim()', 'integrate'),
  grid: optional(gridPart, everyStep),
  guidance: optional(functionOf<Guidance>('guidance, such as cfg(2)'), unguided),
  correction: optional(functionOf<Correction>('a correction, such as clipToImage'), clipToImage),
  noise: optional(functionOf<Noise>('a draw of noise, such as gaussian'), gaussian),
} satisfies Record<keyof SamplerParts<never, []>, unknown>);

/**
 * Makes the sampler of a denoiser over a process from a solver, a grid, guidance, a correction and noise. Returns a
 * `ConfigError` if the parts do not fit together.
 * @example
 * const denoiser: Denoiser<null, [28, 28, 1]> = { predicts: 'v', apply: (_, x) => x }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser, grid: 5, solver: ddim() }))
 * made.timesteps // → [999, 799, 599, 399, 199]
 * made.stochastic // → false
 */
export const sampler = <P, I extends Shape, C = unknown, G = unknown>(
  parts: Exact<G, keyof SamplerParts<never, []>> & ForClasses<C> & InferredFrom<SamplerParts<P, I>, 'denoiser'>,
): either.Either<NoisefoldError, Sampler<P, I>> =>
  F.pipe(partsOf.decode<SamplerParts<P, I>>(parts), E.flatMap(samplerOf));

const samplerOf = <P, I extends Shape>({
  process,
  denoiser,
  solver,
  grid,
  guidance,
  correction,
  noise,
}: Filled<typeof partsOf.fields, SamplerParts<P, I>>): either.Either<NoisefoldError, Sampler<P, I>> =>
  F.pipe(
    E.Do,
    E.bind('falling', () => gridOf(grid)(process)),
    E.let('own', ({ falling }) => solver.processFor?.(process, falling) ?? process),
    E.let('legs', ({ falling, own }) => (solver.path ?? legsOf)(own, falling)),
    E.bind('timesteps', ({ legs, own }) =>
      // a sampler cannot start where x̂₀ does not follow from the prediction
      timestepsWithSignal('sampler', own, denoiser.predicts)(legs.map(({ t }) => t)),
    ),
    E.bind('integrator', ({ legs, own }) => solver.integrate(legs, own.marginals)),
    E.bind('guided', () => guidance(limitTimesteps(process)(denoiser))),
    E.tap(({ guided, integrator }) =>
      integrator.guidesMean === true ? E.right(undefined) : rejectMeanGuidance('sampler', guided, 'another solver'),
    ),
    E.map(({ legs, timesteps, integrator, guided, own }) => {
      const steeredBy = (by: Correction) =>
        F.pipe(guided, overProcess(own), steered(own, { correction: by, timesteps }));
      const { apply, learned, guides } = steeredBy(correction);
      const free = steeredBy(uncorrected);
      const timestepAt = entryAt(Int32Array.from(timesteps));
      const nextAt = entryAt(Int32Array.from(legs, ({ t, next }) => next ?? t));
      const { memory, stochastic } = integrator;
      return {
        steps: legs.length,
        timesteps,
        legs,
        stochastic,
        memory,
        start: (x) => ({ x, memory: Array.from({ length: memory }, () => zerosLike(x)) }),
        step: <B extends Dim>(
          params: P,
          state: SampleState<[B, ...I]>,
          { index, key, ...given }: SamplerStepInputs<NoInfer<B>>,
        ) => {
          const each = forEachSample(state.x);
          return integrator.step(state, {
            index,
            t: timestepAt(index),
            next: nextAt(index),
            predict: (x, t) => apply(params, x, { ...given, t: each(t) }),
            uncorrected: (x, t) => free.apply(params, x, { ...given, t: each(t) }),
            ...(learned && {
              learned: {
                as: learned.as,
                variance: (x, t) => learned.apply(params, x, { ...given, t: each(t) }).variance,
              },
            }),
            ...(guides?.mean && {
              meanGradient: (x, t, mean) => guides.mean!(params, x, { ...given, t: each(t) }, mean),
            }),
            noise: (name) => noise(state.x)(fork(requiredKey('sampler', key), name)[name]!),
          });
        },
      };
    }),
  );
