/** The log of a training run, metrics.jsonl, with one JSON object per line. */
import { fail, failure, type NoisefoldError } from '../internal/errors.js';
import { decode, finite, natural, show } from '../internal/decode.js';
import { E, F, t, type either } from '../internal/fp.js';
import { parseJson } from '../internal/json/json.js';
import { optional, record } from '../internal/schema.js';
import { partLike } from '../internal/parts.js';
import { argument } from '../internal/schema.js';

/** A measured number. JSON has no NaN and no infinity: both are written as null, and null is read as NaN. */
const metric = new t.Type<number, number | null>(
  'a number or null',
  t.number.is,
  (value, context) => (value === null ? t.success(Number.NaN) : finite.validate(value, context)),
  (value) => (Number.isFinite(value) ? value : null),
);

const fieldsOf = (number: t.Type<number, unknown>) => ({
  step: natural,
  ...{ loss: number, gradientNorm: number, learningRate: number, imagesPerSecond: number, seconds: number },
  ...{ heldOut: optional(number), accuracy: optional(number), heldOutAccuracy: optional(number) },
});

const codec = record(fieldsOf(metric));

/** The fields of metrics before they are written. */
export const metricsFields = fieldsOf(t.number);

/** One line of metrics.jsonl. */
export interface Metrics {
  /** The number of updates before this one. */
  readonly step: number;
  /** The loss of the batch of this step; NaN if it was not finite. */
  readonly loss: number;
  /** The loss on held-out images, if it was measured after this step. */
  readonly heldOut?: number;
  /** The accuracy of a classifier on the batch, and on the held-out images. */
  readonly accuracy?: number;
  readonly heldOutAccuracy?: number;
  /** The norm of the whole gradient, before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** The time spent on training since the first step, summed over resumed runs. */
  readonly seconds: number;
}

const metricsOf = argument('encodeMetrics: metrics', partLike<Metrics>('metrics', '{ step, loss }', 'step', 'loss'));

/**
 * Encodes a line of metrics.jsonl, without the newline. A number that is not finite becomes null.
 * @example
 * const metrics = { step: 0, loss: NaN, gradientNorm: 2, learningRate: 0.1, imagesPerSecond: 9, seconds: 3 }
 * const line = encodeMetrics(metrics)
 * line // → '{"step":0,"loss":null,"gradientNorm":2,"learningRate":0.1,"imagesPerSecond":9,"seconds":3}'
 */
export const encodeMetrics = (metrics: Metrics): string => JSON.stringify(codec.encode(metricsOf.demand(metrics)));

/**
 * Decodes a line. An invalid line is a `DecodeError`; `where` names the line in the error.
 * @example
 * const line = decodeMetrics('metrics.jsonl')('{"step":0,"loss":"low"}')
 * isLeft(line) && line.left.where // → 'metrics.jsonl: loss'
 */
export const decodeMetrics =
  (where: string) =>
  (line: string): either.Either<NoisefoldError, Metrics> =>
    F.pipe(
      parseJson(line),
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
 * Decodes a whole log; `where` is its path. An invalid line is a `DecodeError` with the number of the line.
 * @example
 * const metrics = { step: 0, loss: 1, gradientNorm: 2, learningRate: 0.1, imagesPerSecond: 9, seconds: 3 }
 * const line = encodeMetrics(metrics)
 * const read = decodeMetricsLog('metrics.jsonl')
 * unwrap(read(`${line}\n`)).map(({ loss }) => loss) // → [1]
 * const wrong = read(`${line}\n{`)
 * isLeft(wrong) && wrong.left.where // → 'metrics.jsonl, line 2'
 */
export const decodeMetricsLog =
  (where: string) =>
  (text: string): either.Either<NoisefoldError, readonly Metrics[]> =>
    typeof text === 'string'
      ? F.pipe(
          text.replace(/\n$/, '').split('\n'),
          (lines) => (text === '' ? [] : lines),
          E.traverseArrayWithIndex((i, line) => decodeMetrics(`${where}, line ${i + 1}`)(line)),
        )
      : fail('ConfigError', {
          where,
          expected: 'the text of a log',
          actual: show(text),
          hint: 'decode bytes by new TextDecoder().decode(bytes)',
        });

/** Returns true for a valid line of a step before `step`. A run that resumes at that step keeps these lines. */
export const isLineBefore =
  (step: number) =>
  (line: string): boolean =>
    E.match(
      () => false,
      (metrics: Metrics) => metrics.step < step,
    )(decodeMetrics('')(line));
