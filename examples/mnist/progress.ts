/** The progress of a run, and its text. */

export interface Progress {
  readonly phase: 'training' | 'sampling';
  readonly done: number;
  readonly of: number;
  readonly secondsLeft: number;
  /** The completed fraction: done/of, or the fraction of the time limit. */
  readonly fraction?: number;
  /** Smoothed; NaN before the first step. */
  readonly loss?: number;
  readonly heldOut?: number | undefined;
  readonly imagesPerSecond?: number;
}

/** Moving averages of the speed and the loss. */
export interface Pace {
  readonly secondsPerStep: number;
  readonly loss: number;
}

/** The weight of the next step. */
const SPEED = 0.1;
const LOSS = 0.05;

const towards = (average: number, value: number, weight: number): number =>
  Number.isNaN(average) ? value : average + weight * (value - average);

export const noPace: Pace = { secondsPerStep: Number.NaN, loss: Number.NaN };

/** Adds a step; ignores a loss that is not finite. */
export const paced = (pace: Pace, step: Pace): Pace => ({
  secondsPerStep: towards(pace.secondsPerStep, step.secondsPerStep, SPEED),
  loss: Number.isFinite(step.loss) ? towards(pace.loss, step.loss, LOSS) : pace.loss,
});

/** `1:02`, `1:00:02` */
export const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => `${n}`.padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
};

const facts = ({ loss, heldOut, imagesPerSecond, secondsLeft, done, of }: Progress): readonly string[] => [
  `${`${done}`.padStart(`${of}`.length)}/${of}`,
  ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)}`]),
  ...(heldOut === undefined ? [] : [`held out ${heldOut.toFixed(4)}`]),
  ...(imagesPerSecond === undefined ? [] : [`${imagesPerSecond.toFixed(0)} images/s`]),
  ...(Number.isFinite(secondsLeft) ? [`${clock(secondsLeft)} left`] : []),
];

/** One line for a log. */
export const line = (progress: Progress): string => [progress.phase, ...facts(progress)].join('  ');

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** A bar of `cells` characters, with a resolution of an eighth. */
const filled = (fraction: number, cells: number): string => {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * cells * 8);
  return ('█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!).padEnd(cells); // 0…7
};

const WIDEST = 40;
const NARROWEST = 5;

/** One line for a terminal of `columns`; a narrow terminal shrinks the bar first. */
export const bar =
  (columns: number) =>
  (progress: Progress): string => {
    const text = facts(progress).join('  ');
    const room = columns - 1 - progress.phase.length - text.length - 4;
    const cells = Math.min(WIDEST, room);
    const middle = cells < NARROWEST ? ' ' : ` ▕${filled(progress.fraction ?? progress.done / progress.of, cells)}▏ `;
    return `${progress.phase}${middle}${text}`.slice(0, Math.max(0, columns - 1));
  };
