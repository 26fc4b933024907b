/** A network in training on a backend. */
import { attempt, type Backend, type NoisefoldError } from 'noisefold/dsl';
import { stratifiedTimes } from 'noisefold/diffusion';
import type { UNetParams } from 'noisefold/nn';
import { startTraining, type TrainEvent, type TrainingRun } from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { adamOf } from '../../mnist/adam.js';
import { type Architecture, architectureOf } from '../../mnist/recipe.js';
import type { Digits } from './digits.js';
import { once } from './fetched.js';
import type { Plan } from './recipes.js';

export interface Lesson extends Architecture {
  readonly plan: Plan;
  /** Starts or resumes the training, once: compiles its programs and makes its state. */
  readonly run: TE.TaskEither<NoisefoldError, TrainingRun<UNetParams>>;
  /** The training, if it was started. */
  readonly started: () => TrainingRun<UNetParams> | null;
  /** Computes the next event of the training. */
  readonly next: TE.TaskEither<NoisefoldError, TrainEvent>;
}

/** No limit: the page stops the training. */
const ENDLESS = Number.MAX_SAFE_INTEGER;

/** Prepares a training. Errors of the plan are a `Left`; those of the backend are a `Left` of `run`. */
export const lessonOf = (
  plan: Plan,
  { train, test }: Pick<Digits, 'train' | 'test'>,
  backend: Backend,
): E.Either<NoisefoldError, Lesson> =>
  F.pipe(
    E.Do,
    E.bind('architecture', () => architectureOf(plan.recipe)),
    E.bind('optimizer', () => attempt(() => adamOf(plan.recipe))),
    E.map(({ architecture: { model, noising }, optimizer }) => {
      let started: TrainingRun<UNetParams> | null = null;
      const run = once(
        F.pipe(
          startTraining({
            ...{ model, noising, optimizer, times: stratifiedTimes },
            averageDecay: plan.recipe.averageDecay,
            conditionDropout: plan.recipe.labelDropout,
            data: train,
            heldOut: { data: test, every: plan.recipe.heldOutEvery, images: plan.recipe.heldOutImages, training: true },
            batch: plan.batch,
            steps: ENDLESS,
            key: plan.key,
            config: plan.recipe,
            ...(plan.from === null ? {} : { from: plan.from, allowOtherRounding: true }), // the browser may have changed since
          })(backend),
          TE.tapIO((training) => () => void (started = training)),
        ),
      );
      return {
        ...{ plan, model, noising, run },
        started: () => started,
        next: nextOf(run),
      };
    }),
  );

/** An error ends the events of a run, but not its state: the next event then comes from a new iterator. */
const nextOf = (run: Lesson['run']): Lesson['next'] => {
  let events: AsyncIterator<E.Either<NoisefoldError, TrainEvent>> | null = null;
  return TE.flatMap((training: TrainingRun<UNetParams>): Lesson['next'] => async () => {
    events ??= training.events[Symbol.asyncIterator]();
    const { value }: { readonly value: E.Either<NoisefoldError, TrainEvent> } = await events.next(); // there is always a next step
    if (E.isLeft(value)) events = null;
    return value;
  })(run);
};
