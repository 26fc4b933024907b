/** The state of the worker between two tasks. */
import type { NoisefoldError, StopSignal } from 'noisefold/dsl';
import type { Snapshot } from 'noisefold/training';
import type { io as IO, taskEither as TE } from 'fp-ts';
import type { Report } from '../shared/messages.js';
import type { Settings } from '../shared/settings.js';
import type { Plan } from './recipes.js';
import type { Files, Studio } from './studio.js';

export type Effect<A> = TE.TaskEither<NoisefoldError, A>;

export interface World {
  readonly settings: Settings;
  readonly files: Files;
  readonly studio: Studio;
  /** The number of updates so far. */
  readonly done: number;
  /** A copy of the training on the host, for a lost device. Null before the first. */
  readonly copy: Snapshot | null;
  readonly copiedAt: number;
  /** True if this browser saves the training of this tab. */
  readonly keeps: boolean;
  /** The number of lost devices. */
  readonly losses: number;
  /** True if the page knows that this browser saves nothing. */
  readonly complained: boolean;
}

/** Sends a report to the page. */
export type Tell = (report: Report) => IO.IO<void>;

/** The environment of a task. */
export interface Outside {
  readonly tell: Tell;
  /** Cancels the images in progress. */
  readonly signal: StopSignal;
  /** The files of the page, which may load before there is a world. */
  readonly files: Files;
}

/** A world with a studio and a started training. */
export const worldOf =
  (plan: Plan, { settings, files, keeps, losses }: Pick<World, 'settings' | 'files' | 'keeps' | 'losses'>) =>
  (studio: Studio): World => ({
    settings,
    files,
    keeps,
    losses,
    studio,
    done: plan.from?.step ?? 0,
    copy: plan.from,
    copiedAt: performance.now(),
    complained: false,
  });

/** Reports the start of a training. */
export const begun =
  (from: Extract<Report, { readonly _tag: 'Begun' }>['from'], { tell }: Outside) =>
  ({ settings, studio, done }: World): IO.IO<void> =>
    tell({ _tag: 'Begun', from, step: done, goal: settings.goal ?? studio.lesson.plan.recipe.decaySteps });
