/** Trained denoisers that losses learn from. */
import type { Resident, Shape } from '../../dsl/index.js';
import { functionOf, hinted } from '../../internal/decode.js';
import { orRaise, raise } from '../../internal/errors.js';
import { partLike } from '../../internal/parts.js';
import { optional, type OptionsOf } from '../../internal/schema.js';
import type { Denoiser, Model } from '../denoisers/denoiser.js';
import { withoutDropout } from '../denoisers/mapDenoiser.js';
import { rejectRenoise } from '../guidance/contrast.js';
import { type Guidance, guidedBy, unguided } from '../guidance/guidance.js';
import { isDiscrete, type Noising, requirePath } from '../paths/noising.js';
import type { ContinuousNoising } from '../paths/path.js';

/** A trained denoiser that a loss learns from, such as the result of `fit`. A training only reads its parameters. */
export interface Teacher<Q, I extends Shape> {
  readonly model: Omit<Model<Q, I>, 'init'>;
  readonly noising: Noising;
  readonly params: Resident<Q>;
}

/** The options of losses with a teacher. */
export const teacherFields = {
  /** The trained denoiser to learn from: the losses distill its probability flow, or halve its steps. */
  teacher: partLike('a trained denoiser', 'the result of fit or loadTrained', 'model', 'noising', 'params'),
  /** The guidance of the teacher, such as `cfg(2)`; the student then needs no guidance. None if left out. */
  guidance: optional(hinted(functionOf<Guidance>('a guidance'), 'give cfg(2), or leave it out'), unguided),
};

/** The options of a declaration with {@link teacherFields}, with the type of the teacher. */
export type WithTeacher<F, Q, J extends Shape> = Omit<OptionsOf<F>, 'teacher'> & {
  /** The trained denoiser to learn from: the losses distill its probability flow, or halve its steps. */
  readonly teacher: Teacher<Q, J>;
};

/** Returns a continuous path. Raises `ConfigError` for the timesteps of a schedule. */
export const requireContinuous = (where: string, noising: Noising): ContinuousNoising =>
  requirePath(`${where}: noising`, noising, {
    expected: 'a continuous path, whose times may be as close as the loss needs',
    hint: 'train on edm(), rectifiedFlow() or continuousCosine()',
  });

const nameOf = (noising: Noising): string =>
  isDiscrete(noising) ? 'the timesteps of a schedule' : `${noising.name} ${JSON.stringify(noising.options)}`;

/**
 * The denoiser of a teacher for the images of its student, with its guidance and without dropout. Raises `ConfigError` for a
 * teacher that reads times, and not noise levels, and was trained on another path.
 */
export const teaching = <Q, J extends Shape, I extends Shape>(
  where: string,
  noising: ContinuousNoising,
  { model, noising: own }: Teacher<Q, J>,
  guidance: Guidance,
): Denoiser<Q, I> => {
  if (model.clock !== 'level' && nameOf(own) !== nameOf(noising))
    raise('ConfigError', {
      where: `${where}: teacher`,
      expected: `a teacher that was trained on the path of its student, ${nameOf(noising)}`,
      actual: `one of ${nameOf(own)}`,
      hint: 'give the `noising` of the teacher to the training',
    });
  const guided = orRaise(guidedBy<Q, J>(where, guidance)(model));
  orRaise(rejectRenoise(where, guided, 'a loss'));
  return withoutDropout(guided) as unknown as Denoiser<Q, I>; // the student's images must fit the teacher: another shape is a ShapeError
};
