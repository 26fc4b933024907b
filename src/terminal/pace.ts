/** The pace of a run, and its text. */

/** A moving average: the mean of all values at first, then with a weight of 1/20 for the newest value. */
interface Average {
  readonly count: number;
  readonly value: number;
}
const none: Average = { count: 0, value: 0 };
const SPAN = 20;

/** Adds a value; ignores one that is missing or not finite. */
const averaged = ({ count, value }: Average, next = Number.NaN): Average =>
  Number.isFinite(next)
    ? { count: count + 1, value: value + (next - value) / Math.min(count + 1, SPAN) }
    : { count, value };

/** A run after some of its steps. Times are in seconds. */
export interface Pace {
  /** The name of a step. */
  readonly unit: string;
  readonly done: number;
  readonly of: number;
  readonly began: number;
  readonly at: number;
  readonly perStep: Average;
  readonly loss: Average;
  /** The accuracy of a classifier. */
  readonly accuracy: Average;
  readonly heldOut?: number;
  /** The number of complete samples. */
  readonly images?: number;
  /** The number of steps that were not finite. */
  readonly nonFinite: number;
}

/** The pace after a step. */
export interface Told {
  /** The name of a step, `step` by default. */
  readonly unit?: string;
  readonly done: number;
  readonly of: number;
  /** The time now. */
  readonly at: number;
  /** The duration of the step, if it is known. */
  readonly seconds?: number;
  readonly loss?: number;
  readonly accuracy?: number;
  readonly images?: number;
}

const beginning = ({ unit = 'step', done, of, at, seconds = 0 }: Told): Pace => ({
  unit,
  done: seconds === 0 ? done : done - 1,
  of,
  began: at - seconds,
  at: at - seconds,
  perStep: none,
  loss: none,
  accuracy: none,
  nonFinite: 0,
});

/** Adds a step to the pace of a run. A repeated step begins another run. */
export const paced = (pace: Pace | undefined, told: Told): Pace => {
  const before = pace === undefined || told.done <= pace.done ? beginning(told) : pace;
  const { done, of, at, loss, accuracy, images = before.images } = told;
  return {
    ...before,
    done,
    of,
    at,
    perStep: averaged(before.perStep, (at - before.at) / (done - before.done)),
    loss: averaged(before.loss, loss),
    accuracy: averaged(before.accuracy, accuracy),
    ...(images === undefined ? {} : { images }),
  };
};

/** `1:02`, `1:00:02` */
const clock = (seconds: number): string => {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => `${n}`.padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
};

/** The time left is shown after this number of steps or seconds, because the first steps are slower. */
const ENOUGH = { steps: 4, seconds: 10 };

const isKnown = ({ began, at, perStep: { count } }: Pace): boolean =>
  count >= ENOUGH.steps || (count > 1 && at - began >= ENOUGH.seconds);

/** Writes a number with three digits and a nearly constant width, so that a changing line is easier to read. */
const digits = (value: number): string => value.toPrecision(3).padEnd('0.0123'.length);

/** Writes a number with at least three digits, without an exponent. */
const plain = (value: number): string => (value < 999.5 ? value.toPrecision(3) : value.toFixed(0));

/** `12.3 steps/s`, or `2.50 s/step` if a step takes longer than a second. */
const speed = (seconds: number, unit: string): string =>
  seconds > 1 ? `${plain(seconds)} s/${unit}` : `${plain(1 / seconds)} ${unit}s/s`;

const times = (pace: Pace): readonly string[] => {
  const { unit, done, of, began, at, perStep } = pace;
  const left = isKnown(pace) ? [`${clock(perStep.value * (of - done))} left`] : [];
  return [
    ...(perStep.count > 0 && perStep.value > 0 ? [speed(perStep.value, unit)] : []),
    ...(done >= of ? [`in ${clock(at - began)}`] : left),
  ];
};

/** ` 60/600`, followed by all known figures. */
const facts = (pace: Pace): readonly string[] => [
  `${`${pace.done}`.padStart(`${pace.of}`.length)}/${pace.of}`,
  ...(pace.loss.count > 0 ? [`loss ${digits(pace.loss.value)}`] : []),
  ...(pace.accuracy.count > 0 ? [`${(100 * pace.accuracy.value).toFixed(1)} % right`] : []),
  ...(pace.heldOut === undefined ? [] : [`held out ${digits(pace.heldOut)}`]),
  ...(pace.images ? [`${pace.images} images`] : []),
  ...(pace.nonFinite > 0 ? [`${pace.nonFinite} not finite`] : []),
  ...times(pace),
];

/** A line of plain text. */
export const line = (name: string, pace: Pace): string => [name, ...facts(pace)].join('  ');

/** Widths of the bar. The widest one that leaves room for the text is used. */
const WIDTHS = [30, 20, 10];

/**
 * A line with a bar, of fewer than `columns` characters. On a narrow terminal it has no bar, and on a still narrower
 * one the text is cut.
 */
export const bar = (name: string, pace: Pace, columns: number): string => {
  const text = facts(pace).join('  ');
  const cells = WIDTHS.find((width) => name.length + width + text.length + 2 < columns);
  if (cells === undefined) return `${name} ${text}`.slice(0, Math.max(0, columns - 1));
  const full = Math.round(Math.min(1, pace.done / pace.of) * cells);
  return `${name} ${'█'.repeat(full)}${'░'.repeat(cells - full)} ${text}`;
};
