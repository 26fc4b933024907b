import type { ConditionValues } from '../../conditions/values.js';
import { type Dim, mul, type NoisefoldError, type Shape, type Tensor } from '../../dsl/index.js';
import type { GuidanceFor, TakesConditions } from '../../conditions/marks.js';
import type { Itself } from '../../internal/itself.js';
import type { Exact, InferredFrom } from '../../internal/exact.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { limitTimesteps } from '../denoisers/networkTimesteps.js';
import { forEachSample } from '../channels/batch.js';
import { type BatchKeys, drawnBy, forkKeys, requiredKeys } from '../channels/batchKeys.js';
import { clipToImage, type Correction, uncorrected } from '../guidance/x0Correction.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { overPath } from '../denoisers/overNoising.js';
import { levelsWithSignal } from '../denoisers/requireSignal.js';
import { type Guidance, guidedBy, unguided } from '../guidance/guidance.js';
import { everyStep, type Grid, gridOf, gridPart } from '../grids/grid.js';
import { checkedNoise, gaussian, type Noise } from './noise.js';
import { levelsAt, type Noising, pathOf } from '../paths/noising.js';
import { lookupIn } from '../paths/discretePath.js';
import { noiseScale } from '../channels/channel.js';
import { rejectMeanGuidance } from '../guidance/classifierGuidance.js';
import { rejectRenoise } from '../guidance/contrast.js';
import { beginAt, integratorOf, type NoiseName, type SampleState, type SampleStep } from '../solvers/integrator.js';
import { planOf, type SolverPlan, type Solver, stagesOf } from '../solvers/plan.js';
import { channelsAt, entryAt } from '../channels/entries.js';
import { steeredOn } from '../guidance/steering.js';
import { functionOf } from '../../internal/decode.js';
import { type Filled, optional, schema } from '../../internal/schema.js';
import { denoiserPart, noisingPart, solverPart } from '../parts.js';

/** The parts of a sampler, which are independent of each other. */
export interface SamplerParts<P, I extends Shape> {
  /** The noising process. */
  readonly noising: Itself<Noising>;
  /** The denoiser: a model, or a function of your own. */
  readonly denoiser: Itself<Denoiser<P, I>>;
  /** The solver, such as `dpmSolverPP({ order: 2 })` or `ddim()`. */
  readonly solver: Solver;
  /** A grid, or a number of steps: see {@link gridOf}. {@link everyStep} if left out, for a schedule only. */
  readonly grid?: number | Grid;
  /** False to end at the last level of the grid, with noise; true, to end at the data, if left out. */
  readonly toData?: boolean;
  /** {@link unguided} if left out. */
  readonly guidance?: Guidance<NoInfer<P>, NoInfer<I>>;
  /**
   * The correction of each x̂₀; {@link clipToImage} if left out, which clips to [-1, 1]. For data outside of [-1, 1] give
   * {@link uncorrected}.
   */
  readonly correction?: Correction;
  /** {@link gaussian} if left out. */
  readonly noise?: Noise;
}

/** The inputs of a sampler's step besides parameters and state. */
export interface SamplerStepInputs<B extends Dim, I extends Shape = Shape> {
  /** The index of the evaluation, 0…steps-1 from noise to data. */
  readonly index: Tensor<[], 'int32'>;
  /**
   * A different key for each evaluation: on the host, `foldIn(i)(key)` at evaluation i. Give one key for the batch, or one for each
   * sample, so that the noise of a sample does not depend on the batch. Only a stochastic sampler needs a key.
   */
  readonly key?: BatchKeys;
  /** Standard normal noise by name, `[B, ...I]` each, in place of drawn noise. */
  readonly noise?: { readonly [K in NoiseName]?: Tensor<[B, ...I]> };
  /** The values of each sample, such as its class, by name, for a denoiser that is conditioned on them. */
  readonly conditions?: ConditionValues<B>;
}

/**
 * Samples from noise to data: `start`, then `step` at index 0…steps-1; `x` of the last state is the sample. Each `step` is one
 * evaluation of the denoiser. Its graph is the same for every index: compile it once, and keep the state on the device.
 */
export interface Sampler<P, I extends Shape> {
  /** The number of evaluations. */
  readonly steps: number;
  /** The time of each evaluation; some may lie between two timesteps of a schedule. */
  readonly timesteps: readonly number[];
  /** The steps of the solver, with a stage for each evaluation. */
  readonly plan: SolverPlan;
  /** True if steps need a key. */
  readonly stochastic: boolean;
  /** The number of tensors that the state keeps besides x. */
  readonly memory: number;
  /** The initial state, x_T ~ N(0, I), from standard normal noise, `[B, ...I]`; σ_T·ε where α² + σ² is not 1. */
  readonly start: <B extends Dim>(noise: Tensor<[B, ...I]>) => SampleState<[B, ...I]>;
  readonly step: <B extends Dim>(
    params: P,
    state: SampleState<[B, ...I]>,
    inputs: SamplerStepInputs<NoInfer<B>, I>,
  ) => SampleStep<[B, ...I]>;
}

/** The type that refuses guidance that a denoiser with the conditions `C` cannot have. */
interface ForConditions<C> {
  readonly denoiser: TakesConditions<C>;
  readonly guidance?: GuidanceFor<C>;
}

const partsOf = schema('sampler', {
  noising: noisingPart,
  denoiser: denoiserPart,
  solver: solverPart,
  grid: optional(gridPart, everyStep),
  toData: optional(t.boolean, true),
  guidance: optional(functionOf<Guidance>('guidance, such as cfg(2)'), unguided),
  correction: optional(functionOf<Correction>('a correction, such as clipToImage'), clipToImage),
  noise: optional(functionOf<Noise>('a draw of noise, such as gaussian'), gaussian),
} satisfies Record<keyof SamplerParts<never, []>, unknown>);

/**
 * Makes the sampler of a denoiser over a process from a solver, a grid, guidance, a correction and noise. Returns a
 * `ConfigError` if the parts do not fit together.
 * @example
 * const denoiser: Denoiser<null, [28, 28, 1]> = { predicts: 'v', apply: (_, x) => x }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser, grid: 5, solver: ddim() }))
 * result.timesteps // → [999, 799, 599, 399, 199]
 * result.stochastic // → false
 */
export const sampler = <P, I extends Shape, C = unknown, G = unknown>(
  parts: Exact<G, keyof SamplerParts<never, []>> & ForConditions<C> & InferredFrom<SamplerParts<P, I>, 'denoiser'>,
): either.Either<NoisefoldError, Sampler<P, I>> =>
  F.pipe(
    partsOf.decode<SamplerParts<P, I>>(parts),
    E.flatMap(({ guidance, denoiser, ...others }) =>
      F.pipe(
        guidedBy<P, I>('sampler', guidance)(limitTimesteps(others.noising)(denoiser)),
        E.flatMap((guided) => samplerOf({ ...others, guided })),
      ),
    ),
  );

/** Checked parts of a sampler, with the guided denoiser, whose timesteps are limited to those of the noising. */
interface CheckedParts<P, I extends Shape> extends Omit<
  Filled<typeof partsOf.fields, SamplerParts<P, I>>,
  'denoiser' | 'guidance'
> {
  readonly guided: Denoiser<P, I>;
}

/** {@link sampler} of checked parts. */
export const samplerOf = <P, I extends Shape>({
  noising,
  guided,
  solver,
  grid,
  toData,
  correction,
  noise,
}: CheckedParts<P, I>): either.Either<NoisefoldError, Sampler<P, I>> =>
  F.pipe(
    E.Do,
    E.bind('falling', () => gridOf(grid)(noising)),
    E.let('way', ({ falling }) => levelsAt(noising, falling)),
    E.bind('plan', ({ way }) =>
      toData || way.length > 2
        ? planOf(solver, toData ? way : way.slice(0, -1), noising)
        : fail('ConfigError', {
            where: 'sampler.toData',
            expected: 'true, for a grid of one level, which is no step',
            actual: 'false',
            hint: 'give a grid of two levels or more',
          }),
    ),
    E.let('levels', ({ plan }) => stagesOf(plan).map(({ at }) => at)),
    // a sampler cannot evaluate at a timestep where x̂₀ does not follow from the prediction
    E.tap(({ levels }) => levelsWithSignal('sampler', levels, guided)),
    E.let('integrator', ({ plan }) => integratorOf(plan)),
    E.tap(({ integrator }) =>
      integrator.guidesMean ? E.right(undefined) : rejectMeanGuidance('sampler', guided, 'another solver'),
    ),
    E.tap(({ plan }) =>
      plan.every(({ stages }) => stages.length === 1)
        ? E.right(undefined)
        : rejectRenoise('sampler', guided, 'a solver with more'),
    ),
    E.map(({ plan, levels, integrator }) => {
      const { clock } = pathOf(noising);
      // the evaluations, whose time is their index
      const evaluations = lookupIn(levels, clock);
      const steeredBy = (by: Correction) =>
        F.pipe(guided, overPath(evaluations), steeredOn(evaluations, { correction: by }));
      const { from } = plan[0]!; // a plan has at least one step
      const scale = (solver.start ?? noiseScale)(from);
      const { apply, unguided: plain = apply, renoise, recurrent, learned, guides } = steeredBy(correction);
      const free = steeredBy(uncorrected);
      const steps = plan.flatMap((step) => step.stages.map(() => step)); // of each evaluation
      const [beginsAt, endsAt] = [channelsAt(steps.map(({ from }) => from)), channelsAt(steps.map(({ to }) => to))];
      const stepAt = entryAt(Int32Array.from(plan.flatMap(({ stages }, i) => stages.map(() => i))));
      const memory = integrator.memory + (recurrent?.memory ?? 0);
      return {
        steps: integrator.stages,
        timesteps: levels.map(({ t }) => t),
        plan,
        stochastic: integrator.stochastic,
        memory,
        start: (noise) => beginAt(memory)(scale === 1 ? noise : mul(noise, scale)),
        step: <B extends Dim>(
          params: P,
          state: SampleState<[B, ...I]>,
          { index, key, noise: noiseOf, ...conditioning }: SamplerStepInputs<NoInfer<B>, I>,
        ) => {
          const t = forEachSample(state.x)(index);
          const at = { ...conditioning, t, step: { index: stepAt(index), from: beginsAt(t), to: endsAt(t) } };
          const memory = state.memory.slice(integrator.memory);
          return integrator.step(state, {
            index,
            predict: (x) => (recurrent ? recurrent.apply(params, x, at, memory).prediction : apply(params, x, at)),
            ...(recurrent && { guidanceMemory: (x) => recurrent.apply(params, x, at, memory).memory }),
            uncorrected: (x) => free.apply(params, x, at),
            unguided: (x) => plain(params, x, at),
            ...(renoise && { renoise: (x) => renoise(params, x, at) }),
            ...(learned && {
              learned: { as: learned.as, variance: (x) => learned.apply(params, x, at).variance },
            }),
            ...(guides?.mean && { meanGradient: (x, mean) => guides.mean!(params, x, at, mean) }),
            noise: (name) =>
              noiseOf?.[name] ?? drawnBy(forkKeys(requiredKeys('sampler', key), name), checkedNoise(noise))(state.x),
          });
        },
      };
    }),
  );
