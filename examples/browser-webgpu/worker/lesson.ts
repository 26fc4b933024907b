/** A network in training on a backend. */
import { attempt, type Backend, fail, type NoisefoldError } from 'noisefold/dsl';
import { stratifiedTimes } from 'noisefold/diffusion';
import type { UNetParams } from 'noisefold/nn';
import { startTraining, type TrainEvent, type TrainingRun } from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { adamOf } from '../../mnist/adam.js';
import { type Architecture, architectureOf } from '../../mnist/recipe.js';
import type { Digits } from './digits.js';
import type { Plan } from './recipes.js';

export interface Lesson extends Architecture {
  readonly plan: Plan;
  readonly run: TrainingRun<UNetParams>;
  /** Computes the next event of the training. */
  readonly next: () => Promise<E.Either<NoisefoldError, TrainEvent>>;
}

/** No limit: the page stops the training. */
const ENDLESS = Number.MAX_SAFE_INTEGER;

/** Starts or resumes a training. Errors of the plan and of the backend are a `Left`. */
export const beginLesson = (
  plan: Plan,
  { train, test }: Pick<Digits, 'train' | 'test'>,
  backend: Backend,
): TE.TaskEither<NoisefoldError, Lesson> =>
  F.pipe(
    TE.Do,
    TE.bind('architecture', () => TE.fromEither(architectureOf(plan.recipe))),
    TE.bind('optimizer', () => TE.fromEither(attempt(() => adamOf(plan.recipe)))),
    TE.flatMap(({ architecture: { model, noising }, optimizer }) =>
      F.pipe(
        startTraining({
          ...{ model, noising, optimizer, times: stratifiedTimes },
          averageDecay: plan.recipe.averageDecay,
          labelDropout: plan.recipe.labelDropout,
          data: train,
          heldOut: { data: test, every: plan.recipe.heldOutEvery, images: plan.recipe.heldOutImages, training: true },
          batch: plan.batch,
          steps: ENDLESS,
          key: plan.key,
          config: plan.recipe,
          ...(plan.from === null ? {} : { from: plan.from, allowOtherRounding: true }), // the browser may have changed since
        })(backend),
        TE.map((run) => ({ plan, model, noising, run, next: nextOf(run) })),
      ),
    ),
  );

const end = fail('Cancelled', {
  where: 'training',
  expected: 'to continue',
  actual: 'its end',
  hint: 'begin another training',
});

/** An error ends the events of a run, but not its state: the next event then comes from a new iterator. */
const nextOf = (run: TrainingRun<UNetParams>): Lesson['next'] => {
  let events = run.events[Symbol.asyncIterator]();
  return async () => {
    const { value } = await events.next();
    if (value !== undefined && E.isRight(value)) return value;
    events = run.events[Symbol.asyncIterator]();
    return value ?? end;
  };
};
