import {
  type Dim,
  exp,
  max as maxOf,
  mul,
  neg,
  fullLike,
  type NoisefoldError,
  onesLike,
  reciprocal,
  scaleBy,
  type Shape,
  sub,
  type Tensor,
  zerosLike,
} from '../../dsl/index.js';
import { aboveZero, functionOf, hinted } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import type { Exact, InferredFrom } from '../../internal/exact.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { limitTimesteps } from '../denoisers/networkTimesteps.js';
import { overPath } from '../denoisers/overNoising.js';
import { levelsWithSignal } from '../denoisers/requireSignal.js';
import { usualRange } from '../grids/sigmaGrid.js';
import { rejectMeanGuidance } from '../guidance/classifierGuidance.js';
import { rejectRenoise } from '../guidance/contrast.js';
import { type Guidance, guidedBy, unguided } from '../guidance/guidance.js';
import { steeredOn } from '../guidance/steering.js';
import { clipToImage, type Correction } from '../guidance/x0Correction.js';
import { perSample } from '../channels/batch.js';
import { bySigma } from './bySigma.js';
import { drawnBy, requiredKeys } from '../channels/batchKeys.js';
import { noiseScale, sigmaOf } from '../channels/channel.js';
import { gaussian } from './noise.js';
import type { SamplerStepInputs } from './sampler.js';
import type { Noising } from '../paths/noising.js';
import { denoiserPart, noisingPart } from '../parts.js';
import { adaptiveStep, type AdaptiveState, controlFields } from '../solvers/exponential/dpmAdaptive.js';

/** The options that adaptive samplers and `sampleAdaptive` share. */
export const adaptiveFields = {
  ...controlFields,
  /** The least σ/α, where the last step to the data begins; the end of a schedule, or 0.002, if left out. */
  min: optional(hinted(aboveZero, 'sigmaRange gives the ends of a schedule')),
  /** The greatest σ/α, where sampling begins; the end of a schedule, or 80, if left out. */
  max: optional(hinted(aboveZero, 'sigmaRange gives the ends of a schedule')),
};

/** The error control of an adaptive sampler, and its range of noise levels. */
export interface AdaptiveOptions extends OptionsOf<typeof adaptiveFields> {}

/** The parts of an adaptive sampler. */
export interface AdaptiveParts<P, I extends Shape> extends AdaptiveOptions {
  /** The process, such as `edm()`. */
  readonly noising: Noising;
  /** The denoiser, such as a model. */
  readonly denoiser: Denoiser<P, I>;
  /** {@link unguided} if left out. */
  readonly guidance?: Guidance<NoInfer<P>, NoInfer<I>>;
  /** {@link clipToImage} if left out. */
  readonly correction?: Correction;
  /** False to end at the least noise level; true, to end at the data, if left out. */
  readonly toData?: boolean;
}

/** The inputs of an attempt besides parameters and state. */
export interface AdaptiveInputs<B extends Dim, I extends Shape> extends Omit<SamplerStepInputs<B, I>, 'index'> {}

/** Samples with separate steps for each sample: `start`, then `step` until no sample is left, then `end`. */
export interface AdaptiveSampler<P, I extends Shape> {
  /** True if attempts need a key, which is the case for η above 0. */
  readonly stochastic: boolean;
  /** The initial state, from standard normal noise, `[B, ...I]`. */
  readonly start: <B extends Dim>(noise: Tensor<[B, ...I]>) => AdaptiveState<B, I>;
  /**
   * An attempt of a step of each sample. A stochastic sampler needs a different key for each attempt. `left` is 0 once all samples
   * are at the end.
   */
  readonly step: <B extends Dim>(
    params: P,
    state: AdaptiveState<B, I>,
    inputs: AdaptiveInputs<NoInfer<B>, I>,
  ) => { readonly state: AdaptiveState<B, I>; readonly left: Tensor<[]> };
  /** The samples, and the number of evaluations of each. */
  readonly end: <B extends Dim>(
    state: AdaptiveState<B, I>,
  ) => { readonly x: Tensor<[B, ...I]>; readonly evaluations: Tensor<[B]> };
}

const partsOf = schema('adaptiveSampler', {
  noising: noisingPart,
  denoiser: denoiserPart,
  guidance: optional(functionOf<Guidance>('guidance, such as cfg(2)'), unguided),
  correction: optional(functionOf<Correction>('a correction, such as clipToImage'), clipToImage),
  toData: optional(t.boolean, true),
  ...adaptiveFields,
} satisfies Record<keyof AdaptiveParts<never, []>, unknown>);

/**
 * A sampler that chooses its levels by the error of each step: DPM-Solver-12 and -23 (Lu et al. 2022a, appendix C) with the step
 * size of `sample_dpm_adaptive` of k-diffusion. Every sample of a batch has its own steps, so its result does not depend on the
 * other samples. All attempts have the same graph. With `eta` it is stochastic. Returns a `ConfigError` if the parts do not fit
 * together, for guidance with memory, whose evaluations have no order when attempts are rejected, and for an infinite range.
 * @example
 * const denoiser: Denoiser<null, [2]> = { predicts: 'v', apply: (_, x) => zerosLike(x) }
 * const result = unwrap(adaptiveSampler({ noising: unwrap(ddpm(linear(1000))), denoiser, rtol: 0.01 }))
 * result.start(zeros(3, 2)).isLeft // → [1, 1, 1]
 */
export const adaptiveSampler = <P, I extends Shape, G = unknown>(
  parts: Exact<G, keyof AdaptiveParts<never, []>> & InferredFrom<AdaptiveParts<P, I>, 'denoiser'>,
): either.Either<NoisefoldError, AdaptiveSampler<P, I>> =>
  F.pipe(
    partsOf.decode<AdaptiveParts<P, I>>(parts),
    E.flatMap(({ guidance, denoiser, ...others }) =>
      F.pipe(
        guidedBy<P, I>('adaptiveSampler', guidance)(limitTimesteps(others.noising)(denoiser)),
        E.flatMap((guided) => adaptiveSamplerOf({ ...others, guided })),
      ),
    ),
  );

/** Checked parts, with the guided denoiser, whose timesteps are limited to those of the noising. */
type CheckedParts<P, I extends Shape> = { readonly guided: Denoiser<P, I> } & Omit<
  Filled<typeof partsOf.fields, AdaptiveParts<P, I>>,
  'denoiser' | 'guidance'
>;

/** {@link adaptiveSampler} of checked parts. */
export const adaptiveSamplerOf = <P, I extends Shape>({
  noising,
  guided,
  correction,
  toData,
  min,
  max,
  ...control
}: CheckedParts<P, I>): either.Either<NoisefoldError, AdaptiveSampler<P, I>> =>
  F.pipe(
    { ...usualRange(noising), ...(min && { min }), ...(max && { max }) },
    (range) =>
      range.min < range.max && range.max < Infinity
        ? E.right({ range, path: bySigma(noising) })
        : fail('ConfigError', {
            where: 'adaptiveSampler.max',
            expected: 'noise levels min < max < ∞',
            actual: `min = ${range.min}, max = ${range.max}`,
            hint: 'at zero terminal SNR σ is infinite: give a maximum, such as { max: 80 }',
          }),
    E.let('ends', ({ path, range }) => [path.levelAt(range.max), path.levelAt(range.min)] as const),
    E.tap(({ ends }) => levelsWithSignal('adaptiveSampler', ends, guided)),
    E.tap(() => rejectMeanGuidance('adaptiveSampler', guided, 'another solver')),
    E.tap(() => rejectRenoise('adaptiveSampler', guided, 'a solver with more')),
    E.tap(() =>
      guided.recurrent === undefined
        ? E.right(undefined)
        : fail('ConfigError', {
            where: 'adaptiveSampler.guidance',
            expected: 'guidance without memory',
            actual: 'guidance with memory, such as apg with momentum',
            hint: 'take another guidance, or a solver with fixed steps',
          }),
    ),
    E.map(({ range, path, ends: [begin, end] }) => {
      const { apply } = F.pipe(guided, overPath(path), steeredOn(path, { correction }));
      const attempt = adaptiveStep(control, -Math.log(range.min), toData);
      return {
        stochastic: control.eta > 0,
        start: <B extends Dim>(noise: Tensor<[B, ...I]>): AdaptiveState<B, I> => {
          const x = mul(noise, noiseScale(begin) / begin.alpha);
          const none = zerosLike(perSample(x));
          return {
            x,
            low: x,
            lambda: fullLike(none, -Math.log(Math.min(range.max, sigmaOf(begin)))), // a path may end below `max`
            h: fullLike(none, control.hInit),
            inverses: [none, none],
            evaluations: none,
            isLeft: onesLike(none),
          };
        },
        step: (params, before, { key, noise, ...conditioning }) => {
          const state = attempt(
            (x, lambda) => {
              const sigma = exp(neg(lambda));
              const { alpha } = path.levels(sigma);
              const x0 = apply(params, scaleBy(x, alpha), { ...conditioning, t: sigma });
              return control.space === 'x0' ? x0 : scaleBy(sub(x, x0), reciprocal(sigma));
            },
            (lambda) => path.levels(exp(neg(lambda))).alpha,
            before,
            () => noise?.noise ?? drawnBy(requiredKeys('adaptiveSampler', key), gaussian)(before.x),
          );
          return { state, left: maxOf(state.isLeft) };
        },
        end: ({ x, evaluations }) => ({ x: toData ? x : mul(x, end.alpha), evaluations }),
      };
    }),
  );
