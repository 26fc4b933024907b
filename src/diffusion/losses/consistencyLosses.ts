/** Losses of consistency functions, f(x_t, t), which are the same all along the probability flow through x_t. */
import {
  add,
  type Dim,
  div,
  greater,
  log,
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
import { hinted, oneOf } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { partLike } from '../../internal/parts.js';
import { type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { requireSignal } from '../denoisers/requireSignal.js';
import { overElements } from '../channels/batch.js';
import type { Noising } from '../paths/noising.js';
import type { ContinuousNoising } from '../paths/path.js';
import { distancePart, measuredBy, pseudoHuberDistance } from './distances.js';
import { type AnyTeacher, type Losses, type Objective, objective, type TargetAverage } from './objective.js';
import type { LossInputs, LossOptions } from './lossInputs.js';
import { type NoisedBatch, noisedBatch } from './loss.js';
import type { NoisePair, NoisePairs } from './noisePairs.js';
import { ofSigma } from './sigmaCoordinates.js';
import { requireContinuous, type WithTeacher, teacherFields, teaching } from './teacher.js';
import { digestOf, weightingPart } from './weighting.js';

const fields = {
  /** The pairs of noise levels: {@link ectPairs} or {@link karrasPairs}. */
  pairs: partLike<NoisePairs>('pairs of noise levels', 'ectPairs({ steps: 4000 })', 'settings', 'of'),
  /** The distance d, such as {@link squaredL2Distance}; {@link pseudoHuberDistance}, as in iCT, if left out. */
  distance: optional(distancePart, /* @__PURE__ */ pseudoHuberDistance()),
  /** The weight of the distance, as a function of the log-SNR at t, such as {@link snrWeight}; 1/(t - r) of iCT if left out. */
  weighting: optional(weightingPart),
  /**
   * The average of the parameters that makes the target network, such as `emaConstant(0.95)`; if left out, the network is its own
   * target.
   */
  target: optional(partLike<TargetAverage>('an average', 'emaConstant(0.95)', 'settings', 'share')),
};
const training = schema('consistencyLosses', fields);
const distillation = schema('consistencyDistillationLosses', {
  ...fields,
  ...teacherFields,
  /** The step along the flow of the teacher; 'heun' if left out. */
  solver: optional(hinted(oneOf('heun', 'euler'), "the paper uses 'heun'"), 'heun'),
});

/** Options of {@link consistencyLosses}. */
export interface ConsistencyLossOptions extends OptionsOf<typeof training> {}

/** Options of {@link consistencyDistillationLosses}. */
export interface ConsistencyDistillationOptions<Q, J extends Shape> extends WithTeacher<typeof distillation, Q, J> {}

/** A noised batch at the noise level t, x_t = x₀ + t·ε, and the level r at which the flow from x_t ends. */
interface Departure<B extends Dim, I extends Shape> extends NoisePair<B> {
  readonly xt: Tensor<[B, ...I]>;
  readonly noise: Tensor<[B, ...I]>;
  readonly at: NoisedBatch<B, I>['at'];
  readonly inputs: LossInputs<B, I>;
}

/** Makes x_r on the probability flow through x_t. */
type Flow<I extends Shape> = <B extends Dim>(departure: Departure<B, I>) => Tensor<[B, ...I]>;

/** λ·d(f(x_t, t), sg(f⁻(x_r, r))), for noise levels t > r: consistency models (Song et al. 2023), algorithms 2 and 3. */
const consistent = (
  name: string,
  { pairs, distance, weighting, target }: Filled<typeof fields>,
  flowOn: <I extends Shape>(path: ContinuousNoising) => Flow<I>,
  { settings, ...about }: Pick<Objective, 'teacher' | 'settings'> = {},
): Objective => {
  const d = measuredBy(name, distance);
  const weight = <B extends Dim>({ t, r }: NoisePair<B>): Tensor<[B]> =>
    weighting === undefined ? reciprocal(sub(t, r)) : weighting(mul(log(t), -2));
  return objective(
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
        const pair = pairs.of(div(sigma, alpha), inputs.step);
        const { t, r } = pair;
        const xt = add(inputs.x0, scaleBy(noise, t));
        const xr = flow({ xt, t, r, noise, at, inputs });
        const theta = (inputs.target ?? params) as P; // `fit` gives the average of `params`
        const [ft, fr] = atBoth(
          ({ params: p, x, sigma }) => f(p, x, sigma, at),
          { params, x: xt, sigma: t },
          { params: theta, x: xr, sigma: r },
        );
        return { losses: mul(d(ft, stopGradient(fr)), weight(pair)), t: at.t };
      };
    },
    {
      settings: {
        pairs: pairs.settings,
        distance: distance.name,
        weighting: weighting ? digestOf(weighting) : null,
        target: target?.settings ?? null,
        ...Object(settings),
      },
      ...(target && { target }),
      estimatesEnd: true,
      ...about,
    },
  );
};

/**
 * x_r from x_t by a step of Heun's method along dx/dσ = (x - D(x; σ))/σ, the probability flow of x₀ + σ·ε: EDM (Karras et al.
 * 2022), Algorithm 2, lines 7 to 11. Euler's method ends at line 8.
 */
const stepAlong = <B extends Dim, I extends Shape>(
  solver: 'heun' | 'euler',
  D: (x: Tensor<[B, ...I]>, sigma: Tensor<[B]>) => Tensor<[B, ...I]>,
  x: Tensor<[B, ...I]>,
  t: Tensor<[B]>,
  r: Tensor<[B]>,
): Tensor<[B, ...I]> => {
  const h = sub(r, t);
  const d = scaleBy(sub(x, D(x, t)), reciprocal(t));
  const euler = add(x, scaleBy(d, h));
  if (solver === 'euler') return euler;
  const d2 = scaleBy(sub(euler, D(euler, r)), reciprocal(maximum(r, 1e-30)));
  return where(greater(overElements(x)(r), 0), add(x, scaleBy(add(d, d2), mul(h, 0.5))), euler);
};

/**
 * Losses of consistency training, without a teacher: f(x_t, t) learns to be f(x_r, r) at a smaller noise level r, for x_t and x_r
 * of the same x₀ and the same noise. The loss is λ·d(f(x_t, t), f⁻(x_r, r)), and the gradient of f⁻ stops. Both ends have the same
 * dropout and labels.
 *
 * - ECT, easy consistency tuning (Geng et al. 2024): {@link ectPairs}. It begins with a trained denoiser
 * - iCT, improved consistency training (Song & Dhariwal 2023): {@link karrasPairs} with {@link doublingIntervals}. Both have the
 *   defaults: the pseudo-Huber distance, the weight 1/(t - r), and f as f⁻
 * - CT, consistency training (Song et al. 2023, algorithm 3): `karrasPairs` with {@link rootIntervals}, {@link karrasTimes},
 *   {@link squaredL2Distance} or {@link l1Distance}, {@link uniformWeight}, and the target network {@link emaByIntervals}
 *
 * Makes an `Objective` for continuous paths; t and r are noise levels σ/α, and f is x̂₀ of the denoiser. f(x, 0) must be x: wrap the
 * network by {@link preconditioned}, or predict ε, v or the velocity. The preconditioning of CT has f(x, σ_min) = x. `fit` gives the
 * parameters of the target network; held-out losses compare the averaged network with itself. Sample by {@link consistency}. Raises
 * `ConfigError` for invalid options, and `ShapeError` for a distance without a number for each sample.
 * @example
 * const half: Denoiser<null, []> = { predicts: 'x0', clock: 'level', apply: (_, x) => mul(x, 0.5) }
 * const losses = consistencyLosses({
 *   pairs: karrasPairs({ intervals: 1, min: 1, max: 2 }),
 *   distance: squaredL2Distance,
 *   weighting: snrWeight,
 * })(edm(), half)
 * // t = 2 and r = 1: f is 2.5 at x_t = 5, and 2 at x_r = 4
 * losses(null, { x0: fullOf(3, 1), t: fullOf(2, 1), noise: ones(1) }).losses // → [0.5 ** 2 / 2 ** 2]
 */
export const consistencyLosses = <G = unknown>(
  options: Exact<G, keyof ConsistencyLossOptions> & ConsistencyLossOptions,
): Objective => {
  // on average the noise of x_t points along the flow, so that training needs no teacher as r comes close to t
  return consistent(
    'consistencyLosses',
    training.demand<ConsistencyLossOptions>(options),
    () =>
      ({ inputs: { x0 }, noise, r }) =>
        add(x0, scaleBy(noise, r)),
  );
};

/**
 * Losses of consistency distillation (Song et al. 2023, algorithm 2): those of {@link consistencyLosses}, but x_r is the end of a
 * step of Heun's method from x_t, along the probability flow of a trained denoiser. The teacher may be guided, by `guidance:
 * cfg(2)`; its student then draws guided samples without guidance. The paper has {@link karrasPairs} of 17 intervals,
 * {@link karrasTimes}, {@link uniformWeight}, and the target network `emaConstant(0.95)`; the defaults are those of iCT.
 *
 * Makes an `Objective` for the path of the teacher, which must be continuous. Begin with the parameters of the teacher: `initial`
 * of `fit`. Raises `ConfigError` for invalid options.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const black: Model<object, []> = { ...none, predicts: 'x0', clock: 'level', apply: (_, x) => zerosLike(x) }
 * const teacher = { model: black, noising: edm(), params: {} }
 * const pairs = ectPairs({ steps: 1, stages: 1, k: 0 })
 * const half: Denoiser<null, []> = { predicts: 'x0', clock: 'level', apply: (_, x) => mul(x, 0.5) }
 * const losses = consistencyDistillationLosses({ teacher, pairs, distance: l1Distance })(edm(), half)
 * // the flow to x₀ = 0 leads from x_t = 4 at t = 2 to x_r = 2 at r = 1
 * losses(null, { x0: fullOf(2, 1), t: fullOf(2, 1), noise: ones(1), teacher: {} }).losses // → [1]
 */
export const consistencyDistillationLosses = <Q, J extends Shape, G = unknown>(
  options: Exact<G, keyof ConsistencyDistillationOptions<Q, J>> & ConsistencyDistillationOptions<Q, J>,
): Objective => {
  const { teacher, guidance, solver, ...settings } = distillation.demand<ConsistencyDistillationOptions<Q, J>>(options);
  const name = 'consistencyDistillationLosses';
  const flowOn = <I extends Shape>(path: ContinuousNoising): Flow<I> => {
    const D = ofSigma(path, teaching<Q, J, I>(name, path, teacher, guidance));
    // `fit` gives the parameters of `teacher`
    return ({ xt, t, r, at, inputs }) =>
      stepAlong(solver, (x, sigma) => D(inputs.teacher as Q, x, sigma, at), xt, t, r);
  };
  return consistent(name, settings, flowOn, { settings: { solver }, teacher: teacher as AnyTeacher });
};
