/** Consistency models in continuous time, sCM (Lu & Song 2024): the derivative along the flow in place of pairs of levels. */
import {
  add,
  cast,
  type Dim,
  div,
  jvp,
  meanPerSample,
  minimum,
  mul,
  neg,
  onesLike,
  reciprocal,
  scalar,
  scaleBy,
  type Shape,
  sqrt,
  square,
  stopGradient,
  sub,
  sumPerSample,
  type Tensor,
} from '../../dsl/index.js';
import { asTangent } from '../../dsl/transforms/grads.js';
import { aboveZero, hinted, natural } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { targetAt } from '../denoisers/atLevel.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { overNoising, reparameterize } from '../denoisers/overNoising.js';
import { requireSignal } from '../denoisers/requireSignal.js';
import { type Noising, requirePath } from '../paths/noising.js';
import type { ContinuousNoising } from '../paths/path.js';
import { type AnyTeacher, type Losses, type Objective, objective } from './objective.js';
import type { LossInputs, LossOptions } from './lossInputs.js';
import { type NoisedBatch, noisedBatch } from './loss.js';
import { type WithTeacher, teacherFields, teaching } from './teacher.js';

const tangentFields = {
  /** c of the normalization g/(‖g‖ + c) of the tangent; 0.1 if left out. */
  c: optional(hinted(aboveZero, 'the paper uses 0.1'), 0.1),
  /** H, the warmup of the tangent: the factor r of its unstable part grows from 0 to 1 in the first H steps; 10000 if left out. */
  warmup: optional(hinted(natural, 'the paper uses 10,000; 0 for none'), 10_000),
};
const training = schema('continuousConsistencyLosses', tangentFields);
const distillation = schema('continuousConsistencyDistillationLosses', { ...tangentFields, ...teacherFields });

/** Options of {@link continuousConsistencyLosses}. */
export interface ContinuousConsistencyOptions extends OptionsOf<typeof training> {}

/** Options of {@link continuousConsistencyDistillationLosses}. */
export interface ContinuousConsistencyDistillationOptions<Q, J extends Shape> extends WithTeacher<
  typeof distillation,
  Q,
  J
> {}

const TRIGONOMETRIC = { expected: 'trigonometric()', hint: 'train on trigonometric({ timeScale: 1 })' };

/** Makes dx_t/dt on the flow through x_t. */
type Velocity<I extends Shape> = <B extends Dim>(
  batch: NoisedBatch<B, I>,
  inputs: LossInputs<B, I>,
) => Tensor<[B, ...I]>;

const continuous = (
  name: string,
  settings: Required<ContinuousConsistencyOptions>,
  velocityOn: <I extends Shape>(path: ContinuousNoising) => Velocity<I>,
  about: Pick<Objective, 'teacher'> = {},
): Objective =>
  objective(
    name,
    <P, I extends Shape>(noising: Noising, denoiser: Denoiser<P, I>, options?: LossOptions): Losses<P, I> => {
      const { c, warmup } = settings;
      const path = requirePath(`${name}: noising`, noising, TRIGONOMETRIC, 'trigonometric'); // here dx/dt = v
      requireSignal('loss', path, denoiser);
      const { apply } = overNoising(path)(reparameterize(path, 'v')(denoiser));
      const noised = noisedBatch(path, denoiser, options);
      const velocity = velocityOn<I>(path);
      return (params, inputs) => {
        const batch = noised(inputs);
        const { xt, at } = batch;
        const { alpha: cos, sigma: sin } = path.levels(at.t);
        const dxdt = velocity(batch, inputs);
        const point = { x: xt, t: at.t };
        const along: typeof point = { x: dxdt, t: mul(onesLike(at.t), 2 / Math.PI) as typeof at.t };
        const predicted = (q: typeof point) => apply(params, q.x, { ...at, t: q.t });
        const { value: F, tangent } = jvp(predicted)(point, asTangent(along));
        const [Fs, dFdt] = [stopGradient(F), stopGradient(tangent)];
        const { step } = inputs;
        const r = step === undefined || warmup === 0 ? scalar(1) : minimum(div(cast(step, 'float32'), warmup), 1);
        // Algorithm 1, with σ_d = 1: g = -cos²·(F⁻ - dx/dt) - r·cos·sin·(x_t + dF/dt), g ← g/(‖g‖ + c)
        const still = scaleBy(sub(Fs, dxdt), square(cos));
        const turning = mul(scaleBy(add(xt, dFdt), mul(cos, sin)), r);
        const g = sub(neg(still), turning);
        const unit = scaleBy(g, reciprocal(add(sqrt(sumPerSample(square(g))), c)));
        return { losses: meanPerSample(square(sub(sub(F, Fs), unit))), t: at.t };
      };
    },
    { settings, estimatesEnd: true, ...about },
  );

/**
 * Losses of consistency training in continuous time: sCT of sCM (Lu & Song 2024), Algorithm 1, with σ_d = 1. The derivative of
 * f(x_t, t) along the flow takes the place of a second level, so that nothing is discretized. F is the prediction v, dx_t/dt is
 * cos(t)·ε - sin(t)·x₀, and ∂F along it a derivative in forward mode ({@link jvp}):
 *
 *     g = -cos²(t)·(F - dx_t/dt) - r·cos(t)·sin(t)·(x_t + dF/dt), g ← g/(‖g‖ + c)
 *     the loss is ‖F - sg(F + g)‖²/d
 *
 * where r grows from 0 to 1 in the first steps, and t is the angle πt/2 of the path. The adaptive weight of the paper, a network of
 * t, is left out. `logNormalTimes({ mean: -1, deviation: 1.4 })` is usual, and `initial` of a trained denoiser saves time. Use a
 * network of t in [0, 1], `trigonometric({ timeScale: 1 })`, since the derivative by 1000·t is noise. Sample by {@link consistency}.
 *
 * Makes an `Objective` for {@link trigonometric}. Raises `ConfigError` for invalid options.
 * @example
 * const still: Denoiser<null, [1]> = { predicts: 'v', apply: (_, x) => zerosLike(x) }
 * const losses = continuousConsistencyLosses({ c: 1 })(trigonometric(), still)
 * // at t = ½, with x_t = 0: dx_t/dt = √2, g = ½·√2, and g/(‖g‖ + 1) is 0.4142
 * losses(null, { x0: fullOf(-1, 1, 1), t: fullOf(0.5, 1), noise: ones(1, 1) }).losses // → [0.1716]
 */
export const continuousConsistencyLosses = <G = unknown>(
  options?: Exact<G, keyof ContinuousConsistencyOptions> & ContinuousConsistencyOptions,
): Objective => {
  // the mean velocity of samples is the velocity of the flow
  return continuous(
    'continuousConsistencyLosses',
    training.demand<ContinuousConsistencyOptions>(options),
    (path) =>
      ({ noise, at }, { x0 }) =>
        targetAt('v', path.levels(at.t))(x0, noise),
  );
};

/**
 * Losses of consistency distillation in continuous time: sCD of sCM (Lu & Song 2024). They are those of
 * {@link continuousConsistencyLosses}, with the velocity of a trained denoiser as dx_t/dt. The teacher may be guided, by
 * `guidance: cfg(2)`; its student then draws guided samples without guidance. Begin with the parameters of the teacher: `initial` of
 * `fit`. Raises `ConfigError` for invalid options.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const turning: Model<object, []> = { ...none, predicts: 'v', apply: (_, x) => onesLike(x) }
 * const teacher = { model: turning, noising: trigonometric(), params: {} }
 * const still: Denoiser<null, []> = { predicts: 'v', apply: (_, x) => zerosLike(x) }
 * const losses = continuousConsistencyDistillationLosses({ teacher, c: 0.5 })(trigonometric(), still)
 * // at t = ½, with x_t = 0: g = ½, and g/(‖g‖ + ½) is ½
 * losses(null, { x0: fullOf(-1, 1), t: fullOf(0.5, 1), noise: ones(1), teacher: {} }).losses // → [0.25]
 */
export const continuousConsistencyDistillationLosses = <Q, J extends Shape, G = unknown>(
  options: Exact<G, keyof ContinuousConsistencyDistillationOptions<Q, J>> &
    ContinuousConsistencyDistillationOptions<Q, J>,
): Objective => {
  const { teacher, guidance, ...settings } =
    distillation.demand<ContinuousConsistencyDistillationOptions<Q, J>>(options);
  const name = 'continuousConsistencyDistillationLosses';
  const velocityOn = <I extends Shape>(path: ContinuousNoising): Velocity<I> => {
    const v = overNoising(path)(reparameterize(path, 'v')(teaching<Q, J, I>(name, path, teacher, guidance)));
    return ({ xt, at }, inputs) => v.apply(inputs.teacher as Q, xt, at); // `fit` gives the parameters of `teacher`
  };
  return continuous(name, settings, velocityOn, { teacher: teacher as AnyTeacher });
};
