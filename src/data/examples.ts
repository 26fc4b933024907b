/** Samples of a data set in the form that a step uses. */
import type { Conditions } from '../conditions/conditions.js';
import type { HostConditions } from '../conditions/hostValues.js';
import type { ConditionValues } from '../conditions/values.js';
import type { NoisefoldError, RandomKey, Resident } from '../dsl/index.js';
import type { Feed } from '../dsl/run/executable.js';
import { show } from '../internal/decode.js';
import { isEither } from '../internal/either.js';
import { isError, raise, showShape } from '../internal/errors.js';
import { E, type either, type taskEither } from '../internal/fp.js';
import { type Block, take } from '../internal/gen.js';
import { sizeOf } from '../internal/numbers.js';
import { type StopSignal, unlessStopped } from '../internal/stop.js';
import { type Columns, columnsOf, mapColumns } from './columns.js';
import { type Batch, type Dataset, type ImageSize, type Names, NO_CLASS } from './dataset.js';
import { type CheckImages, withinUnit } from './images.js';
import { genTask } from '../dsl/run/genEffect.js';

const HINT = 'write batch: (positions) => async () => right({ images, labels }), a Float32Array and an Int32Array';

/** Raises `ConfigError` for a value that is not a batch, from JavaScript. */
const noBatch = (where: string, actual: string, expected = '{ images, labels }', hint = HINT): never =>
  raise('ConfigError', { where: `${where}: batch`, expected, actual, hint });

/** Checks that the result of a task of `batch` is an Either. */
function* resultOf(where: string, value: unknown, signal: StopSignal | undefined): Block<unknown> {
  if (typeof value !== 'function') return noBatch(where, `${show(value)} in place of a task`);
  const answer: unknown = yield* take(unlessStopped(`${where}: batch`, Promise.resolve(value()), signal));
  const result = answer as either.Either<NoisefoldError | null, unknown>;
  if (!isEither(result)) return noBatch(where, `${show(result)} in place of a Left or a Right`);
  if (E.isRight(result)) return result.right;
  return isError(result.left)
    ? yield* take(E.left(result.left))
    : noBatch(where, `a Left of ${show(result.left)}, which is not an error: left(failure(…))`);
}

/** The images of a batch, and the values of its conditions. `labels` are short for the condition `label`. */
const batchOf = (where: string, value: unknown): Pick<Batch, 'images'> & { readonly conditions: HostConditions } => {
  const { images, labels, conditions = {} } = Object(value) as Partial<Batch>;
  if (!(images instanceof Float32Array)) return noBatch(where, `images as ${show(images)}`);
  if (labels === undefined) return { images, conditions };
  if (!(labels instanceof Int32Array)) return noBatch(where, `labels as ${show(labels)}`);
  if ('label' in conditions) return noBatch(where, 'both', 'labels, or conditions.label', 'leave one of them out');
  return {
    images,
    conditions: { ...conditions, label: Array.from(labels, (label) => (label === NO_CLASS ? null : label)) },
  };
};

/** Checks the conditions of a batch that a model takes; each image has a value, or null. */
const columnsFor = (
  conditions: Conditions,
  values: HostConditions,
  { where, names, image }: { readonly where: string; readonly names?: Names | undefined; readonly image: ImageSize },
  positions: Int32Array,
): Columns => {
  const missing = Object.keys(conditions).find((name) => values[name] === undefined);
  if (missing !== undefined)
    raise('ConfigError', {
      where: `${where}: conditions.${missing}`,
      expected: `a value of each image: the model is conditioned on ${missing}`,
      actual: `none: the data has ${Object.keys(values).join(', ') || 'no conditions'}`,
      hint:
        missing === 'label'
          ? 'give `labels` to the data, or make the model without label'
          : 'image' in conditions[missing]!
            ? `make it from the images, conditions: { ${missing}: superResolution({ factor: 2 }) }, or give \`conditions\` to the data`
            : `give \`conditions\` to the data, or make the model without ${missing}`,
    });
  const own = Object.fromEntries(Object.keys(conditions).map((name) => [name, values[name]!]));
  const columns = columnsOf(
    { where, names, numbersByNames: true, sampleAt: (at) => ` at ${positions[at]}` },
    conditions,
    own,
  );
  for (const [name, { count, value, t }] of Object.entries(columns)) {
    if (count !== positions.length)
      noBatch(
        where,
        `${count} of ${name}`,
        `a value of ${name} for each of ${positions.length} images`,
        'give null for none',
      );
    if (t !== undefined)
      raise('ConfigError', {
        where: `${where}: conditions.${name}`,
        expected: 'images without a noise level, which differs from step to step',
        actual: `t = ${t}`,
        hint: `make them from the samples: conditions: { ${name}: superResolution({ factor: 2 }) } in fit`,
      });
    if (!('image' in value)) continue;
    const [expected, actual] = [image, value.image!.shape.slice(1)].map((shape) => showShape(shape.slice(0, 2)));
    if (actual !== expected)
      raise('ConfigError', {
        where: `${where}: conditions.${name}`,
        expected: `images of ${expected!}, the height and the width of the data`,
        actual: actual!,
        hint: 'resize them first; only sample takes other sizes',
      });
  }
  return columns;
};

/**
 * The samples of a data set at some positions, changed at random if there is a key, with the values for some conditions. Fails with
 * `ConfigError` for an invalid batch or one of another size, and for a value that a model cannot take, and with the errors of
 * `check`. Fails with `Cancelled` if the signal is aborted while it waits for a batch.
 */
export const loaded = (
  conditions: Conditions,
  data: Pick<Dataset, 'batch' | 'image' | 'names'>,
  signal: StopSignal | undefined,
  where = 'data set',
  check: CheckImages<Float32Array> = withinUnit,
) => {
  const each = sizeOf(data.image);
  return (positions: Int32Array, key?: RandomKey): taskEither.TaskEither<NoisefoldError, Samples> =>
    genTask(`${where}: batch`, function* () {
      const { length } = positions;
      const { images, conditions: values } = batchOf(where, yield* resultOf(where, data.batch(positions, key), signal));
      if (images.length !== length * each) {
        const expected = `${length * each} numbers, for ${length} images ${showShape(data.image)}`;
        noBatch(where, `${images.length}`, expected, 'give images of the size of the data set');
      }
      const columns = columnsFor(conditions, values, { where, names: data.names, image: data.image }, positions);
      check(images, each, (at) => `${where}: image at ${positions[at]}`);
      return { images, columns };
    });
};

/** A checked batch, with the values of its conditions, and with noise from a coupling. */
export interface Samples extends Pick<Batch, 'images'> {
  readonly columns: Columns;
  readonly noise?: Float32Array;
}

/** Images with their conditions on the host, and the key for their random draws. */
export interface GivenExamples {
  readonly x0: Float32Array;
  readonly conditions: Feed<Resident<ConditionValues<'B'>>>;
  readonly noise?: Float32Array;
  readonly key: RandomKey;
}

/** The examples of a batch. */
export const givenOf = ({ images, columns, noise }: Samples, key: RandomKey): GivenExamples => ({
  x0: images,
  conditions: mapColumns(columns, ({ data }) => data) as GivenExamples['conditions'], // of the spec of the columns
  ...(noise === undefined ? {} : { noise }),
  key,
});
