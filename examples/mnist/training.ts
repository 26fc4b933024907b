/** The work between training steps: display, and the end after some minutes. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import type { Fit, TrainEvent } from 'noisefold/training';
import { taskEither as TE } from 'fp-ts';
import type { Display } from './display.js';
import { clock, noPace, paced, type Pace, type Progress } from './progress.js';
import { isOver, type Run } from './runFolder.js';

/** A cancelled run. */
export const stopped = ({ path }: Run, where: string): NoisefoldError =>
  failure('Cancelled', {
    where,
    expected: 'to continue',
    actual: 'a signal to stop',
    hint: `nothing is lost: npm run demo -- --resume --out ${path}`,
  });

const progressOf = (
  { config: { steps, minutes, batch } }: Run,
  { step, seconds }: { readonly step: number; readonly seconds: number },
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

/** The listener of a `fit`. It is stateful, so each training needs its own. */
export const following = (run: Run, { note, progress }: Display): NonNullable<Fit<unknown, never>['onEvent']> => {
  const { config, metrics: before } = run;
  const secondsBefore = before.at(-1)?.seconds ?? 0;
  let began = Number.NaN; // the time of the first step of this process
  let pace = noPace;
  let heldOut = before.findLast(({ step, heldOut }) => step > 0 && heldOut !== undefined)?.heldOut;

  return (event) => {
    switch (event._tag) {
      case 'Step': {
        const { step, loss, milliseconds } = event;
        if (Number.isNaN(began)) began = performance.now() - milliseconds;
        pace = paced(pace, { secondsPerStep: milliseconds / 1000, loss });
        const seconds = secondsBefore + (performance.now() - began) / 1000;
        progress(progressOf(run, { step, seconds }, heldOut, pace))();
        if (!isOver(config, step + 1, seconds)) return undefined;
        note(`trained ${step + 1} steps in ${clock(seconds)}, loss ${pace.loss.toFixed(4)}`)();
        return TE.right('stop');
      }
      case 'HeldOut':
        if (event.step > 0) heldOut = event.loss; // that of step 0 is before any training
        return undefined;
      case 'NonFinite':
        note(nonFinite(event))();
        return undefined;
      case 'Warning':
        note(`step ${event.step}: ${event.message}`)();
        return undefined;
    }
  };
};

const nonFinite = ({ step, origin }: Extract<TrainEvent, { readonly _tag: 'NonFinite' }>): string =>
  `step ${step}: the loss or its gradient is not finite${origin === null ? '' : `, from ${origin} on`}; the step changes nothing`;
