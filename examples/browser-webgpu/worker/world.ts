/** The worker between two tasks. */
import type { NoisefoldError, StopSignal } from 'noisefold/dsl';
import type { Snapshot } from 'noisefold/training';
import type { io as IO, taskEither as TE } from 'fp-ts';
import type { Report } from '../shared/messages.js';
import type { Settings } from '../shared/settings.js';
import type { Digits } from './digits.js';
import type { Plan } from './recipes.js';
import type { Studio } from './studio.js';

export type Effect<A> = TE.TaskEither<NoisefoldError, A>;

export interface World {
  readonly settings: Settings;
  readonly digits: Digits;
  readonly studio: Studio;
  /** How many updates were made. */
  readonly done: number;
  /** A copy of the training on the host: what is left of it where the device is lost. Null is its beginning. */
  readonly copy: Snapshot | null;
  readonly copiedAt: number;
  /** Whether this tab is the one whose training this browser keeps. */
  readonly keeps: boolean;
  /** How often a device was lost. */
  readonly losses: number;
  /** Whether it was told that this browser keeps nothing. */
  readonly complained: boolean;
}

/** What a task may need beside the world. */
export interface Outside {
  readonly tell: (report: Report) => IO.IO<void>;
  /** Ends what is being painted. */
  readonly signal: StopSignal;
}

/** A world with a studio in which a training has begun. */
export const worldOf =
  (
    plan: Plan,
    { settings, digits, keeps, losses }: Pick<World, 'settings' | 'digits' | 'keeps' | 'losses'>,
  ) =>
  (studio: Studio): World => ({
    settings,
    digits,
    keeps,
    losses,
    studio,
    done: plan.from?.step ?? 0,
    copy: plan.from,
    copiedAt: performance.now(),
    complained: false,
  });

/** Tells that a training has begun. */
export const begun =
  (from: Extract<Report, { readonly _tag: 'Begun' }>['from'], { tell }: Outside) =>
  ({ settings, studio, done }: World): IO.IO<void> =>
    tell({ _tag: 'Begun', from, step: done, goal: settings.goal ?? studio.lesson.plan.recipe.decaySteps });
