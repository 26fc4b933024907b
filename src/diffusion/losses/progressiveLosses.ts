/** Progressive distillation: a student whose one step is two steps of its teacher (Salimans & Ho 2022). */
import {
  add,
  type Dim,
  div,
  log,
  mul,
  neg,
  reciprocal,
  scaleBy,
  type Shape,
  sub,
  table,
  type Tensor,
} from '../../dsl/index.js';
import { orRaise, raise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { functionOf, hinted, positive } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { optional, schema } from '../../internal/schema.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { overNoising, reparameterize } from '../denoisers/overNoising.js';
import { requireSignal } from '../denoisers/requireSignal.js';
import { type Grid, gridOf } from '../grids/grid.js';
import type { Level } from '../channels/level.js';
import { levelsAt, type Noising } from '../paths/noising.js';
import type { NoiseLevel } from '../paths/path.js';
import { channelsAt, entriesAt } from '../channels/entries.js';
import { distancePart, measuredBy, squaredL2Distance } from './distances.js';
import { type AnyTeacher, type Losses, type Objective, objective } from './objective.js';
import type { LossOptions } from './lossInputs.js';
import { noisedBatch } from './loss.js';
import { requireContinuous, type WithTeacher, teacherFields, teaching } from './teacher.js';
import { cellAmong } from './timestepsBy.js';
import { digestOf, truncatedSnrWeight, weightingPart } from './weighting.js';

const options = schema('progressiveLosses', {
  ...teacherFields,
  /**
   * N, the number of steps of the student; its teacher takes twice as many. Or the levels of its teacher as a grid: of 2·N, where the
   * last step leads to the data, or of 2·N + 1, where it leads to the last level.
   */
  steps: hinted(
    t.union([positive, functionOf<Grid>('a grid')], 'a number of steps, or the levels of the teacher as a grid'),
    'halve the number of steps of the teacher',
  ),
  /** The distance of x̃ and x̂₀; {@link squaredL2Distance} if left out. */
  distance: optional(distancePart, squaredL2Distance),
  /** The weight of the distance, as a function of the log-SNR at t; {@link truncatedSnrWeight} if left out. */
  weighting: optional(weightingPart, truncatedSnrWeight),
});

/** Options of {@link progressiveLosses}. */
export interface ProgressiveOptions<Q, J extends Shape> extends WithTeacher<typeof options, Q, J> {}

/** A step of DDIM from t to s: z_s = (σ_s/σ_t)·z_t + (α_s - (σ_s/σ_t)·α_t)·x̂. */
const ddimTo = <B extends Dim, I extends Shape>(
  z: Tensor<[B, ...I]>,
  x: Tensor<[B, ...I]>,
  t: NoiseLevel<B>,
  s: NoiseLevel<B>,
): Tensor<[B, ...I]> => {
  const keep = div(s.sigma, t.sigma);
  return add(scaleBy(z, keep), scaleBy(x, sub(s.alpha, mul(t.alpha, keep))));
};

/** The x̂ by which one such step leads from z_t to z_s: x̃ = (z_s - (σ_s/σ_t)·z_t)/(α_s - (σ_s/σ_t)·α_t). */
const x0Between = <B extends Dim, I extends Shape>(
  z: Tensor<[B, ...I]>,
  zs: Tensor<[B, ...I]>,
  t: NoiseLevel<B>,
  s: NoiseLevel<B>,
): Tensor<[B, ...I]> => {
  const keep = div(s.sigma, t.sigma);
  return scaleBy(sub(zs, scaleBy(z, keep)), reciprocal(sub(s.alpha, mul(t.alpha, keep))));
};

/**
 * Losses of progressive distillation (Salimans & Ho 2022, Algorithm 2): a step of the student from t to t'' learns to be two steps
 * of DDIM of its teacher, from t to t' to t''. Their x̂₀ is x̃ = (z_t'' - (σ_t''/σ_t)·z_t)/(α_t'' - (σ_t''/σ_t)·α_t), and the loss is
 * max(SNR, 1)·‖x̃ - x̂‖², or another weight and distance. Train a student of N steps from a teacher of 2·N, then one of N/2 from this student, and so on, each
 * with the parameters of its teacher as `initial`. The teacher of the first may be guided.
 *
 * The times of the student are every other one of `gridOf(2·N)`, which is `gridOf(N)` on a path over [0, 1]: sample there by
 * {@link ddim} on `grid: N`. A drawn time is moved to the next one of these. On {@link edm} the steps of the published code of
 * consistency models (Song et al. 2023) end at σ_min: `steps: karrasGrid(2 * N + 1)`, with {@link karrasTimes}. Makes an `Objective` for the path of the teacher, which
 * must be continuous. Predict v, x₀ or the velocity on a path without signal at its end. Raises `ConfigError` for invalid options.
 * @example
 * const none = { params: treeSpec<object>({}), init: () => ({}) } // no parameters
 * const black: Model<object, []> = { ...none, predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const teacher = { model: black, noising: rectifiedFlow(), params: {} }
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const losses = progressiveLosses({ teacher, steps: 2 })(rectifiedFlow(), white)
 * losses(null, { x0: ones(1), t: fullOf(0.75, 1), noise: ones(1), teacher: {} }).losses // → [1]
 */
export const progressiveLosses = <Q, J extends Shape, G = unknown>(
  settings: Exact<G, keyof ProgressiveOptions<Q, J>> & ProgressiveOptions<Q, J>,
): Objective => {
  const { steps, teacher, guidance, distance, weighting } = options.demand<ProgressiveOptions<Q, J>>(settings);
  const name = 'progressiveLosses';
  const d = measuredBy(name, distance);
  const levelsOn = (noising: Noising): readonly Level[] => {
    const times = orRaise(gridOf(typeof steps === 'number' ? 2 * steps : steps)(noising));
    if (times.length === 1)
      raise('ConfigError', { where: `${name}.steps`, expected: 'a grid of at least two levels', actual: 'one', hint: 'give the number of steps' }); // oxfmt-ignore
    const levels = levelsAt(noising, times); // the last level is the data
    return times.length % 2 === 0 ? levels : levels.slice(0, -1);
  };
  return objective(
    name,
    <P, I extends Shape>(noising: Noising, denoiser: Denoiser<P, I>, lossOptions?: LossOptions): Losses<P, I> => {
      const path = requireContinuous(name, noising);
      const levels = levelsOn(path);
      const times = levels.map(({ t }) => t);
      requireSignal('loss', path, denoiser, times);
      const [at, channels] = [entriesAt(times), channelsAt(levels)];
      // a time is in step i if it is above the end of step i, and not above its beginning
      const ends = table(times.slice(0, -1).filter((_, i) => i % 2 === 0 && i > 0).map((t) => -t)); // oxfmt-ignore
      const noised = noisedBatch(path, denoiser, lossOptions);
      const x0Of = <R>(of: Denoiser<R, I>) => overNoising(path)(reparameterize(path, 'x0')(of)).apply;
      const student = x0Of(denoiser);
      const taught = x0Of(teaching<Q, J, I>(name, path, teacher, guidance));
      return (params, inputs) => {
        const { noise, at: conditioning } = noised(inputs);
        const i = cellAmong(ends)(neg(conditioning.t));
        const levelAt = (k: number) => {
          const index = add(mul(i, 2), k);
          return { t: at(index), ...channels(index) };
        };
        const [t, t1, t2] = [levelAt(0), levelAt(1), levelAt(2)];
        const z = add(scaleBy(inputs.x0, t.alpha), scaleBy(noise, t.sigma));
        const x = (zt: typeof z, time: typeof t.t) => taught(inputs.teacher as Q, zt, { ...conditioning, t: time });
        const z1 = ddimTo(z, x(z, t.t), t, t1);
        const z2 = ddimTo(z1, x(z1, t1.t), t1, t2);
        const error = d(student(params, z, { ...conditioning, t: t.t }), x0Between(z, z2, t, t2));
        return { losses: mul(error, weighting(mul(log(div(t.alpha, t.sigma)), 2))), t: conditioning.t };
      };
    },
    {
      settings: {
        steps: typeof steps === 'number' ? steps : levelsOn(teacher.noising).map(({ t }) => t),
        distance: distance.name,
        weighting: digestOf(weighting),
      },
      teacher: teacher as AnyTeacher,
    },
  );
};
