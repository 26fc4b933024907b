/** What a training run writes of itself: metrics.jsonl, one JSON object a line. */
import { failure, type NoisefoldError } from '../../internal/errors.js';
import { decode, exactly, finite, natural, type Mismatch } from '../../internal/decode.js';
import { E, F, t, type either } from '../../internal/fp.js';

/** A number that was measured. JSON has no NaN or infinity: they are written as null, and read as NaN. */
const measured = new t.Type<number, number | null>(
  'a number or null',
  t.number.is,
  (value, context) => (value === null ? t.success(Number.NaN) : finite.validate(value, context)),
  (value) => (Number.isFinite(value) ? value : null),
);

const codec = exactly(
  {
    step: natural,
    loss: measured,
    gradientNorm: measured,
    learningRate: measured,
    imagesPerSecond: measured,
    seconds: measured,
  },
  { heldOut: measured },
);

/** One line of metrics.jsonl. */
export interface Metrics {
  /** How many updates were made before this one. */
  readonly step: number;
  /** The loss of this step's batch; NaN where it was not finite. */
  readonly loss: number;
  /** The loss on images that are held out, where it was measured. */
  readonly heldOut?: number;
  /** Norm of the whole gradient, before it is clipped. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Time spent on training since the first step, resumed runs added up. */
  readonly seconds: number;
}

/**
 * A line of metrics.jsonl, without the newline. A number that is not finite becomes null.
 * @example
 * const metrics = { step: 0, loss: NaN, gradientNorm: 2, learningRate: 0.1, imagesPerSecond: 9, seconds: 3 }
 * const line = encodeMetrics(metrics)
 * line // → '{"step":0,"loss":null,"gradientNorm":2,"learningRate":0.1,"imagesPerSecond":9,"seconds":3}'
 */
export const encodeMetrics = (metrics: Metrics): string => JSON.stringify(codec.encode(metrics));

const parse = (text: string): either.Either<Mismatch, unknown> =>
  E.tryCatch(
    (): unknown => JSON.parse(text),
    (reason) => ({ path: '', expected: 'JSON', actual: String(reason) }),
  );

/**
 * Reads a line; `where` names it in messages. `DecodeError`.
 * @example
 * const line = decodeMetrics('metrics.jsonl')('{"step":0,"loss":"low"}')
 * pipe(line, E.mapLeft(({ where }) => where)) // → E.left('metrics.jsonl: loss')
 */
export const decodeMetrics =
  (where: string) =>
  (line: string): either.Either<NoisefoldError, Metrics> =>
    F.pipe(
      parse(line),
      E.flatMap(decode(codec)),
      E.mapLeft(({ path, expected, actual }) =>
        failure('DecodeError', {
          where: path === '' ? where : `${where}: ${path}`,
          expected,
          actual,
          hint: 'delete the line, or start a new log',
        }),
      ),
    );

/**
 * Reads a whole log, of which every line must be sound; `where` is its path. `DecodeError` with the line.
 * @example
 * const metrics = { step: 0, loss: 1, gradientNorm: 2, learningRate: 0.1, imagesPerSecond: 9, seconds: 3 }
 * const line = encodeMetrics(metrics)
 * const read = decodeMetricsLog('metrics.jsonl')
 * pipe(read(`${line}\n`), E.map((log) => log.map(({ loss }) => loss))) // → E.right([1])
 * pipe(read(`${line}\n{`), E.mapLeft(({ where }) => where)) // → E.left('metrics.jsonl, line 2')
 */
export const decodeMetricsLog =
  (where: string) =>
  (text: string): either.Either<NoisefoldError, readonly Metrics[]> =>
    F.pipe(
      text.replace(/\n$/, '').split('\n'),
      (lines) => (text === '' ? [] : lines),
      E.traverseArrayWithIndex((i, line) => decodeMetrics(`${where}, line ${i + 1}`)(line)),
    );

/**
 * Whether a line is sound and of a step before the given one: what a run keeps that resumes there.
 * @example
 * const metrics = { step: 5, loss: 1, gradientNorm: 2, learningRate: 0.1, imagesPerSecond: 9, seconds: 3 }
 * const line = encodeMetrics(metrics)
 * isLineBefore(6)(line) // → true
 * isLineBefore(5)(line) // → false
 * isLineBefore(6)('{"step":5') // → false
 */
export const isLineBefore =
  (step: number) =>
  (line: string): boolean =>
    E.match(
      () => false,
      (metrics: Metrics) => metrics.step < step,
    )(decodeMetrics('')(line));
