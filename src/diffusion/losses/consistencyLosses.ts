/** Losses of consistency functions, f(x_t, t), which are the same all along the probability flow through x_t. */
import {
  add,
  type Dim,
  div,
  greater,
  maximum,
  mul,
  reciprocal,
  scaleBy,
  type Shape,
  stopGradient,
  sub,
  type Tensor,
  where,
} from '../../dsl/index.js';
import { atBoth } from '../../dsl/transforms/atBoth.js';
import type { Exact } from '../../internal/exact.js';
import { partLike } from '../../internal/parts.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { requireSignal } from '../denoisers/requireSignal.js';
import { overElements } from '../levels/batch.js';
import type { Noising } from '../levels/noising.js';
import type { ContinuousNoising } from '../levels/path.js';
import { type AnyTeacher, type Losses, type Objective, objective } from './loss.js';
import { type LossInputs, type LossOptions, type NoisedBatch, noisedBatch } from './noisedBatch.js';
import type { NoisePair, NoisePairs } from './noisePairs.js';
import { huberPart, pseudoHuber } from './pseudoHuber.js';
import { ofSigma } from './sigmaCoordinates.js';
import { requireContinuous, type Taught, teacherFields, teaching } from './teacher.js';

const pairFields = {
  /** The pairs of noise levels: {@link ectPairs} or {@link ictPairs}. */
  pairs: partLike<NoisePairs>('pairs of noise levels', 'ectPairs({ steps: 4000 })', 'settings', 'of'),
  /** c of the pseudo-Huber distance; 0.00054·√d for samples of d elements if left out. */
  c: optional(huberPart),
};
const training = schema('consistencyLosses', pairFields);
const distillation = schema('consistencyDistillationLosses', { ...pairFields, ...teacherFields });

/** Options of {@link consistencyLosses}. */
export interface ConsistencyLossOptions extends OptionsOf<typeof training> {}

/** Options of {@link consistencyDistillationLosses}. */
export interface ConsistencyDistillationOptions<Q, J extends Shape> extends Taught<typeof distillation, Q, J> {}

/** A noised batch at the noise level t, x_t = x₀ + t·ε, and the level r to which the flow leads it. */
interface Departure<B extends Dim, I extends Shape> extends NoisePair<B> {
  readonly xt: Tensor<[B, ...I]>;
  readonly noise: Tensor<[B, ...I]>;
  readonly at: NoisedBatch<B, I>['at'];
  readonly inputs: LossInputs<B, I>;
}

/** Makes x_r on the probability flow through x_t. */
type Flow<I extends Shape> = <B extends Dim>(departure: Departure<B, I>) => Tensor<[B, ...I]>;

/**
 * d(f(x_t, t), sg(f(x_r, r)))/(t - r), for noise levels t > r: consistency models (Song et al. 2023), with the distance d and the
 * weight of iCT (Song & Dhariwal 2023).
 */
const consistent = (
  name: string,
  { pairs, c }: { readonly pairs: NoisePairs; readonly c?: number | undefined },
  flowOn: <I extends Shape>(path: ContinuousNoising) => Flow<I>,
  about: Pick<Objective, 'teacher'> = {},
): Objective =>
  objective(
    name,
    <P, I extends Shape>(noising: Noising, denoiser: Denoiser<P, I>, options?: LossOptions): Losses<P, I> => {
      const path = requireContinuous(name, noising);
      requireSignal('loss', path, denoiser);
      const f = ofSigma(path, denoiser);
      const noised = noisedBatch(path, denoiser, options);
      const flow = flowOn<I>(path);
      return (params, inputs) => {
        const { noise, at } = noised(inputs);
        const { alpha, sigma } = path.levels(at.t);
        const { t, r } = pairs.of(div(sigma, alpha), inputs.step);
        const xt = add(inputs.x0, scaleBy(noise, t));
        const xr = flow({ xt, t, r, noise, at, inputs });
        const [ft, fr] = atBoth(({ x, sigma }) => f(params, x, sigma, at), { x: xt, sigma: t }, { x: xr, sigma: r });
        const error = sub(ft, stopGradient(fr));
        return { losses: div(pseudoHuber(c)(error), sub(t, r)), t: at.t };
      };
    },
    { settings: { pairs: pairs.settings, c: c ?? null }, estimatesEnd: true, ...about },
  );

/**
 * x_r from x_t by a step of Heun's method along dx/dσ = (x - D(x; σ))/σ, the probability flow of x₀ + σ·ε: EDM (Karras et al.
 * 2022), Algorithm 2, lines 7 to 11.
 */
const heun = <B extends Dim, I extends Shape>(
  D: (x: Tensor<[B, ...I]>, sigma: Tensor<[B]>) => Tensor<[B, ...I]>,
  x: Tensor<[B, ...I]>,
  t: Tensor<[B]>,
  r: Tensor<[B]>,
): Tensor<[B, ...I]> => {
  const h = sub(r, t);
  const d = scaleBy(sub(x, D(x, t)), reciprocal(t));
  const euler = add(x, scaleBy(d, h));
  const d2 = scaleBy(sub(euler, D(euler, r)), reciprocal(maximum(r, 1e-30)));
  return where(greater(overElements(x)(r), 0), add(x, scaleBy(add(d, d2), mul(h, 0.5))), euler);
};

/**
 * Losses of consistency training, without a teacher: f(x_t, t) learns to be f(x_r, r) at a smaller noise level r, for x_t and x_r
 * of the same x₀ and the same noise. With {@link ictPairs} it is improved consistency training, iCT (Song & Dhariwal 2023), with
 * {@link ectPairs} easy consistency tuning, ECT (Geng et al. 2024), which begins with a trained denoiser. Both have the
 * pseudo-Huber distance, the weight 1/(t - r), and targets of the same parameters, whose gradient stops. Both ends have the same
 * dropout and labels.
 *
 * Makes an `Objective` for continuous paths; t and r are noise levels σ/α, and f is x̂₀ of the denoiser. f(x, 0) must be x: wrap the
 * network by {@link preconditioned}, or predict ε, v or the velocity. Sample by {@link consistency}. Raises `ConfigError` for
 * invalid options.
 * @example
 * const half: Denoiser<null, []> = { predicts: 'x0', clock: 'level', apply: (_, x) => mul(x, 0.5) }
 * const losses = consistencyLosses({ pairs: ectPairs({ steps: 1, stages: 1, k: 0 }), c: 1e-9 })(edm(), half)
 * // t = 2 and r = 1: f is 2.5 at x_t = 5, and 2 at x_r = 4
 * losses(null, { x0: fullOf(3, 1), t: fullOf(2, 1), noise: ones(1) }).losses // → [0.5]
 */
export const consistencyLosses = <G = unknown>(
  options: Exact<G, keyof ConsistencyLossOptions> & ConsistencyLossOptions,
): Objective => {
  // the noise of x_t points along the flow on average, so that no teacher is needed as r comes close to t
  return consistent(
    'consistencyLosses',
    training.demand<ConsistencyLossOptions>(options),
    () =>
      ({ inputs: { x0 }, noise, r }) =>
        add(x0, scaleBy(noise, r)),
  );
};

/**
 * Losses of consistency distillation (Song et al. 2023, algorithm 2): those of {@link consistencyLosses}, but x_r is where a step of
 * Heun's method along the probability flow of a trained denoiser leads from x_t. The teacher may be guided, by
 * `guidance: cfg(2)`; its student then draws guided samples without guidance. As in iCT, targets are of the same parameters, whose
 * gradient stops, and not of their average.
 *
 * Makes an `Objective` for the path of the teacher, which must be continuous. Begin with the parameters of the teacher: `initial`
 * of `fit`. Raises `ConfigError` for invalid options.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const black: Model<object, []> = { ...none, predicts: 'x0', clock: 'level', apply: (_, x) => zerosLike(x) }
 * const teacher = { model: black, noising: edm(), params: {} }
 * const pairs = ectPairs({ steps: 1, stages: 1, k: 0 })
 * const half: Denoiser<null, []> = { predicts: 'x0', clock: 'level', apply: (_, x) => mul(x, 0.5) }
 * const losses = consistencyDistillationLosses({ teacher, pairs, c: 1e-9 })(edm(), half)
 * // the flow to x₀ = 0 leads from x_t = 4 at t = 2 to x_r = 2 at r = 1
 * losses(null, { x0: fullOf(2, 1), t: fullOf(2, 1), noise: ones(1), teacher: {} }).losses // → [1]
 */
export const consistencyDistillationLosses = <Q, J extends Shape, G = unknown>(
  options: Exact<G, keyof ConsistencyDistillationOptions<Q, J>> & ConsistencyDistillationOptions<Q, J>,
): Objective => {
  const { teacher, guidance, ...settings } = distillation.demand<ConsistencyDistillationOptions<Q, J>>(options);
  const name = 'consistencyDistillationLosses';
  const flowOn = <I extends Shape>(path: ContinuousNoising): Flow<I> => {
    const D = ofSigma(path, teaching<Q, J, I>(name, path, teacher, guidance));
    // `fit` gives the parameters of `teacher`
    return ({ xt, t, r, at, inputs }) => heun((x, sigma) => D(inputs.teacher as Q, x, sigma, at), xt, t, r);
  };
  return consistent(name, settings, flowOn, { teacher: teacher as AnyTeacher });
};
