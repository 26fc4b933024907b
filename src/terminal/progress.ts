import type { Exact } from '../internal/exact.js';
import { t } from '../internal/fp.js';
import { part } from '../internal/parts.js';
import { argument, optional, type OptionsOf, schema } from '../internal/schema.js';
import { type TrainEvent, warningKey } from '../training/fit/trainEvent.js';
import { displayOn, type Output, quietly } from './display.js';
import { type Pace, paced } from './pace.js';

/** A listener that shows the progress of a run: `onEvent` of `fit`, or any `onStep`. */
export interface Progress {
  (event: TrainEvent): void;
  (done: number, of: number, images?: number): void;
}

const displays = schema('progress', {
  /** The stream to write to; `process.stderr` by default. */
  stream: optional(part<Output>('a stream to write to', 'write')),
  /** The name of what `onStep` or `onShard` counts, such as 'sample' or 'image'; 'step' by default. */
  unit: optional(t.string, 'step'),
});

export interface ProgressOptions extends OptionsOf<typeof displays> {}

const label = argument(
  'progress',
  t.union([t.string, t.undefined], 'a name or nothing'),
  'call it to make a listener: onEvent: progress()',
);

const now = (): number => performance.now() / 1000;

/** Adds an event to the pace of a training. */
const heard = (pace: Pace | undefined, event: TrainEvent): Pace | undefined => {
  switch (event._tag) {
    case 'Step': {
      const { step, of, milliseconds, loss, accuracy } = event;
      const told = { done: step + 1, of, at: now(), seconds: milliseconds / 1000, loss };
      return paced(pace, accuracy === undefined ? told : { ...told, accuracy });
    }
    case 'HeldOut':
      return pace && { ...pace, heldOut: event.loss };
    case 'NonFinite':
      return pace && { ...pace, nonFinite: pace.nonFinite + 1 };
    case 'Warning':
      return pace;
  }
};

/**
 * Shows the progress of a training, a sampling or a measurement on stderr: the steps, the smoothed loss, the held-out
 * loss, the speed and the time left. It shows a bar on a terminal, and a line for each tenth of the steps elsewhere and
 * in CI. Each warning has a line of its own; of the warnings about the loss, only the first is shown. It never throws.
 * It handles no signals and does not read from stdin, so that Ctrl-C works as usual.
 *
 * Call it once for each run: `fit({ …, onEvent: progress() })`, `sample({ …, onStep: progress() })`. Raises
 * `ConfigError` for a name that is not a string, as in `onEvent: progress` without a call.
 *
 * @param name - the label at the start of the line; by default `training` for events, and `sampling` for steps
 * @example
 * const lines: string[] = []
 * const show = progress('drawing', { stream: { write: (text) => lines.push(text) } })
 * show(1, 2)
 * show(2, 2)
 * lines.map((line) => line.slice(0, 12)) // → ['drawing  1/2', 'drawing  2/2']
 */
export const progress = <G = unknown>(
  name?: string,
  options?: Exact<G, keyof ProgressOptions> & ProgressOptions,
): Progress => {
  label.demand(name);
  const { stream: output = process.stderr, unit } = displays.demand<ProgressOptions>(options);
  const display = displayOn(output);
  const write = quietly(output);
  const warned = new Set<string>(); // mutable
  let pace: Pace | undefined; // mutable
  return (told: TrainEvent | number, of?: number, images?: number): void => {
    const isStep = typeof told === 'number';
    if (!isStep && told._tag === 'Warning' && !warned.has(warningKey(told))) {
      warned.add(warningKey(told));
      write(`${name ?? 'training'}  step ${told.step + 1}: ${told.message}\n`);
    }
    pace = isStep
      ? paced(pace, { unit, done: told, of: of ?? 0, at: now(), ...(images === undefined ? {} : { images }) })
      : heard(pace, told);
    if (pace !== undefined) display(name ?? (isStep ? 'sampling' : 'training'), pace);
  };
};
