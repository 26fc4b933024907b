/** The work between training steps: log, display, save, stop. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import type { Fit, Metrics, TrainEvent, TrainingRun } from 'noisefold/training';
import { function as F, io as IO, taskEither as TE } from 'fp-ts';
import type { Display } from './display.js';
import { clock, noPace, type Pace, paced, type Progress } from './progress.js';
import { isOver, log, type Run, save, trimLog } from './runFolder.js';

type Effect<A> = TE.TaskEither<NoisefoldError, A>;
type Told = Effect<void | 'stop'>;

/** A cancelled run. */
export const stopped = ({ folder }: Run, where: string): NoisefoldError =>
  failure('Cancelled', {
    where,
    expected: 'to go on',
    actual: 'a signal to stop',
    hint: `nothing is lost: npm run demo -- --resume --out ${folder}`,
  });

const progressOf = (
  { config: { steps, minutes, batch } }: Run,
  { step, seconds }: Metrics,
  heldOut: number | undefined,
  { secondsPerStep, loss }: Pace,
): Progress => {
  const limit = (minutes ?? Infinity) * 60;
  return {
    phase: 'training',
    done: step + 1,
    of: steps,
    fraction: Math.max((step + 1) / steps, seconds / limit),
    loss,
    heldOut,
    imagesPerSecond: batch / secondsPerStep,
    secondsLeft: Math.min((steps - step - 1) * secondsPerStep, limit - seconds),
  };
};

/** The listener of a `fit`. It keeps state, so each training needs its own. */
export const following = (
  run: Run,
  { note, progress }: Display,
  signal: AbortSignal,
): NonNullable<Fit<unknown, never>['onEvent']> => {
  const { config, metrics: before } = run;
  const { batch, checkpointEvery, recipe } = config;
  const secondsBefore = before.at(-1)?.seconds ?? 0;
  let began = Number.NaN; // the time of the first step of this process
  let pace = noPace;
  let heldOut = before.findLast((metrics) => metrics.heldOut !== undefined)?.heldOut;
  let waiting: Metrics | null = null; // for the held-out loss, which arrives after the step

  const measured = ({ step, loss, gradientNorm, learningRate, milliseconds }: StepEvent): Metrics => {
    if (Number.isNaN(began)) began = performance.now() - milliseconds;
    const secondsPerStep = milliseconds / 1000;
    pace = paced(pace, { secondsPerStep, loss });
    return {
      step,
      loss,
      gradientNorm,
      learningRate,
      imagesPerSecond: batch / secondsPerStep,
      seconds: secondsBefore + (performance.now() - began) / 1000,
    };
  };

  const logged = (metrics: Metrics): Effect<void> =>
    F.pipe(
      metrics.step === (run.from?.step ?? 0) ? trimLog(run) : TE.right(undefined),
      TE.flatMap(() => log(run)(metrics)),
      TE.tapIO(() => progress(progressOf(run, metrics, heldOut, pace))),
    );

  /** After each step: writes its line, then a checkpoint if one is due. */
  const finished = (metrics: Metrics, training: TrainingRun): Told =>
    F.pipe(
      logged(metrics),
      TE.flatMap((): Told => {
        const done = metrics.step + 1;
        const end = isOver(config, done, metrics.seconds);
        if (!end && !signal.aborted && done % checkpointEvery !== 0) return TE.right(undefined);
        return F.pipe(
          training.snapshot,
          TE.flatMap(save(run)),
          TE.flatMap((): Told => {
            if (signal.aborted) return TE.left(stopped(run, `training, step ${done}`));
            return end
              ? TE.fromIO(
                  F.pipe(
                    note(`trained ${done} steps in ${clock(metrics.seconds)}, loss ${pace.loss.toFixed(4)}`),
                    IO.as('stop'),
                  ),
                )
              : TE.right(undefined);
          }),
        );
      }),
    );

  return (event, training) => {
    switch (event._tag) {
      case 'Step': {
        const metrics = measured(event);
        waiting = (event.step + 1) % recipe.heldOutEvery === 0 ? metrics : null;
        return waiting === null ? finished(metrics, training) : TE.right(undefined);
      }
      case 'HeldOut': {
        heldOut = event.loss;
        const metrics = waiting;
        waiting = null;
        return metrics === null ? TE.right(undefined) : finished({ ...metrics, heldOut: event.loss }, training);
      }
      case 'NonFinite':
        return TE.fromIO(note(nonFinite(event)));
    }
  };
};

type StepEvent = Extract<TrainEvent, { readonly _tag: 'Step' }>;

const nonFinite = ({ step, origin }: Extract<TrainEvent, { readonly _tag: 'NonFinite' }>): string =>
  `step ${step}: the loss or its gradient is not finite${origin === null ? '' : `, from ${origin} on`}; the step changes nothing`;
